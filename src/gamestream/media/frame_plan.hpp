// gamestream/media: how a frame is cut into FEC blocks and how much parity they get (GameStream part 2,
// sections 6.3, 6.4 and 6.6). Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/result.hpp"
#include "gamestream/media/video_wire.hpp"

namespace lumen::gamestream {

inline constexpr std::size_t kMinPacketSize = 64, kMaxPacketSize = 8960;
// `video.packet-size` outside these.
Status check_packet_size(std::size_t packet_size);

struct FramePlanParams {
  std::size_t packet_size = 1024;  // bytes of a shard after its 16 of RTP: exactly what the client announced
  std::size_t percent = 20;        // parity per data shard, 0…255; 0: none at all
  std::size_t min_parity = 0;      // shards per block
  // What four blocks cannot protect at `percent` gets the parity that there is room for. Otherwise such a
  // frame goes without any.
  bool reduce_parity = true;
};

struct BlockPlan {
  std::size_t data = 0, parity = 0;  // shards
  std::uint8_t percent = 0;          // parity == parity_shards(data, percent)
  std::size_t shards() const { return data + parity; }
};

class FramePlan {
 public:
  std::span<const BlockPlan> blocks() const { return std::span{blocks_}.first(count_); }
  std::size_t data_shards() const;
  std::size_t shards() const;

 private:
  friend std::optional<FramePlan> plan_frame(const FramePlanParams& params, std::size_t unit_bytes);
  std::array<BlockPlan, kMaxBlocks> blocks_;
  std::size_t count_ = 0;
};

// Data shards of the largest block of such a frame, as near as its parity is to choose by.
std::size_t block_data_shards(const FramePlanParams& params, std::size_t unit_bytes);

// nullopt: the frame needs more than four blocks of 1023 shards and cannot be sent. The packet size is
// one that check_packet_size() lets pass.
std::optional<FramePlan> plan_frame(const FramePlanParams& params, std::size_t unit_bytes);

}  // namespace lumen::gamestream
