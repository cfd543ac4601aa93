#include "lumen1/packetizer.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "media/mode.hpp"

namespace lumen::lumen1 {
namespace {

constexpr std::size_t kShardAlignment = 16;  // equal work for SIMD kernels and AES
constexpr std::size_t kMinShardBytes = 64;   // so that the frame header is always in the first shard
constexpr std::size_t kShardOffset = kClearHeaderBytes + kShardHeaderBytes;

constexpr std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

// Zero when either end was not reached.
std::uint32_t elapsed_us(Timestamp from, Timestamp to) {
  if (from == Timestamp{} || to <= from) return 0;
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(to - from).count();
  return static_cast<std::uint32_t>(std::min<std::int64_t>(us, std::numeric_limits<std::uint32_t>::max()));
}

// The fewest blocks whose parity is what `parity` wants. parity_for() takes what fits where a block has
// no room for more, so a full block counts as too large; nullopt only when the data itself does not fit.
std::optional<std::size_t> choose_blocks(std::size_t data_shards, const ParityControl& parity) {
  for (auto blocks = divide_up(data_shards, fec::kMaxShards - 1); blocks < kMaxBlocks; ++blocks) {
    const auto largest = divide_up(data_shards, blocks);
    if (largest + parity.parity_for(largest) < fec::kMaxShards) return blocks;
  }
  if (divide_up(data_shards, kMaxBlocks) > fec::kMaxShards - 1) return std::nullopt;
  return kMaxBlocks;  // with the parity that fits
}

Status check(const AccessUnitView& unit) {
  if (unit.bytes.empty()) return fail(ErrorCode::invalid_argument, "frame.empty", "the access unit is empty");
  if (unit.width < 1 || unit.height < 1 || unit.width > kMaxModeSize || unit.height > kMaxModeSize) {
    return fail(ErrorCode::invalid_argument, "frame.size",
                fmt::format("a picture of {}x{} cannot be sent", unit.width, unit.height));
  }
  return {};
}

tl::unexpected<Error> too_large(std::size_t bytes) {
  return fail(ErrorCode::resource_exhausted, "frame.too-large",
              fmt::format("an access unit of {} bytes cannot be sent", bytes), "Lower the bit rate");
}

FrameHeader frame_header_of(const AccessUnitView& unit) {
  return {.codec = unit.codec,
          .kind = unit.kind,
          .width = static_cast<std::uint16_t>(unit.width),
          .height = static_cast<std::uint16_t>(unit.height),
          .capture_us = elapsed_us(unit.times.presented, unit.times.captured),
          .encode_us = elapsed_us(unit.times.captured, unit.times.encode_end)};
}

// Writes shard `index` of the frame: frame header, access unit, zeros.
void copy_shard(const AccessUnitView& unit, std::size_t index, MutableBytes out) {
  auto offset = index * out.size();
  if (index == 0) {
    encode(frame_header_of(unit), out.first(kFrameHeaderBytes));
    out = out.subspan(kFrameHeaderBytes);
  } else {
    offset -= kFrameHeaderBytes;
  }
  const auto part = unit.bytes.subspan(offset, std::min(out.size(), unit.bytes.size() - offset));
  std::memcpy(out.data(), part.data(), part.size());  // see FrameAssembly::store()
  std::ranges::fill(out.subspan(part.size()), std::byte{0});
}

}  // namespace

// How a frame becomes shards. `header` is what all of them share.
struct VideoPacketizer::Layout {
  struct Block {
    std::size_t first_shard = 0;  // of the frame's data shards
    std::size_t first_datagram = 0;
    std::size_t data = 0, parity = 0;
  };
  ShardHeader header;
  std::size_t data_shards = 0, shards = 0, blocks = 0;
  std::array<Block, kMaxBlocks> block{};
};

VideoPacketizer::VideoPacketizer(std::size_t max_shard_bytes, fec::Kernel kernel)
    : max_shard_bytes_{std::clamp(max_shard_bytes, kMinShardBytes, kMaxShardBytes)}, codec_{kernel} {
  data_.reserve(fec::kMaxShards);
  parity_.reserve(fec::kMaxShards);
}

Result<PackedFrame> VideoPacketizer::pack(const AccessUnitView& unit, const ParityControl& parity) {
  LUMEN_CHECK_OK(check(unit));
  LUMEN_TRY(const auto layout, plan(unit, parity));
  const auto frame = make_room(layout);
  for (std::size_t b = 0; b < layout.blocks; ++b) {
    write_block(unit, layout, b, frame);
    if (!codec_.encode(data_, parity_, layout.header.shard_bytes)) {
      return fail(ErrorCode::internal, "frame.parity", "the parity of a frame cannot be computed");
    }
  }
  return frame;
}

Result<VideoPacketizer::Layout> VideoPacketizer::plan(const AccessUnitView& unit,
                                                      const ParityControl& parity) const {
  if (unit.bytes.size() > kMaxFrameBytes - kFrameHeaderBytes) return too_large(unit.bytes.size());
  const auto frame_bytes = kFrameHeaderBytes + unit.bytes.size();
  const auto fewest_shards = divide_up(frame_bytes, max_shard_bytes_);
  const auto even_bytes = divide_up(divide_up(frame_bytes, fewest_shards), kShardAlignment) * kShardAlignment;
  const auto shard_bytes = std::min(even_bytes, max_shard_bytes_);
  Layout layout;
  layout.header.frame = static_cast<std::uint32_t>(unit.id.value);
  layout.header.frame_bytes = static_cast<std::uint32_t>(frame_bytes);
  layout.header.shard_bytes = static_cast<std::uint16_t>(shard_bytes);
  layout.data_shards = data_shards_of(layout.header);
  const auto blocks = choose_blocks(layout.data_shards, parity);
  if (!blocks) return too_large(unit.bytes.size());
  layout.header.blocks = static_cast<std::uint8_t>(*blocks);
  layout.blocks = *blocks;
  for (std::size_t b = 0; b < layout.blocks; ++b) {
    auto& block = layout.block[b];
    block.first_shard = block_first_shard(layout.data_shards, layout.blocks, b);
    block.first_datagram = layout.shards;
    block.data = block_first_shard(layout.data_shards, layout.blocks, b + 1) - block.first_shard;
    block.parity = std::min(parity.parity_for(block.data), fec::kMaxShards - block.data);
    layout.shards += block.data + block.parity;
  }
  return layout;
}

PackedFrame VideoPacketizer::make_room(const Layout& layout) {
  PackedFrame frame;
  frame.datagram_bytes = kShardOffset + layout.header.shard_bytes + kTagBytes;
  frame.datagrams = layout.shards;
  frame.data_datagrams = layout.data_shards;
  const auto bytes = frame.datagrams * frame.datagram_bytes;
  if (memory_.size() < bytes) memory_.resize(bytes);
  frame.bytes = MutableBytes{memory_}.first(bytes);
  return frame;
}

void VideoPacketizer::write_block(const AccessUnitView& unit, const Layout& layout, std::size_t index,
                                  const PackedFrame& frame) {
  const auto& block = layout.block[index];
  auto header = layout.header;
  header.block = static_cast<std::uint8_t>(index);
  header.data_shards = static_cast<std::uint8_t>(block.data);
  header.parity_shards = static_cast<std::uint8_t>(block.parity);
  data_.clear();
  parity_.clear();
  for (std::size_t i = 0; i < block.data + block.parity; ++i) {
    header.shard = static_cast<std::uint8_t>(i);
    const auto datagram = frame.datagram(block.first_datagram + i);
    encode(header, datagram.subspan(kClearHeaderBytes, kShardHeaderBytes));
    const auto shard = datagram.subspan(kShardOffset, header.shard_bytes);
    if (i < block.data) {
      copy_shard(unit, block.first_shard + i, shard);
      data_.push_back(shard.data());
    } else {
      parity_.push_back(shard.data());
    }
  }
}

bool VideoPacketizer::seal(const PackedFrame& frame, std::size_t first, std::size_t end, Timestamp presented,
                           Timestamp now, Sealer& sealer) {
  const auto age_us = elapsed_us(presented, now);
  for (auto i = first; i < end; ++i) {
    const auto datagram = frame.datagram(i);
    encode_age(age_us, datagram.subspan(kClearHeaderBytes, kShardHeaderBytes));
    if (!sealer.seal(Kind::video, datagram)) return false;
  }
  return true;
}

}  // namespace lumen::lumen1
