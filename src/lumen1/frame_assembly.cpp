#include "lumen1/frame_assembly.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace lumen::lumen1 {

std::size_t FrameAssembly::memory_for(const ShardHeader& header) {
  const auto data_shards = data_shards_of(header);
  return (data_shards + std::min<std::size_t>(data_shards, header.parity_shards)) * header.shard_bytes;
}

void FrameAssembly::open(std::uint64_t id, const ShardHeader& header, FrameMemory&& memory,
                         const fec::Leopard& codec, Timestamp now) {
  // What may fail comes first: a frame is open with all that belongs to it, or not at all.
  const auto data_shards = data_shards_of(header);
  present_.assign((data_shards + header.parity_shards + 63) / 64, 0);
  parity_.clear();
  parity_.reserve(std::min<std::size_t>(header.parity_shards, data_shards));
  state_ = State::open;
  id_ = id;
  header_ = header;
  age_us_ = header.age_us;
  data_shards_ = data_shards;
  mendable_ =
      header.code && codec.is_possible(*header.code, data_shards_, header.parity_shards, header.shard_bytes);
  stored_ = repaired_ = 0;
  received_ = now;
  complete_ = {};
  memory_ = std::move(memory);
}

FrameMemory FrameAssembly::close(State how) {
  state_ = how;
  return std::exchange(memory_, {});
}

bool FrameAssembly::agrees(const ShardHeader& header) const {
  return header.frame_bytes == header_.frame_bytes && header.shard_bytes == header_.shard_bytes &&
         header.parity_shards == header_.parity_shards && header.code == header_.code;
}

// False when it was already.
bool FrameAssembly::mark_present(std::size_t shard) {
  if (is_present(shard)) return false;
  present_[shard / 64] |= std::uint64_t{1} << (shard % 64);
  return true;
}

FrameAdded FrameAssembly::add(const ShardHeader& header, ByteView shard, Timestamp now,
                              const fec::Leopard& codec, MendMemory& mending) {
  if (!agrees(header)) return FrameAdded::invalid;
  if (!mark_present(header.shard)) return FrameAdded::duplicate;
  if (state_ == State::lost) return FrameAdded::late;
  const bool is_data = header.shard < data_shards_;
  if (stored_ == data_shards_) return is_data ? FrameAdded::late : FrameAdded::surplus;
  if (!is_data && !mendable_) return FrameAdded::surplus;

  age_us_ = std::min(age_us_, header.age_us);
  store(header.shard, shard);
  if (stored_ == data_shards_ && mend(codec, mending)) {
    state_ = State::whole;
    complete_ = now;
  }
  return FrameAdded::stored;
}

void FrameAssembly::store(std::size_t shard, ByteView bytes) {
  auto index = shard;
  if (shard >= data_shards_) {
    index = data_shards_ + parity_.size();
    parity_.push_back(static_cast<std::uint16_t>(shard - data_shards_));
  }
  // Not ranges::copy: GCC 12 makes a loop over bytes of it, a third of the time of a datagram.
  std::memcpy(place(index), bytes.data(), bytes.size());
  ++stored_;
}

// False can only mean that the codec found a mistake in the bookkeeping here; the frame then stays open.
bool FrameAssembly::mend(const fec::Leopard& codec, MendMemory& mending) {
  if (parity_.empty()) return true;  // all data is there
  const std::size_t shards = data_shards_ + header_.parity_shards;
  const auto work_bytes = fec::Leopard::work_bytes(data_shards_, header_.parity_shards);
  if (mending.work.size() < work_bytes) mending.work.resize(work_bytes);
  if (mending.present_capacity < shards) {
    mending.present = std::make_unique<bool[]>(shards);
    mending.present_capacity = shards;
  }
  mending.shards.assign(shards, nullptr);
  const std::span present{mending.present.get(), shards};
  for (std::size_t i = 0; i < data_shards_; ++i) {
    mending.shards[i] = place(i);
    present[i] = is_present(i);
  }
  std::ranges::fill(present.subspan(data_shards_), false);
  for (std::size_t i = 0; i < parity_.size(); ++i) {
    mending.shards[data_shards_ + parity_[i]] = place(data_shards_ + i);
    present[data_shards_ + parity_[i]] = true;
  }
  if (!codec.recover(*header_.code, mending.shards, present, data_shards_, header_.shard_bytes, mending.work))
    return false;
  repaired_ = parity_.size();
  return true;
}

}  // namespace lumen::lumen1
