// gamestream/media: the bytes of a video datagram (GameStream part 2, sections 4, 6.1 and 8). Values and
// their bytes; no state.
//
//   datagram = [seal: 32 bytes] shard
//   shard    = RTP header (12) · reserved (4) · NV header (16) · payload (packet size − 16)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/units.hpp"
#include "base/wire.hpp"

namespace lumen::gamestream {

enum class VideoFormat : std::uint8_t { h264, hevc, av1 };

// The numbers of the frame header.
enum class FrameType : std::uint8_t {
  predicted = 1,
  idr = 2,
  intra_refreshed = 4,     // a recovery point of intra refresh
  after_invalidation = 5,  // the first one that uses none of the references a client called lost
};

inline constexpr std::size_t kRtpBytes = 16;  // with the reserved word
inline constexpr std::size_t kNvHeaderBytes = 16, kShardHeaderBytes = kRtpBytes + kNvHeaderBytes;
inline constexpr std::size_t kFrameHeaderBytes = 8;
inline constexpr std::size_t kSealBytes = 32;
inline constexpr std::size_t kMaxBlocks = 4, kMaxBlockShards = 255, kMaxBlockDataShards = 1023;

// Bits of ShardHeader::flags. Begin and end are of a block, not of a frame.
inline constexpr std::uint8_t kPicture = 1, kBlockEnd = 2, kBlockBegin = 4;

struct ShardHeader {
  std::uint16_t sequence = 0;        // RTP
  RtpTicks time{};                   // 90 kHz, of the frame
  std::uint32_t packet_number = 0;   // 24 bits; counts as the sequence does. Data shards only
  std::uint32_t frame = 0;           // the first is 1
  std::uint8_t flags = 0;            // data shards only
  bool long_term_reference = false;  // data shards only
  std::uint8_t block = 0, last_block = 0;
  std::uint16_t data_shards = 0, shard = 0;  // of the block; 10 bits
  std::uint8_t percent = 0;                  // of parity, rounded up to whole shards
  bool operator==(const ShardHeader&) const = default;
};

// Both write the first kShardHeaderBytes of `shard`. In a parity shard the bytes that the code has covered
// (packet number, flags) stay as they are.
void write_data_header(const ShardHeader& header, MutableBytes shard);
void write_parity_header(const ShardHeader& header, MutableBytes shard);
// Reads both header forms: without bit 0x10 of its first byte the NV header follows the 12 bytes of RTP.
struct ParsedShard {
  ShardHeader header;
  std::size_t header_bytes = 0;  // before the payload
};
std::optional<ParsedShard> parse_shard(ByteView shard);

// Parity shards of a block, as both ends must compute it.
constexpr std::size_t parity_shards(std::size_t data_shards, std::size_t percent) {
  return (data_shards * percent + 99) / 100;
}

// In front of the access unit, in the first shard of the first block.
struct FrameHeader {
  std::uint16_t host_latency = 0;  // 1/10 ms; 0: unknown
  FrameType type = FrameType::predicted;
  std::uint16_t last_payload_bytes = 0;  // used in the frame's last data shard, this header included
  bool operator==(const FrameHeader&) const = default;
};
void write_frame_header(const FrameHeader& header, MutableBytes out);
// An unknown type is taken for `predicted`, as stock clients do.
std::optional<FrameHeader> parse_frame_header(ByteView payload);
// Of a frame whose access unit has so many bytes.
constexpr std::size_t last_payload_bytes(std::size_t unit_bytes, std::size_t payload_bytes) {
  return (kFrameHeaderBytes + unit_bytes - 1) % payload_bytes + 1;
}

// Before an encrypted shard: IV (12) · frame number in clear text (4) · tag (16).
struct Seal {
  std::array<std::byte, 12> nonce{};
  std::uint32_t frame = 0;  // unauthenticated; 0: not told
};
void write_seal(const Seal& seal, MutableBytes out);  // not the tag
std::optional<Seal> parse_seal(ByteView datagram);
inline constexpr std::size_t kSealTagOffset = 16;

// Never zero, which means "not told": begins with one second.
RtpTicks rtp_time(Timestamp presented, Timestamp epoch);

}  // namespace lumen::gamestream
