// lumen/link: a ring of fixed slots in shared memory with an eventfd as doorbell, one producer process and
// one consumer process. SharedRing and AudioRing give it meaning. Private to lumen/link.
//
// The memory is a memfd sealed against resizing by its creator (the host), so that the other process cannot
// make an access fault. Neither side trusts the other: each keeps its own index to itself and publishes a
// copy, metadata is copied once before it is looked at, every length is checked. The bytes of a slot stay
// where the producer could still write them: whoever reads them must not take a decision from them twice.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/wire.hpp"

namespace lumen::link {

// The same at both ends, or attach() fails.
struct RingShape {
  std::uint32_t magic = 0, version = 0;
  std::uint32_t slots = 0, slot_bytes = 0;
  std::uint32_t words = 0;  // 64-bit words of metadata per slot, at most kMaxRingWords
};
inline constexpr std::size_t kMaxRingWords = 8;

// What the producer says of a slot, copied once, and where the slot's bytes begin.
struct RingSlot {
  std::array<std::uint64_t, kMaxRingWords> words{};
  const std::byte* bytes = nullptr;
};

class SlotRing {
 public:
  static Result<SlotRing> create(const RingShape& shape);
  // `link.ring` when the descriptors are no such ring.
  static Result<SlotRing> attach(const RingShape& shape, UniqueFd memory, UniqueFd doorbell);
  SlotRing(SlotRing&& other) noexcept;
  SlotRing& operator=(SlotRing&& other) noexcept;
  SlotRing(const SlotRing&) = delete;
  SlotRing& operator=(const SlotRing&) = delete;
  ~SlotRing();

  // Producer thread only. False when full, or when `bytes` are none or more than a slot takes. `words` are as
  // many as the shape says.
  [[nodiscard]] bool try_push(ByteView bytes, std::span<const std::uint64_t> words);

  // Consumer thread only. What `load` makes of the oldest slot for which it returns something, lent until
  // release(); slots for which it returns nullopt are skipped and counted.
  template <class Load>
  std::invoke_result_t<Load, const RingSlot&> peek(const Load& load) {
    for (auto left = waiting(); left > 0; --left) {
      const auto view = load(oldest());
      peeked_ = view.has_value();
      if (view) return view;
      ++invalid_;
      advance_tail(1);
    }
    return std::nullopt;
  }
  void release();
  std::uint64_t invalid() const { return invalid_; }

  int memory_fd() const { return memory_.get(); }
  int doorbell_fd() const { return doorbell_.get(); }
  void ring() const;
  void drain_doorbell() const;

 private:
  struct Shared;
  SlotRing(const RingShape& shape, UniqueFd memory, UniqueFd doorbell, Shared* shared);
  std::uint64_t waiting();
  RingSlot oldest() const;
  void unmap() noexcept;
  void advance_tail(std::uint64_t count);
  std::byte* slot(std::uint64_t index) const;

  RingShape shape_;
  UniqueFd memory_, doorbell_;
  Shared* shared_ = nullptr;
  std::uint64_t head_ = 0;     // producer thread: slots pushed
  std::uint64_t tail_ = 0;     // consumer thread: slots released
  bool peeked_ = false;        // consumer thread: tail_ is lent
  std::uint64_t invalid_ = 0;  // consumer thread
};

}  // namespace lumen::link
