// lumen/lumen1: the bytes of the media datagrams. docs/protocol/lumen1.md has the drawings.
//
// datagram = clear header (12) | sealed body | tag (16).  Little endian throughout.
//   0  u8  kind          0x04…0x0F: never a QUIC packet on a shared socket (its bit 0x40 is always set)
//   1  u8  session       which of the host's sessions, so that the key is known before anything else
//   2  u8  epoch         how often the key was changed, low 8 bits
//   3  u8  zero
//   4  u64 packet number goes on from epoch to epoch and never repeats; the nonce is the epoch's IV XOR it
// The clear header is the associated data. The handshake kinds carry 16 or 32 random bytes more in clear.
#pragma once

#include <cstdint>
#include <optional>

#include "base/wire.hpp"
#include "fec/leopard.hpp"
#include "media/frames.hpp"

namespace lumen::lumen1 {

enum class Kind : std::uint8_t {
  hello = 0x04,           // client → host, keyed by the shared secret and the client's random
  welcome = 0x05,         // host → client, keyed by both randoms
  video = 0x06,           // host → client
  host_message = 0x07,    // host → client
  client_message = 0x08,  // client → host
  sound = 0x09,           // host → client, keyed and numbered apart
  microphone = 0x0A,      // client → host, keyed and numbered apart
};

inline constexpr std::size_t kClearHeaderBytes = 12, kTagBytes = 16;
inline constexpr std::size_t kShardHeaderBytes = 24, kFrameHeaderBytes = 24;
inline constexpr std::size_t kMaxDatagramBytes = 1444;  // IPv6 over Ethernet has room for 1452
inline constexpr std::size_t kShardAlignment = 16;      // equal work for SIMD kernels and AES
inline constexpr std::size_t kMaxShardBytes =
    (kMaxDatagramBytes - kClearHeaderBytes - kShardHeaderBytes - kTagBytes) / kShardAlignment *
    kShardAlignment;                                       // 1392
inline constexpr std::size_t kMaxFrameShards = 65535;      // data and parity
inline constexpr std::size_t kMaxFrameBytes = 64U << 20U;  // a larger frame is refused at both ends
inline constexpr std::size_t kMaxRepeatedFrameBytes = 512U
                                                      << 10U;  // shards of a larger one are never sent again

struct ClearHeader {
  Kind kind{};
  std::uint8_t session = 0, epoch = 0;
  std::uint64_t packet_number = 0;
};
std::optional<ClearHeader> decode_clear_header(ByteView datagram);  // nullopt: not ours
void encode(const ClearHeader& header, MutableBytes out);           // out: kClearHeaderBytes

// First bytes of a video body; then `shard_bytes` of shard.
//   0 u32 frame (low 32 bits) | 4 u32 frame_bytes | 8 u16 shard_bytes | 10 u16 shard (data first)
//  12 u16 parity_shards | 14 u8 code (0 none, 1 Leopard GF(2⁸), 2 Leopard GF(2¹⁶)) | 15 u8 zero
//  16 u32 age_us: presented → sent | 20 u32 sent_us: the host's steady clock, low 32 bits
// frame_bytes = kFrameHeaderBytes + access unit. A frame is one block of the code; its last data shard is
// padded with zeros.
struct ShardHeader {
  std::uint32_t frame = 0, frame_bytes = 0;
  std::uint16_t shard_bytes = 0, shard = 0, parity_shards = 0;
  std::optional<fec::LeopardField> code;  // nullopt exactly when there is no parity
  std::uint32_t age_us = 0, sent_us = 0;
};
// Complete and consistent (sizes, counts, a code that can be, zeros zero, shard_bytes follow), or nullopt.
std::optional<ShardHeader> decode_shard_header(ByteView body);
void encode(const ShardHeader& header, MutableBytes out);
// Overwrites age and time in an encoded header: they are known only when the datagram is sealed.
inline constexpr std::size_t kShardAgeOffset = 16;
void encode_times(std::uint32_t age_us, std::uint32_t sent_us, MutableBytes shard_header);
// The clock of sent_us, which wraps around after 71 minutes.
std::uint32_t wire_clock_us(Timestamp time);

// First bytes of a frame, under FEC.
//   0 u8 codec | 1 u8 kind | 2 u16 width | 4 u16 height | 6 u16 zero | 8 u32 capture_us | 12 u32 encode_us
//  16 u64 zero
struct FrameHeader {
  Codec codec = Codec::h264;
  PictureKind kind = PictureKind::delta;
  std::uint16_t width = 0, height = 0;
  std::uint32_t capture_us = 0, encode_us = 0;  // presented→captured→encode end
};
// Sides are 1…8192. nullopt: short, unknown codec or kind, sides out of range, zeros not zero.
std::optional<FrameHeader> decode_frame_header(ByteView frame);
void encode(const FrameHeader& header, MutableBytes out);

constexpr std::size_t data_shards_of(const ShardHeader& header) {
  return (std::size_t{header.frame_bytes} + header.shard_bytes - 1) / header.shard_bytes;
}

}  // namespace lumen::lumen1
