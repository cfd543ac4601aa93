#include "lumen1/wire.hpp"

#include "media/mode.hpp"

namespace lumen::lumen1 {
namespace {

constexpr std::size_t kMaxPointsOfGf8 = 256;
constexpr auto kLastCode = static_cast<std::uint8_t>(fec::LeopardField::gf16);

bool is_known(std::uint8_t kind) {
  return kind >= static_cast<std::uint8_t>(Kind::hello) &&
         kind <= static_cast<std::uint8_t>(Kind::microphone);
}

bool has_valid_sizes(const ShardHeader& header) {
  return header.frame_bytes > kFrameHeaderBytes && header.frame_bytes <= kMaxFrameBytes &&
         header.shard_bytes >= 1 && header.shard_bytes <= kMaxShardBytes;
}

bool has_valid_code(const ShardHeader& header, std::size_t data_shards) {
  if (!header.code) return header.parity_shards == 0;
  if (header.parity_shards == 0) return false;
  const auto points = fec::leopard_points(data_shards, header.parity_shards);
  if (*header.code == fec::LeopardField::gf8) return points <= kMaxPointsOfGf8;
  return points <= fec::kLeopardMaxPoints && header.shard_bytes % 2 == 0;
}

bool has_valid_shards(const ShardHeader& header) {
  const auto data_shards = data_shards_of(header);
  const auto shards = data_shards + header.parity_shards;
  return shards <= kMaxFrameShards && header.shard < shards && has_valid_code(header, data_shards);
}

bool is_valid_side(std::uint16_t pixels) { return pixels >= 1 && pixels <= kMaxModeSize; }

}  // namespace

std::optional<ClearHeader> decode_clear_header(ByteView datagram) {
  ByteReader reader{datagram};
  const auto kind = reader.little<std::uint8_t>();
  ClearHeader header;
  header.session = reader.little<std::uint8_t>();
  header.epoch = reader.little<std::uint8_t>();
  const auto zero_3 = reader.little<std::uint8_t>();
  header.packet_number = reader.little<std::uint64_t>();
  if (!reader.ok() || !is_known(kind) || zero_3 != 0) return std::nullopt;
  header.kind = static_cast<Kind>(kind);
  return header;
}

void encode(const ClearHeader& header, MutableBytes out) {
  ByteWriter writer{out};
  writer.little(static_cast<std::uint8_t>(header.kind));
  writer.little(header.session);
  writer.little(header.epoch);
  writer.little(std::uint8_t{0});
  writer.little(header.packet_number);
}

std::optional<ShardHeader> decode_shard_header(ByteView body) {
  ByteReader reader{body};
  ShardHeader header;
  header.frame = reader.little<std::uint32_t>();
  header.frame_bytes = reader.little<std::uint32_t>();
  header.shard_bytes = reader.little<std::uint16_t>();
  header.shard = reader.little<std::uint16_t>();
  header.parity_shards = reader.little<std::uint16_t>();
  const auto code = reader.little<std::uint8_t>();
  const auto zero_15 = reader.little<std::uint8_t>();
  header.age_us = reader.little<std::uint32_t>();
  header.sent_us = reader.little<std::uint32_t>();
  if (!reader.ok() || zero_15 != 0 || code > kLastCode) return std::nullopt;
  if (code != 0) header.code = static_cast<fec::LeopardField>(code);
  if (!has_valid_sizes(header) || !has_valid_shards(header)) return std::nullopt;
  if (reader.remaining() != header.shard_bytes) return std::nullopt;
  return header;
}

void encode(const ShardHeader& header, MutableBytes out) {
  ByteWriter writer{out};
  writer.little(header.frame);
  writer.little(header.frame_bytes);
  writer.little(header.shard_bytes);
  writer.little(header.shard);
  writer.little(header.parity_shards);
  writer.little(header.code ? static_cast<std::uint8_t>(*header.code) : std::uint8_t{0});
  writer.little(std::uint8_t{0});
  writer.little(header.age_us);
  writer.little(header.sent_us);
}

void encode_times(std::uint32_t age_us, std::uint32_t sent_us, MutableBytes shard_header) {
  ByteWriter writer{shard_header.subspan(kShardAgeOffset)};
  writer.little(age_us);
  writer.little(sent_us);
}

std::uint32_t wire_clock_us(Timestamp time) { return static_cast<std::uint32_t>(to_ns(time) / 1000); }

std::optional<FrameHeader> decode_frame_header(ByteView frame) {
  ByteReader reader{frame};
  const auto codec = reader.little<std::uint8_t>();
  const auto kind = reader.little<std::uint8_t>();
  FrameHeader header;
  header.width = reader.little<std::uint16_t>();
  header.height = reader.little<std::uint16_t>();
  const auto zero_6 = reader.little<std::uint16_t>();
  header.capture_us = reader.little<std::uint32_t>();
  header.encode_us = reader.little<std::uint32_t>();
  const auto zero_16 = reader.little<std::uint64_t>();
  if (!reader.ok() || zero_6 != 0 || zero_16 != 0) return std::nullopt;
  if (codec != static_cast<std::uint8_t>(Codec::h264)) return std::nullopt;
  if (kind > static_cast<std::uint8_t>(PictureKind::idr)) return std::nullopt;
  if (!is_valid_side(header.width) || !is_valid_side(header.height)) return std::nullopt;
  header.codec = static_cast<Codec>(codec);
  header.kind = static_cast<PictureKind>(kind);
  return header;
}

void encode(const FrameHeader& header, MutableBytes out) {
  ByteWriter writer{out};
  writer.little(static_cast<std::uint8_t>(header.codec));
  writer.little(static_cast<std::uint8_t>(header.kind));
  writer.little(header.width);
  writer.little(header.height);
  writer.little(std::uint16_t{0});
  writer.little(header.capture_us);
  writer.little(header.encode_us);
  writer.little(std::uint64_t{0});
}

}  // namespace lumen::lumen1
