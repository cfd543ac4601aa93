#include "lumen1/shard_history.hpp"

namespace lumen::lumen1 {

void ShardHistory::keep(const AccessUnitView& unit, const ShardHeader& header) {
  auto& kept = kept_[unit.id.value % kFrames];
  kept.used = header.frame_bytes <= kMaxRepeatedFrameBytes;
  if (!kept.used) return;
  kept.bytes.assign(unit.bytes.begin(), unit.bytes.end());
  kept.unit = unit;
  kept.unit.bytes = {};
  kept.header = header;
  kept.attempt = 0;
}

bool ShardHistory::take_attempt(FrameId frame, std::uint8_t attempt) {
  auto& kept = kept_[frame.value % kFrames];
  if (!has(frame) || attempt <= kept.attempt) return false;
  kept.attempt = attempt;
  return true;
}

void ShardHistory::forget() {
  for (auto& kept : kept_) kept.used = false;
}

std::size_t ShardHistory::data_shards(FrameId frame) const {
  return has(frame) ? data_shards_of(slot(frame).header) : 0;
}

std::size_t ShardHistory::datagram_bytes(FrameId frame) const {
  return datagram_bytes_of(slot(frame).header);
}

void ShardHistory::write(FrameId frame, std::uint16_t shard, Timestamp sent, MutableBytes datagram) const {
  const auto& kept = slot(frame);
  auto header = kept.header;
  header.shard = shard;
  auto unit = kept.unit;
  unit.bytes = kept.bytes;
  write_data_shard(unit, header, datagram);
  stamp(datagram, kept.unit.times.presented, sent);
}

}  // namespace lumen::lumen1
