// Time to protect and to recover one block of 1408-byte shards, per kernel.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

#include "fec/reed_solomon.hpp"

namespace {

using lumen::fec::Kernel;

constexpr std::size_t kShardBytes = 1408;
constexpr std::size_t kPitch = 1472;  // shards lie as packets do: headers and a tag between them

struct Block {
  std::vector<std::byte> storage;
  std::vector<std::byte*> shards;
  std::vector<const std::byte*> data;
  std::size_t data_shards;

  Block(std::size_t k, std::size_t m) : storage((k + m) * kPitch), data_shards{k} {
    std::mt19937 random{1};
    for (auto& byte : storage) byte = static_cast<std::byte>(random());
    for (std::size_t i = 0; i < k + m; ++i) shards.push_back(storage.data() + i * kPitch);
    data.assign(shards.begin(), shards.begin() + static_cast<std::ptrdiff_t>(k));
  }
  std::span<std::byte* const> parity() const { return std::span{shards}.subspan(data_shards); }
};

void encode(benchmark::State& state, Kernel kernel, std::size_t k, std::size_t m) {
  const Block block{k, m};
  lumen::fec::ReedSolomon code{kernel};
  for (auto _ : state) {
    benchmark::DoNotOptimize(code.encode(block.data, block.parity(), kShardBytes));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(k * kShardBytes));
}

void recover(benchmark::State& state, Kernel kernel, std::array<std::size_t, 3> k_m_lost) {
  const auto [k, m, lost] = k_m_lost;
  const Block block{k, m};
  lumen::fec::ReedSolomon code{kernel};
  code.encode(block.data, block.parity(), kShardBytes);
  std::array<bool, lumen::fec::kMaxShards> present{};
  present.fill(true);
  for (std::size_t i = 0; i < lost; ++i) present[i * k / lost] = false;
  for (auto _ : state) {
    benchmark::DoNotOptimize(code.recover(block.shards, std::span{present}.first(k + m), k, kShardBytes));
    benchmark::ClobberMemory();
  }
}

std::string name(const char* what, Kernel kernel, std::size_t k, std::size_t m) {
  return std::string{what} + "/" + std::string{to_string(kernel)} + "/" + std::to_string(k) + "+" +
         std::to_string(m);
}

void register_all() {
  constexpr std::array<std::array<std::size_t, 2>, 7> kEncode{
      {{15, 3}, {40, 8}, {72, 15}, {100, 20}, {180, 36}, {200, 51}, {212, 43}}};
  constexpr std::array<std::array<std::size_t, 3>, 5> kRecover{
      {{15, 3, 1}, {15, 3, 3}, {100, 20, 2}, {100, 20, 20}, {178, 36, 36}}};
  for (const auto kernel : {Kernel::scalar, Kernel::ssse3, Kernel::avx2, Kernel::gfni}) {
    if (!lumen::fec::is_supported(kernel)) continue;
    for (const auto& [k, m] : kEncode) {
      benchmark::RegisterBenchmark(name("encode", kernel, k, m).c_str(), encode, kernel, k, m);
    }
    for (const auto& shape : kRecover) {
      const auto title = name("recover", kernel, shape[0], shape[1]) + "/lost" + std::to_string(shape[2]);
      benchmark::RegisterBenchmark(title.c_str(), recover, kernel, shape);
    }
  }
}

const bool kRegistered = (register_all(), true);

}  // namespace
