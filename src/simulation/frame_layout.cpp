#include "simulation/frame_layout.hpp"

#include <algorithm>
#include <cmath>

#include "fec/leopard.hpp"

namespace lumen::simulation {
namespace {

constexpr std::size_t kBlockShards = 255, kLeastParity = 2;
constexpr double kMaxPercent = 255;

constexpr std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

FrameLayout bare(std::size_t data_shards) { return {.block = {Block{data_shards, 0}}, .blocks = 1}; }

FrameLayout leopard(std::size_t data_shards, std::size_t parity) {
  while (parity > 0 && !fec::leopard_field(data_shards, parity)) --parity;
  auto layout = bare(data_shards);
  layout.block[0].parity = parity;
  return layout;
}

FrameLayout gamestream(std::size_t data_shards, double wanted_percent) {
  const auto percent = static_cast<std::size_t>(std::ceil(std::clamp(wanted_percent, 1.0, kMaxPercent)));
  const auto blocks = divide_up(data_shards, kBlockShards * 100 / (100 + percent));
  FrameLayout layout;
  if (blocks > layout.block.size()) return bare(data_shards);
  const auto share = divide_up(data_shards, blocks);
  for (std::size_t left = data_shards; left > 0; ++layout.blocks) {
    const auto data = std::min(share, left);
    layout.block[layout.blocks] = {data, std::max(divide_up(data * percent, 100), kLeastParity)};
    left -= data;
  }
  return layout;
}

}  // namespace

std::size_t FrameLayout::data() const {
  std::size_t sum = 0;
  for (const auto& part : block) sum += part.data;
  return sum;
}

std::size_t FrameLayout::parity() const {
  std::size_t sum = 0;
  for (const auto& part : block) sum += part.parity;
  return sum;
}

FrameLayout lay_out(Code code, std::size_t data_shards, double parity_percent) {
  const auto k = std::max<std::size_t>(data_shards, 1);
  if (code == Code::none || !(parity_percent > 0)) return bare(k);
  if (code == Code::gamestream) return gamestream(k, parity_percent);
  const auto shards = std::ceil(static_cast<double>(k) * std::min(parity_percent, 1e4) / 100);
  return leopard(k, static_cast<std::size_t>(shards));
}

FrameLayout lay_out_with(Code code, std::size_t data_shards, std::size_t parity_shards) {
  const auto k = std::max<std::size_t>(data_shards, 1);
  if (code == Code::none || parity_shards == 0) return bare(k);
  if (code == Code::leopard) return leopard(k, parity_shards);
  return gamestream(k, 100 * static_cast<double>(parity_shards) / static_cast<double>(k));
}

}  // namespace lumen::simulation
