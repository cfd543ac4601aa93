#include "gamestream/media/frame_plan.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

namespace lumen::gamestream {
namespace {

constexpr std::size_t kMaxPercent = 255;  // more would spill into the next field

constexpr std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

BlockPlan with_percent(std::size_t data, std::size_t percent) {
  return {
      .data = data, .parity = parity_shards(data, percent), .percent = static_cast<std::uint8_t>(percent)};
}

// At least `parity` shards if a percentage can say so; the receiver computes their number from that.
BlockPlan with_parity(std::size_t data, std::size_t parity) {
  const auto most = std::min(kMaxPercent, (kMaxBlockShards - data) * 100 / data);
  auto percent = std::min(parity * 100 / data, most);
  if (parity_shards(data, percent) < parity && percent < most) ++percent;
  return with_percent(data, percent);
}

BlockPlan plan_block(std::size_t data, std::size_t percent, std::size_t min_parity) {
  if (percent == 0 || data >= kMaxBlockShards) return with_percent(data, 0);
  const auto block = with_percent(data, percent);
  if (block.shards() > kMaxBlockShards) return with_parity(data, kMaxBlockShards - data);
  return block.parity < min_parity ? with_parity(data, std::min(min_parity, kMaxBlockShards)) : block;
}

}  // namespace

Status check_packet_size(std::size_t packet_size) {
  if (packet_size >= kMinPacketSize && packet_size <= kMaxPacketSize) return {};
  return fail(ErrorCode::invalid_argument, "video.packet-size",
              fmt::format("video packets of {} bytes cannot be sent", packet_size),
              fmt::format("Ask for {} to {} bytes", kMinPacketSize, kMaxPacketSize));
}

std::size_t FramePlan::data_shards() const {
  return std::accumulate(blocks().begin(), blocks().end(), std::size_t{0},
                         [](std::size_t sum, const BlockPlan& block) { return sum + block.data; });
}

std::size_t FramePlan::shards() const {
  return std::accumulate(blocks().begin(), blocks().end(), std::size_t{0},
                         [](std::size_t sum, const BlockPlan& block) { return sum + block.shards(); });
}

std::size_t block_data_shards(const FramePlanParams& params, std::size_t unit_bytes) {
  const auto chunks = divide_up(kFrameHeaderBytes + unit_bytes, params.packet_size - kNvHeaderBytes);
  const auto most_data = kMaxBlockShards * 100 / (100 + std::min(params.percent, kMaxPercent));
  return divide_up(chunks, std::min(divide_up(chunks, most_data), std::size_t{kMaxBlocks}));
}

std::optional<FramePlan> plan_frame(const FramePlanParams& params, std::size_t unit_bytes) {
  const auto shard = params.packet_size + kRtpBytes;
  const auto payload = params.packet_size - kNvHeaderBytes;
  auto percent = std::min(params.percent, kMaxPercent);
  if (unit_bytes > kMaxBlocks * kMaxBlockDataShards * payload) return std::nullopt;
  const auto chunks = divide_up(kFrameHeaderBytes + unit_bytes, payload);
  if (chunks > kMaxBlocks * kMaxBlockDataShards) return std::nullopt;

  // The split that other hosts make, so that a frame has the bytes of the golden vectors.
  const auto most_data = kMaxBlockShards * 100 / (100 + percent);
  const auto bytes = kShardHeaderBytes * chunks + kFrameHeaderBytes + unit_bytes;
  FramePlan plan;
  plan.count_ = divide_up(bytes, most_data * shard);
  if (plan.count_ > kMaxBlocks) {
    plan.count_ = kMaxBlocks;
    if (!params.reduce_parity) percent = 0;
  }
  const auto data = divide_up(bytes / plan.count_, shard);
  for (std::size_t i = 0; i < plan.count_; ++i) {
    const bool is_last = i + 1 == plan.count_;
    plan.blocks_[i] =
        plan_block(is_last ? chunks - data * (plan.count_ - 1) : data, percent, params.min_parity);
  }
  return plan;
}

}  // namespace lumen::gamestream
