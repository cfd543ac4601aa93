// lumen/link: access units from the session process to the host, through shared memory, woken by eventfd.
//
// Four slots of kSlotBytes in one memfd, sealed against resizing by its creator (the host), so that the other
// process cannot make an access fault. Full means the producer drops and asks itself for an IDR; it never
// waits. Neither side trusts the other: each keeps its own index to itself and publishes a copy, metadata is
// copied once before it is looked at, every length is checked. The bytes of a unit stay where the producer
// could still write them: whoever reads them must not take a decision from them twice.
#pragma once

#include <cstdint>
#include <optional>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "media/frames.hpp"

namespace lumen::link {

inline constexpr std::size_t kSlots = 4,
                             kSlotBytes = 8U << 20U;  // address space; only touched pages cost memory

class SharedRing {
 public:
  // Host side: makes memory and doorbell.
  static Result<SharedRing> create();
  // Session side: from the descriptors it was sent. `link.ring` when they are not such a ring.
  static Result<SharedRing> attach(UniqueFd memory, UniqueFd doorbell);
  SharedRing(SharedRing&&) noexcept;
  SharedRing& operator=(SharedRing&&) noexcept;
  SharedRing(const SharedRing&) = delete;
  SharedRing& operator=(const SharedRing&) = delete;
  ~SharedRing();

  // Producer thread only. Copies the unit in and rings. False when full, or when the unit is empty or larger
  // than a slot.
  [[nodiscard]] bool try_push(const AccessUnitView& unit);
  // Consumer thread only. The view is valid until release(), which does nothing without one. nullopt: empty.
  // A slot that makes no sense is skipped and counted.
  std::optional<AccessUnitView> peek();
  void release();
  std::uint64_t invalid() const { return invalid_; }

  int memory_fd() const { return memory_.get(); }
  int doorbell_fd() const { return doorbell_.get(); }  // eventfd, non-blocking
  void ring() const;                                   // wakes the consumer without a unit (for stopping)
  void drain_doorbell() const;

 private:
  struct Shared;
  SharedRing(UniqueFd memory, UniqueFd doorbell, Shared* shared);
  void unmap() noexcept;
  void advance_tail(std::uint64_t count);
  std::byte* slot(std::uint64_t index) const;

  UniqueFd memory_, doorbell_;
  Shared* shared_ = nullptr;
  std::uint64_t head_ = 0;     // producer thread: units pushed
  std::uint64_t tail_ = 0;     // consumer thread: units released
  bool peeked_ = false;        // consumer thread: tail_ is lent
  std::uint64_t invalid_ = 0;  // consumer thread
};

}  // namespace lumen::link
