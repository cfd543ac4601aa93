// lumen/fec: how shards are cut into strips. Included like kernel_transform.hpp, before it.
//
// The last strip overlaps the one before it instead of leaving a tail, and is done first. What is computed is
// a pure function of the inputs, byte by byte, so doing some twice is harmless.
//
// In GF(2¹⁶) each 64 bytes hold the low bytes of 32 symbols, then their high bytes; the last t < 64 bytes are
// t/2 and t/2. A tail's symbols are taken as the upper lanes of two vectors of 32 bytes, of which the one
// with the high bytes ends where the shard ends. Storing both, the high ones first, spoils only what lies in
// front of the tail, and that is written afterwards.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"

namespace lumen::fec {
namespace {

inline constexpr std::size_t kGroup = 64, kHalf = 32;  // bytes of 32 symbols of GF(2¹⁶), and of their halves

// A shard shorter than a strip goes through a buffer of this size.
using SmallShard = std::array<std::byte, 128>;

[[gnu::noinline]] SmallShard load_small8(const std::byte* shard, std::size_t bytes) {
  SmallShard buffer{};
  std::memcpy(buffer.data(), shard, bytes);
  return buffer;
}

[[gnu::noinline]] void store_small8(std::byte* shard, std::size_t bytes, const SmallShard& buffer) {
  std::memcpy(shard, buffer.data(), bytes);
}

[[gnu::noinline]] SmallShard load_small16(const std::byte* shard, std::size_t bytes) {
  SmallShard buffer{};
  std::memcpy(buffer.data(), shard, bytes / 2);
  std::memcpy(buffer.data() + kHalf, shard + bytes / 2, bytes / 2);
  return buffer;
}

[[gnu::noinline]] void store_small16(std::byte* shard, std::size_t bytes, const SmallShard& buffer) {
  std::memcpy(shard, buffer.data(), bytes / 2);
  std::memcpy(shard + bytes / 2, buffer.data() + kHalf, bytes / 2);
}

struct ByteStrip {
  std::size_t at = 0;
  std::size_t small_bytes = 0;  // of a shard shorter than a strip
};

template <std::size_t kStrip>
class ByteStrips {
 public:
  explicit ByteStrips(std::size_t shard_bytes) : bytes_{shard_bytes} {}
  std::size_t count() const { return (bytes_ + kStrip - 1) / kStrip; }
  ByteStrip at(std::size_t i) const {
    if (bytes_ < kStrip) return {0, bytes_};
    return {i == 0 ? bytes_ - kStrip : (i - 1) * kStrip, 0};
  }

 private:
  std::size_t bytes_;
};

struct SymbolStrip {
  std::size_t low = 0, high = 0;
  std::size_t small_bytes = 0;
};

// Groups of a shard and where their halves lie, as vectors of kHalf bytes.
class Groups {
 public:
  explicit Groups(std::size_t shard_bytes) : bytes_{shard_bytes} {}
  std::size_t count() const { return (bytes_ + kGroup - 1) / kGroup; }
  std::size_t small_bytes() const { return bytes_ < kGroup ? bytes_ : 0; }
  SymbolStrip at(std::size_t group) const {
    const auto begin = group * kGroup;
    const auto bytes = std::min(kGroup, bytes_ - begin);
    return {begin + bytes / 2 - kHalf, begin + bytes - kHalf, 0};
  }

 private:
  std::size_t bytes_;
};

// Strips of `kWidth` symbols, at most one group.
template <std::size_t kWidth>
class SymbolStrips {
 public:
  explicit SymbolStrips(std::size_t shard_bytes) : groups_{shard_bytes} {}
  std::size_t count() const { return groups_.count() * kParts; }
  SymbolStrip at(std::size_t i) const {
    const auto part = i % kParts * kWidth;
    if (const auto small = groups_.small_bytes(); small > 0) return {part, kHalf + part, small};
    const auto group = i < kParts ? groups_.count() - 1 : i / kParts - 1;
    const auto strip = groups_.at(group);
    return {strip.low + part, strip.high + part, 0};
  }

 private:
  static constexpr std::size_t kParts = kHalf / kWidth;
  Groups groups_;
};

}  // namespace
}  // namespace lumen::fec

#pragma GCC diagnostic pop
