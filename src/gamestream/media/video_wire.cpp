#include "gamestream/media/video_wire.hpp"

#include <algorithm>

namespace lumen::gamestream {
namespace {

constexpr std::byte kVersionAndReserved{0x90};
constexpr std::uint8_t kReservedBit = 0x10, kMultiBlock = 0x10;
constexpr std::size_t kPacketNumberOffset = 16, kFrameOffset = 20, kFlagsOffset = 24, kBlocksOffset = 27,
                      kFecInfoOffset = 28;
constexpr std::uint32_t kTenBits = 0x3FF;
constexpr std::uint8_t kFrameHeaderType = 1;

std::byte blocks_byte(const ShardHeader& header) {
  return static_cast<std::byte>((header.block & 3U) << 4U | (header.last_block & 3U) << 6U);
}

std::uint32_t fec_info(const ShardHeader& header) {
  return (header.data_shards & kTenBits) << 22U | (header.shard & kTenBits) << 12U |
         static_cast<std::uint32_t>(header.percent) << 4U;
}

void write_little(std::uint32_t value, MutableBytes out) { ByteWriter{out}.little(value); }

FrameType to_frame_type(std::uint8_t wire) {
  switch (const auto type = static_cast<FrameType>(wire)) {
    case FrameType::predicted:
    case FrameType::idr:
    case FrameType::intra_refreshed:
    case FrameType::after_invalidation:
      return type;
  }
  return FrameType::predicted;
}

}  // namespace

void write_parity_header(const ShardHeader& header, MutableBytes shard) {
  ByteWriter rtp{shard.first(kRtpBytes)};
  rtp.big(std::to_integer<std::uint8_t>(kVersionAndReserved));
  rtp.big(std::uint8_t{0});
  rtp.big(header.sequence);
  rtp.big(header.time.count());
  rtp.big(std::uint64_t{0});
  write_little(header.frame, shard.subspan(kFrameOffset));
  shard[kBlocksOffset] = blocks_byte(header);
  write_little(fec_info(header), shard.subspan(kFecInfoOffset));
}

void write_data_header(const ShardHeader& header, MutableBytes shard) {
  write_parity_header(header, shard);
  write_little(header.packet_number << 8U, shard.subspan(kPacketNumberOffset));
  ByteWriter flags{shard.subspan(kFlagsOffset, 3)};
  flags.big(header.flags);
  flags.big(static_cast<std::uint8_t>(header.long_term_reference ? 1 : 0));
  flags.big(kMultiBlock);
}

std::optional<ParsedShard> parse_shard(ByteView shard) {
  ByteReader reader{shard};
  ParsedShard parsed;
  auto& header = parsed.header;
  const auto form = reader.big<std::uint8_t>();
  reader.take(1);
  header.sequence = reader.big<std::uint16_t>();
  header.time = RtpTicks{reader.big<std::uint32_t>()};
  reader.take((form & kReservedBit) != 0 ? 8 : 4);
  header.packet_number = reader.little<std::uint32_t>() >> 8U;
  header.frame = reader.little<std::uint32_t>();
  header.flags = reader.big<std::uint8_t>();
  header.long_term_reference = (reader.big<std::uint8_t>() & 1U) != 0;
  reader.take(1);
  const auto blocks = reader.big<std::uint8_t>();
  header.block = blocks >> 4U & 3U;
  header.last_block = blocks >> 6U & 3U;
  const auto info = reader.little<std::uint32_t>();
  header.data_shards = static_cast<std::uint16_t>(info >> 22U & kTenBits);
  header.shard = static_cast<std::uint16_t>(info >> 12U & kTenBits);
  header.percent = static_cast<std::uint8_t>(info >> 4U);
  if (!reader.ok()) return std::nullopt;
  parsed.header_bytes = shard.size() - reader.remaining();
  return parsed;
}

void write_frame_header(const FrameHeader& header, MutableBytes out) {
  ByteWriter writer{out.first(kFrameHeaderBytes)};
  writer.big(kFrameHeaderType);
  writer.little(header.host_latency);
  writer.big(static_cast<std::uint8_t>(header.type));
  writer.little(header.last_payload_bytes);
  writer.big(std::uint16_t{0});
}

std::optional<FrameHeader> parse_frame_header(ByteView payload) {
  ByteReader reader{payload};
  FrameHeader header;
  reader.take(1);
  header.host_latency = reader.little<std::uint16_t>();
  header.type = to_frame_type(reader.big<std::uint8_t>());
  header.last_payload_bytes = reader.little<std::uint16_t>();
  reader.take(2);
  if (!reader.ok()) return std::nullopt;
  return header;
}

void write_seal(const Seal& seal, MutableBytes out) {
  ByteWriter writer{out.first(kSealTagOffset)};
  writer.put(seal.nonce);
  writer.little(seal.frame);
}

std::optional<Seal> parse_seal(ByteView datagram) {
  if (datagram.size() < kSealBytes) return std::nullopt;
  Seal seal;
  ByteReader reader{datagram};
  std::ranges::copy(reader.take(seal.nonce.size()), seal.nonce.begin());
  seal.frame = reader.little<std::uint32_t>();
  return seal;
}

RtpTicks rtp_time(Timestamp presented, Timestamp epoch) {
  constexpr std::int64_t kTicksPerSecond = 90'000, kNsPerNineTicks = 100'000;
  const auto elapsed = (presented - epoch).count();
  const auto half = elapsed < 0 ? -kNsPerNineTicks / 2 : kNsPerNineTicks / 2;
  // Whole nines of ticks first: the product with nine of a far time would not fit.
  const auto ticks = elapsed / kNsPerNineTicks * 9 + (elapsed % kNsPerNineTicks * 9 + half) / kNsPerNineTicks;
  const auto wire = static_cast<std::uint32_t>(ticks + kTicksPerSecond);
  return RtpTicks{wire == 0 ? 1 : wire};
}

}  // namespace lumen::gamestream
