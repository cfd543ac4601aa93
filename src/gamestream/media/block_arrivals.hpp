// gamestream/media: which shards of a block have come, and since when they cannot be enough without one that
// was overtaken by others. Values only.
//
// Hosts send shards in order, and a block before the next. So what may still come in order is what lies
// behind the last shard that came; when that and what is there make less than the data shards, the block
// waits for stragglers, and is lost when none comes in time. This is known long before the next frame.
#pragma once

#include <bitset>
#include <cstddef>
#include <optional>

#include "base/units.hpp"
#include "gamestream/media/video_wire.hpp"

namespace lumen::gamestream {

class BlockArrivals {
 public:
  // Until then the block is one of which nothing is known but that it exists.
  void begin(std::size_t data, std::size_t shards, Timestamp now) {
    known_ = true;
    data_ = data;
    shards_ = shards;
    update(now);
  }
  // False when it came before.
  bool add(std::size_t shard, Timestamp now) {
    if (present_[shard]) return false;
    present_[shard] = true;
    ++received_;
    end_ = std::max(end_, shard + 1);
    update(now);
    return true;
  }
  // Something that was sent behind the whole block has come.
  void overtaken(Timestamp now) {
    overtaken_ = true;
    update(now);
  }

  bool is_known() const { return known_; }
  std::size_t data() const { return data_; }
  std::size_t shards() const { return shards_; }
  bool is_enough() const { return known_ && received_ >= data_; }
  bool has(std::size_t shard) const { return present_[shard]; }
  std::size_t received() const { return received_; }
  std::size_t received_data() const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < data_; ++i) count += present_[i] ? 1U : 0U;
    return count;
  }
  std::size_t end() const { return end_; }  // behind the last one that came
  std::size_t first_missing() const {
    std::size_t i = 0;
    while (i < shards_ && present_[i]) ++i;
    return i;
  }
  std::optional<Timestamp> short_since() const { return short_since_; }

 private:
  void update(Timestamp now) {
    const auto to_come = overtaken_ ? 0 : shards_ - end_;
    if (received_ + to_come >= data_) {
      short_since_.reset();
    } else if (!short_since_) {
      short_since_ = now;
    }
  }

  bool known_ = false, overtaken_ = false;
  std::size_t data_ = 1, shards_ = 1, received_ = 0, end_ = 0;
  std::bitset<kMaxBlockDataShards + 1> present_;
  std::optional<Timestamp> short_since_;
};

}  // namespace lumen::gamestream
