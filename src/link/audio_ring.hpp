// lumen/link: Opus packets from the session process to the host, through shared memory, woken by eventfd.
//
// A few small slots. Full means the producer drops the newest packet, because the host has not looked for
// kAudioSlots packets and what it would play then is late anyway. What either side may rely on when the other
// is hostile: slot_ring.hpp.
#pragma once

#include <cstdint>
#include <optional>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "link/slot_ring.hpp"
#include "media/audio.hpp"

namespace lumen::link {

inline constexpr std::size_t kAudioSlots = 16, kAudioSlotBytes = 4096;

class AudioRing {
 public:
  // Host side: makes memory and doorbell.
  static Result<AudioRing> create();
  // Session side: from the descriptors it was sent. `link.ring` when they are not such a ring.
  static Result<AudioRing> attach(UniqueFd memory, UniqueFd doorbell);

  // Producer thread only. Copies the packet in and rings. False when full, or when the packet is empty or
  // larger than a slot.
  [[nodiscard]] bool try_push(const AudioPacketView& packet);
  // Consumer thread only. The view is valid until release(), which does nothing without one. nullopt: empty.
  // A slot that makes no sense is skipped and counted. The bytes may still change under the reader.
  std::optional<AudioPacketView> peek();
  void release() { slots_.release(); }
  std::uint64_t invalid() const { return slots_.invalid(); }

  int memory_fd() const { return slots_.memory_fd(); }
  int doorbell_fd() const { return slots_.doorbell_fd(); }  // eventfd, non-blocking
  void ring() const { slots_.ring(); }  // wakes the consumer without a packet (for stopping)
  void drain_doorbell() const { slots_.drain_doorbell(); }

 private:
  explicit AudioRing(SlotRing slots) : slots_{std::move(slots)} {}

  SlotRing slots_;
};

}  // namespace lumen::link
