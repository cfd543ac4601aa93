#include "gamestream/media/video_assembly.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace lumen::gamestream {
namespace {

// In what is kept of a shard.
constexpr std::size_t kFlagsOffset = 8, kExtraFlagsOffset = 9;

constexpr std::size_t kGrain = 64U << 10U;  // bytes; blocks of almost one size use one another's memory

}  // namespace

std::optional<BlockMemory::Buffer> BlockMemory::take(std::size_t bytes) {
  Buffer buffer;
  if (!spare_.empty()) {
    buffer = std::move(spare_.back());
    spare_.pop_back();
  }
  if (buffer.size() >= bytes) return buffer;
  total_ -= buffer.size();
  bytes = (bytes + kGrain - 1) / kGrain * kGrain;
  if (bytes > budget_ - std::min(budget_, total_)) return std::nullopt;
  total_ += bytes;
  return Buffer(bytes);
}

void BlockMemory::give_back(Buffer buffer) {
  if (buffer.empty()) return;
  if (spare_.size() < kMaxSpare) {
    spare_.push_back(std::move(buffer));
  } else {
    total_ -= buffer.size();
  }
}

bool VideoBlock::begin(const ShardHeader& header, std::size_t stride, Timestamp now, BlockMemory& memory) {
  const std::size_t data = header.data_shards, shards = data + parity_shards(data, header.percent);
  auto lent = memory.take(shards * stride);
  if (!lent) return false;
  memory_ = std::move(*lent);
  stride_ = stride;
  percent_ = header.percent;
  base_sequence_ = static_cast<std::uint16_t>(header.sequence - header.shard);
  std::fill_n(bytes_.begin(), data, static_cast<std::uint16_t>(stride));
  arrivals_.begin(data, shards, now);
  return true;
}

bool VideoBlock::agrees(const ShardHeader& header) const {
  return header.data_shards == arrivals_.data() && header.percent == percent_ &&
         static_cast<std::uint16_t>(header.sequence - header.shard) == base_sequence_;
}

ShardFate VideoBlock::add(const ShardHeader& header, ByteView coded, std::size_t stride, Timestamp now,
                          BlockMemory& memory, fec::ReedSolomon& code) {
  if (!arrivals_.is_known() && !begin(header, stride, now, memory)) return ShardFate::refused;
  if (!agrees(header)) return ShardFate::disagreeing;
  if (whole_) return arrivals_.has(header.shard) ? ShardFate::duplicate : ShardFate::surplus;
  if (!arrivals_.add(header.shard, now)) return ShardFate::duplicate;
  store(header.shard, coded);
  if (!arrivals_.is_enough()) return ShardFate::stored;
  whole_ = true;
  if (arrivals_.received_data() == arrivals_.data()) return ShardFate::completed;
  return rebuild(code) ? ShardFate::repaired : ShardFate::broken;
}

// What a host leaves out at the end counts as zeros.
void VideoBlock::store(std::size_t shard, ByteView coded) {
  const auto out = slot(shard);
  std::memcpy(out.data(), coded.data(), coded.size());
  std::ranges::fill(out.subspan(coded.size()), std::byte{0});
  if (shard < arrivals_.data()) bytes_[shard] = static_cast<std::uint16_t>(coded.size());
}

bool VideoBlock::rebuild(fec::ReedSolomon& code) {
  std::array<std::byte*, kMaxBlockShards> shards{};
  std::array<bool, kMaxBlockShards> present{};
  for (std::size_t i = 0; i < arrivals_.shards(); ++i) {
    shards[i] = slot(i).data();
    present[i] = arrivals_.has(i);
  }
  const auto count = arrivals_.shards();
  if (!code.recover(std::span{shards}.first(count), std::span{present}.first(count), arrivals_.data(),
                    stride_))
    return false;
  for (std::size_t i = 0; i < arrivals_.data(); ++i) {
    if (!arrivals_.has(i) && !is_sound(i)) return false;
  }
  return true;
}

bool VideoBlock::is_sound(std::size_t shard) const {
  const auto flags = std::to_integer<std::uint8_t>(memory_[shard * stride_ + kFlagsOffset]);
  auto needed = kPicture;
  if (shard == 0) needed |= kBlockBegin;
  if (shard + 1 == arrivals_.data()) needed |= kBlockEnd;
  return (flags & needed) == needed && (flags & ~(kPicture | kBlockBegin | kBlockEnd)) == 0;
}

void VideoBlock::reset(BlockMemory& memory) {
  memory.give_back(std::exchange(memory_, {}));
  arrivals_ = {};
  whole_ = false;
}

ByteView VideoBlock::payload(std::size_t shard) const {
  return ByteView{memory_}.subspan(shard * stride_, bytes_[shard]).subspan(kNvHeaderBytes);
}

bool VideoBlock::is_long_term_reference() const {
  const auto extra = memory_[(arrivals_.data() - 1) * stride_ + kExtraFlagsOffset];
  return (extra & std::byte{1}) != std::byte{0};
}

control::FrameFecStatus VideoBlock::status(std::uint32_t frame, std::uint8_t block,
                                           std::uint8_t last_block) const {
  const auto sequence = [this](std::size_t shard) {
    return static_cast<std::uint16_t>(base_sequence_ + shard);
  };
  const auto count = [](std::size_t shards) { return static_cast<std::uint16_t>(shards); };
  const auto data = arrivals_.received_data();
  return {.frame = frame,
          .highest_received = sequence(arrivals_.end() - 1),
          .next_contiguous = sequence(arrivals_.first_missing()),
          .missing_before_highest = count(arrivals_.end() - arrivals_.received()),
          .total_data = count(arrivals_.data()),
          .total_parity = count(arrivals_.shards() - arrivals_.data()),
          .received_data = count(data),
          .received_parity = count(arrivals_.received() - data),
          .fec_percent = percent_,
          .block_index = block,
          .block_count = static_cast<std::uint8_t>(last_block + 1)};
}

ShardFate VideoFrameAssembly::add(const ShardHeader& header, ByteView coded, std::size_t stride,
                                  Timestamp now, BlockMemory& memory, fec::ReedSolomon& code) {
  if (!begun_) {
    begun_ = true;
    last_block_ = header.last_block;
    time_ = header.time;
    first_received_ = now;
  }
  if (header.last_block != last_block_) return ShardFate::disagreeing;
  const auto fate = blocks_[header.block].add(header, coded, stride, now, memory, code);
  if (fate == ShardFate::disagreeing || fate == ShardFate::refused) return fate;
  for (std::size_t i = 0; i < header.block; ++i) blocks_[i].overtaken(now);
  broken_ = broken_ || fate == ShardFate::broken;
  if (fate == ShardFate::completed || fate == ShardFate::repaired) {
    ++whole_blocks_;
    complete_ = now;
  }
  return fate;
}

void VideoFrameAssembly::overtaken(Timestamp now) {
  for (auto& block : blocks_) block.overtaken(now);  // how many there are may not be known yet
}

void VideoFrameAssembly::reset(BlockMemory& memory) {
  for (auto& block : blocks_) block.reset(memory);
  begun_ = broken_ = false;
  last_block_ = 0;
  whole_blocks_ = 0;
}

std::optional<Timestamp> VideoFrameAssembly::short_since() const {
  std::optional<Timestamp> since;
  for (const auto& block : blocks()) {
    const auto each = block.arrivals().short_since();
    if (each && (!since || *each < *since)) since = each;
  }
  return since;
}

}  // namespace lumen::gamestream
