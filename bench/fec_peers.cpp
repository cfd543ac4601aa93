#include "fec_peers.hpp"

#include <algorithm>

namespace lumen::bench {

Losses::Losses(const Shape& shape, std::span<const std::size_t> lost)
    : total_{shape.total()}, present_{std::make_unique<bool[]>(total_)} {
  std::fill_n(present_.get(), total_, true);
  for (const auto shard : lost) present_[shard] = false;
  for (std::size_t i = 0; i < shape.data; ++i) {
    if (!present_[i]) lost_data_.push_back(i);
  }
  for (std::size_t j = 0; j < shape.parity && used_parity_.size() < lost_data_.size(); ++j) {
    if (present_[shape.data + j]) used_parity_.push_back(j);
  }
}

Shards::Shards(const Shape& shape) : shape_{shape} {
  constexpr std::size_t kAlignment = 64;
  const auto pitch = (shape.shard_bytes + kAlignment - 1) / kAlignment * kAlignment;
  memory_.resize(shape.total() * pitch + kAlignment);
  void* first = memory_.data();
  auto space = memory_.size();
  std::align(kAlignment, shape.total() * pitch, first, space);
  for (std::size_t i = 0; i < shape.total(); ++i)
    pointers_.push_back(static_cast<std::byte*>(first) + i * pitch);
  const_pointers_.assign(pointers_.begin(), pointers_.end());
}

}  // namespace lumen::bench
