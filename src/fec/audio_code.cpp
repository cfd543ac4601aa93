#include "fec/audio_code.hpp"

#include <algorithm>

#include "fec/gf256.hpp"
#include "fec/kernels.hpp"
#include "fec/polynomial_factors.hpp"

namespace lumen::fec {
namespace {

constexpr std::array<std::uint8_t, kAudioShards> kPoints{0, 1, 2, 4, 8, 16};

using Four = std::array<std::size_t, kAudioDataShards>;  // shards, by number

// What the shard at `to` takes of `from[which]`: Lagrange's polynomial of that one, at `to`.
std::uint8_t constant(const Four& from, std::size_t which, std::size_t to) {
  std::uint8_t above = 1, below = 1;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (i == which) continue;
    const auto point = kPoints[from[i]];
    above = gf256::multiply(above, kPoints[to] ^ point);
    below = gf256::multiply(below, kPoints[from[which]] ^ point);
  }
  return gf256::multiply(above, gf256::inverse(below));
}

}  // namespace

struct AudioCode::Tables {
  const Kernels& kernels;
  FactorStore factors;

  // Makes the shards `to` from the four `from`.
  void interpolate(const Four& from, std::span<const std::byte* const> inputs,
                   std::span<const std::size_t> to, std::span<std::byte* const> outputs,
                   std::size_t shard_bytes) const {
    std::array<std::uint8_t, kAudioDataShards * kAudioParityShards> matrix;
    auto next = matrix.begin();
    for (std::size_t i = 0; i < from.size(); ++i) {
      for (const auto shard : to) *next++ = constant(from, i, shard);
    }
    kernels.multiply({.factors = factors.data(),
                      .matrix = matrix.data(),
                      .column_stride = to.size(),
                      .inputs = inputs,
                      .outputs = outputs,
                      .bytes = shard_bytes});
  }
};

AudioCode::AudioCode(Kernel kernel) {
  const auto& kernels = kernels_of(is_supported(kernel) ? kernel : best_kernel());
  tables_ = std::make_unique<Tables>(kernels, all_polynomial_factors(kernels));
}
AudioCode::~AudioCode() = default;
AudioCode::AudioCode(AudioCode&&) noexcept = default;
AudioCode& AudioCode::operator=(AudioCode&&) noexcept = default;

void AudioCode::encode(std::span<const std::byte* const, kAudioDataShards> data,
                       std::span<std::byte* const, kAudioParityShards> parity,
                       std::size_t shard_bytes) const {
  tables_->interpolate({0, 1, 2, 3}, data, std::array<std::size_t, 2>{4, 5}, parity, shard_bytes);
}

bool AudioCode::recover(std::span<std::byte* const, kAudioShards> shards,
                        std::span<const bool, kAudioShards> present, std::size_t shard_bytes) const {
  Four from{};
  std::array<const std::byte*, kAudioDataShards> inputs{};
  std::array<std::size_t, kAudioDataShards> to{};
  std::array<std::byte*, kAudioDataShards> outputs{};
  std::size_t found = 0, lost = 0;
  for (std::size_t i = 0; i < kAudioShards; ++i) {
    if (present[i] && found < from.size()) {
      from[found] = i;
      inputs[found++] = shards[i];
    } else if (!present[i] && i < kAudioDataShards) {
      to[lost] = i;
      outputs[lost++] = shards[i];
    }
  }
  if (found < from.size()) return false;
  if (lost == 0) return true;
  tables_->interpolate(from, inputs, std::span{to}.first(lost), std::span{outputs}.first(lost), shard_bytes);
  return true;
}

}  // namespace lumen::fec
