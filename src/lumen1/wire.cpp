#include "lumen1/wire.hpp"

#include "media/mode.hpp"

namespace lumen::lumen1 {
namespace {

constexpr std::size_t kMaxShardsOfBlock = 255;  // data and parity, the limit of GF(2⁸)

bool is_known(std::uint8_t kind) {
  return kind >= static_cast<std::uint8_t>(Kind::hello) &&
         kind <= static_cast<std::uint8_t>(Kind::client_message);
}

bool has_valid_sizes(const ShardHeader& header) {
  return header.frame_bytes > kFrameHeaderBytes && header.frame_bytes <= kMaxFrameBytes &&
         header.shard_bytes >= 1 && header.shard_bytes <= kMaxShardBytes;
}

// Every block of such a frame has 1…255 data shards, so the frame can become complete.
bool has_valid_blocks(const ShardHeader& header) {
  const std::size_t blocks = header.blocks, block = header.block;
  if (blocks < 1 || blocks > kMaxBlocks || block >= blocks) return false;
  const auto n = data_shards_of(header);
  if (n < blocks || n > blocks * kMaxShardsOfBlock) return false;
  const auto share = block_first_shard(n, blocks, block + 1) - block_first_shard(n, blocks, block);
  const auto shards = std::size_t{header.data_shards} + header.parity_shards;
  return header.data_shards == share && shards <= kMaxShardsOfBlock && header.shard < shards;
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
  header.block = reader.little<std::uint8_t>();
  header.blocks = reader.little<std::uint8_t>();
  header.shard = reader.little<std::uint8_t>();
  header.data_shards = reader.little<std::uint8_t>();
  header.parity_shards = reader.little<std::uint8_t>();
  const auto zero_15 = reader.little<std::uint8_t>();
  header.age_us = reader.little<std::uint32_t>();
  if (!reader.ok() || zero_15 != 0) return std::nullopt;
  if (!has_valid_sizes(header) || !has_valid_blocks(header)) return std::nullopt;
  if (reader.remaining() != header.shard_bytes) return std::nullopt;
  return header;
}

void encode(const ShardHeader& header, MutableBytes out) {
  ByteWriter writer{out};
  writer.little(header.frame);
  writer.little(header.frame_bytes);
  writer.little(header.shard_bytes);
  writer.little(header.block);
  writer.little(header.blocks);
  writer.little(header.shard);
  writer.little(header.data_shards);
  writer.little(header.parity_shards);
  writer.little(std::uint8_t{0});
  writer.little(header.age_us);
}

void encode_age(std::uint32_t age_us, MutableBytes shard_header) {
  ByteWriter{shard_header.subspan(kShardAgeOffset)}.little(age_us);
}

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
