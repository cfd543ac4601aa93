// Frames, bytes and keys for the tests of lumen/lumen1.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

#include "lumen1/handshake.hpp"
#include "lumen1/packetizer.hpp"
#include "lumen1/reassembler.hpp"

namespace lumen::lumen1 {

struct SealerProbe {
  // As if this epoch began with packet `number`.
  static void set_next(Sealer& sealer, std::uint64_t number) { sealer.epoch_begin_ = sealer.next_ = number; }
  // As if `packets` of this epoch had been sealed.
  static void age(Sealer& sealer, std::uint64_t packets) { sealer.next_ = sealer.epoch_begin_ + packets; }
};
struct OpenerProbe {
  static bool knows_previous_key(const Opener& opener) { return opener.previous_known_; }
  static void set_forged(Opener& opener, std::uint64_t forged) { opener.forged_ = forged; }
};

}  // namespace lumen::lumen1

namespace lumen::lumen1::test {

using Buffer = std::vector<std::byte>;

// "01 ff": what is not a hexadecimal digit is skipped.
inline Buffer from_hex(std::string_view text) {
  const auto value = [](char c) { return std::string_view{"0123456789abcdef"}.find(c); };
  Buffer bytes;
  std::size_t digits = 0;
  for (const char c : text) {
    const auto digit = value(c);
    if (digit == std::string_view::npos) continue;
    if (digits++ % 2 == 0)
      bytes.push_back(static_cast<std::byte>(digit << 4U));
    else
      bytes.back() |= static_cast<std::byte>(digit);
  }
  return bytes;
}

// 00 01 02 … from `first` on.
template <class Array>
Array counting(std::uint8_t first = 0) {
  Array array{};
  for (auto& byte : array) byte = std::byte{first++};
  return array;
}

inline Buffer noise(std::size_t bytes, std::uint32_t seed) {
  std::mt19937 random{seed};
  Buffer noise(bytes);
  for (auto& byte : noise) byte = static_cast<std::byte>(random());
  return noise;
}

inline Timestamp at_ms(std::int64_t ms) { return Timestamp{std::chrono::milliseconds{ms}}; }

inline AccessUnitView unit_of(ByteView bytes, std::uint64_t id, PictureKind kind = PictureKind::delta) {
  return {.id = FrameId{id}, .kind = kind, .width = 1920, .height = 1080, .bytes = bytes};
}

// The bodies of a frame's datagrams, as they are before sealing and after opening.
struct Bodies {
  std::vector<Buffer> body;  // data before parity
  std::size_t data = 0;
  ShardHeader header(std::size_t i) const { return *decode_shard_header(body[i]); }
};

inline Bodies bodies_of(const PackedFrame& frame) {
  Bodies bodies;
  bodies.data = frame.data_datagrams;
  for (std::size_t i = 0; i < frame.datagrams; ++i) {
    const auto datagram = frame.datagram(i);
    bodies.body.emplace_back(datagram.begin() + kClearHeaderBytes, datagram.end() - kTagBytes);
  }
  return bodies;
}

// Tables of the codes are large: one of them serves all tests.
inline const fec::Leopard& codec() {
  static const fec::Leopard codec;
  return codec;
}

inline Bodies pack(ByteView bytes, std::uint64_t id, std::size_t max_shard_bytes = kMaxShardBytes,
                   const ParityControl& parity = ParityControl{}) {
  VideoPacketizer packetizer{codec(), max_shard_bytes};
  return bodies_of(packetizer.pack(unit_of(bytes, id), parity).value());
}

inline DirectionKeys keys(crypto::AeadAlgorithm cipher = crypto::AeadAlgorithm::aes_128_gcm) {
  return {.cipher = cipher, .secret = counting<TrafficSecret>()};
}

}  // namespace lumen::lumen1::test
