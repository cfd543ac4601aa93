#include "lumen1/frame_assembly.hpp"

#include <algorithm>
#include <cstring>

namespace lumen::lumen1 {
namespace {

constexpr std::size_t kKeepBytes = 1U << 20U;  // memory up to here is kept whatever comes
constexpr std::size_t kKeepFactor = 8;         // more than that is kept while at least an eighth is used

bool is_oversized(std::size_t capacity, std::size_t needed) {
  return capacity > kKeepBytes && capacity / kKeepFactor > needed;
}

}  // namespace

void FrameAssembly::open(std::uint64_t id, const ShardHeader& header, Timestamp now) {
  state_ = State::open;
  id_ = id;
  frame_bytes_ = header.frame_bytes;
  age_us_ = header.age_us;
  shard_bytes_ = header.shard_bytes;
  data_shards_ = data_shards_of(header);
  blocks_ = header.blocks;
  whole_blocks_ = repaired_ = 0;
  received_ = now;
  complete_ = {};
  std::fill_n(block_.begin(), blocks_, Block{});
  fit_memory();
}

void FrameAssembly::fit_memory() {
  const auto needed = (data_shards_ + 1) * shard_bytes_;
  if (capacity_ < needed || is_oversized(capacity_, needed)) {
    memory_.reset();  // before the new one: never both
    memory_ = std::make_unique_for_overwrite<std::byte[]>(needed);
    capacity_ = needed;
  }
  // Not `= {}`: that is an empty list assigned, which keeps the memory.
  if (is_oversized(parity_.capacity(), needed)) parity_ = std::vector<std::byte>{};
  parity_shards_.clear();
}

bool FrameAssembly::agrees(const ShardHeader& header) const {
  const auto& block = block_[header.block];
  return header.frame_bytes == frame_bytes_ && header.shard_bytes == shard_bytes_ &&
         header.blocks == blocks_ && (block.data == 0 || block.parity == header.parity_shards);
}

FrameAdded FrameAssembly::add(const ShardHeader& header, ByteView shard, Timestamp now,
                              fec::ReedSolomon& codec) {
  if (!agrees(header)) return FrameAdded::invalid;
  auto& block = block_[header.block];
  block.data = header.data_shards;
  block.parity = header.parity_shards;
  if (block.present.test(header.shard)) return FrameAdded::duplicate;
  block.present.set(header.shard);
  if (state_ == State::lost) return FrameAdded::late;
  if (block.stored == block.data) return header.shard < block.data ? FrameAdded::late : FrameAdded::surplus;

  age_us_ = std::min(age_us_, header.age_us);
  store(header, block, shard);
  if (block.stored == block.data && mend(header.block, codec) && ++whole_blocks_ == blocks_) {
    state_ = State::whole;
    complete_ = now;
  }
  return FrameAdded::stored;
}

void FrameAssembly::store(const ShardHeader& header, Block& block, ByteView shard) {
  const bool is_data = header.shard < block.data;
  // Not ranges::copy: GCC 12 makes a loop over bytes of it, a third of the time of a datagram.
  std::memcpy(is_data ? data_shard(header.block, header.shard) : new_parity_shard(header), shard.data(),
              shard.size());
  ++block.stored;
  if (is_data) ++block.stored_data;
}

std::byte* FrameAssembly::data_shard(std::size_t block, std::size_t shard) const {
  return memory_.get() + (block_first_shard(data_shards_, blocks_, block) + shard) * shard_bytes_;
}

std::byte* FrameAssembly::new_parity_shard(const ShardHeader& header) {
  const auto offset = parity_shards_.size() * shard_bytes_;
  const auto needed = offset + shard_bytes_;
  if (parity_.capacity() < needed) {
    parity_.reserve(std::clamp(2 * parity_.capacity(), needed, data_shards_ * shard_bytes_));
  }
  if (parity_.size() < needed) parity_.resize(needed);
  parity_shards_.push_back({header.block, header.shard});
  return parity_.data() + offset;
}

// False can only mean that the codec found a mistake in the bookkeeping here; the frame then stays open.
bool FrameAssembly::mend(std::size_t index, fec::ReedSolomon& codec) {
  const auto& block = block_[index];
  if (block.stored_data == block.data) return true;
  const std::size_t shards = std::size_t{block.data} + block.parity;
  std::array<std::byte*, fec::kMaxShards> at;
  std::array<bool, fec::kMaxShards> present{};
  for (std::size_t i = 0; i < block.data; ++i) {
    at[i] = data_shard(index, i);
    present[i] = block.present.test(i);
  }
  std::fill(at.begin() + block.data, at.begin() + static_cast<std::ptrdiff_t>(shards),
            memory_.get() + data_shards_ * shard_bytes_);
  for (std::size_t i = 0; i < parity_shards_.size(); ++i) {
    if (parity_shards_[i].block != index) continue;
    at[parity_shards_[i].shard] = parity_.data() + i * shard_bytes_;
    present[parity_shards_[i].shard] = true;
  }
  if (!codec.recover(std::span{at}.first(shards), std::span{present}.first(shards), block.data,
                     shard_bytes_)) {
    return false;
  }
  repaired_ += std::size_t{block.data} - block.stored_data;
  return true;
}

}  // namespace lumen::lumen1
