// lumen/link: access units from the session process to the host, through shared memory, woken by eventfd.
//
// Four slots of kSlotBytes. Full means the producer drops and asks itself for an IDR; it never waits. What
// either side may rely on when the other is hostile: slot_ring.hpp.
#pragma once

#include <cstdint>
#include <optional>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "link/slot_ring.hpp"
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

  // Producer thread only. Copies the unit in and rings. False when full, or when the unit is empty or larger
  // than a slot.
  [[nodiscard]] bool try_push(const AccessUnitView& unit);
  // Consumer thread only. The view is valid until release(), which does nothing without one. nullopt: empty.
  // A slot that makes no sense is skipped and counted.
  std::optional<AccessUnitView> peek();
  void release() { slots_.release(); }
  std::uint64_t invalid() const { return slots_.invalid(); }

  int memory_fd() const { return slots_.memory_fd(); }
  int doorbell_fd() const { return slots_.doorbell_fd(); }  // eventfd, non-blocking
  void ring() const { slots_.ring(); }  // wakes the consumer without a unit (for stopping)
  void drain_doorbell() const { slots_.drain_doorbell(); }

 private:
  explicit SharedRing(SlotRing slots) : slots_{std::move(slots)} {}

  SlotRing slots_;
};

}  // namespace lumen::link
