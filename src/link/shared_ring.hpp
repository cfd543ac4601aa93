// lumen/link: access units from the session process to the host, through shared memory, woken by eventfd.
//
// Four slots of kSlotBytes in one memfd, sealed against resizing by its creator (the host), so that the other
// process cannot make an access fault. Full means the producer drops and asks itself for an IDR; it never
// waits. The consumer trusts nothing: every length is checked, metadata is copied once before it is looked at.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "media/frames.hpp"

namespace lumen::link {

inline constexpr std::size_t kSlots = 4, kSlotBytes = 8U << 20U;  // address space; only touched pages cost memory

class SharedRing {
 public:
  // Host side: makes memory and doorbell.
  static Result<SharedRing> create();
  // Session side: from the descriptors it was sent. `link.ring` when they are not such a ring.
  static Result<SharedRing> attach(UniqueFd memory, UniqueFd doorbell);
  SharedRing(SharedRing&&) noexcept;
  SharedRing& operator=(SharedRing&&) noexcept;
  ~SharedRing();

  // Producer thread only. Copies the unit in and rings. False when full or larger than a slot.
  [[nodiscard]] bool try_push(const AccessUnitView& unit);
  // Consumer thread only. The view is valid until release(). nullopt: empty. A slot that makes no sense is
  // skipped and counted.
  std::optional<AccessUnitView> peek();
  void release();
  std::uint64_t invalid() const { return invalid_; }

  int memory_fd() const { return memory_.get(); }
  int doorbell_fd() const { return doorbell_.get(); }  // eventfd, non-blocking
  void ring() const;  // wakes the consumer without a unit (for stopping)
  void drain_doorbell() const;

 private:
  struct Shared;
  SharedRing(UniqueFd memory, UniqueFd doorbell, Shared* shared);
  UniqueFd memory_, doorbell_;
  Shared* shared_ = nullptr;
  std::uint64_t invalid_ = 0;
};

}  // namespace lumen::link
