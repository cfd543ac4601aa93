// Time to make parity and to recover lost data: our codes beside those of others, each at each SIMD level.
//   OPERATION/CASE/CODEC/LEVEL, where OPERATION is
//     encode         all parity of a block, or of all blocks of a frame
//     recover_worst  as many data shards lost as there are parity shards
//     recover_2pct   2 % of all shards lost (at least one), data and parity alike
//   and CASE is k+m (shards of 1408 bytes, as GameStream has them) or frame_SIZE: an access unit with 20 %
//   parity, in one block of 1392-byte shards where the code has room for it (catid/leopard wants a multiple
//   of 64: 1408), in blocks of up to 212 data shards of 1408 bytes as GameStream splits it where not.
// Losses are eight patterns from fixed seeds, taken in turn. Before it is timed, each coder has to give back
// what was lost.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>

#include "fec_peers.hpp"

namespace lumen::bench {
namespace {

constexpr std::size_t kPatterns = 8;
constexpr std::size_t kShapeBytes = 1408;
constexpr std::size_t kParityPercent = 20;

constexpr std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

struct Case {
  std::string name;
  std::size_t data = 0, parity = 0;  // a single block, or
  std::size_t frame_bytes = 0;       // a frame
  bool all_levels = false;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  constexpr std::array<std::array<std::size_t, 2>, 11> kBlocks{{{20, 4},
                                                                {50, 10},
                                                                {72, 15},
                                                                {100, 20},
                                                                {160, 32},
                                                                {178, 36},
                                                                {180, 36},
                                                                {200, 40},
                                                                {200, 51},
                                                                {212, 43},
                                                                {1000, 200}}};
  for (const auto& [k, m] : kBlocks) {
    all.push_back({.name = std::to_string(k) + "+" + std::to_string(m),
                   .data = k,
                   .parity = m,
                   .all_levels = k == 100 || k == 1000});
  }
  constexpr std::array<std::pair<const char*, std::size_t>, 5> kFrames{
      {{"20KB", 20'000}, {"100KB", 100'000}, {"500KB", 500'000}, {"2MB", 2'000'000}, {"10MB", 10'000'000}}};
  for (const auto& [size, bytes] : kFrames)
    all.push_back({.name = std::string{"frame_"} + size, .frame_bytes = bytes});
  return all;
}

// Blocks alike, except for the last one, which takes the rest.
std::vector<Shape> blocks_of(std::size_t frame_bytes, const Codec& codec) {
  const auto shard_bytes = codec.frame_shard_bytes;
  const auto count = divide_up(frame_bytes, codec.max_block_data * shard_bytes);
  const auto block_data = divide_up(frame_bytes / count, shard_bytes);
  std::vector<Shape> blocks;
  for (auto left = divide_up(frame_bytes, shard_bytes); left > 0; left -= blocks.back().data) {
    const auto data = std::min(left, block_data);
    blocks.push_back({data, divide_up(data * kParityPercent, 100), shard_bytes});
  }
  return blocks;
}

std::vector<Shape> blocks_of(const Case& work, const Codec& codec) {
  if (codec.is_for_show && !work.all_levels) return {};
  if (work.frame_bytes != 0)
    return codec.has_frames ? blocks_of(work.frame_bytes, codec) : std::vector<Shape>{};
  if (work.data + work.parity > codec.max_shards) return {};
  return {{work.data, work.parity, kShapeBytes}};
}

// Unlike the distributions of <random>, the same everywhere.
std::vector<std::size_t> choose(std::size_t count, std::size_t of, std::mt19937& random) {
  std::vector<std::size_t> chosen(of);
  std::iota(chosen.begin(), chosen.end(), std::size_t{0});
  for (std::size_t i = 0; i < count; ++i) std::swap(chosen[i], chosen[i + random() % (of - i)]);
  chosen.resize(count);
  return chosen;
}

// One pattern for a frame: losses block by block.
using FrameLosses = std::vector<Losses>;

FrameLosses worst_case(const std::vector<Shape>& blocks, std::mt19937& random) {
  FrameLosses losses;
  for (const auto& block : blocks)
    losses.emplace_back(block, choose(std::min(block.parity, block.data), block.data, random));
  return losses;
}

FrameLosses two_percent(const std::vector<Shape>& blocks, std::mt19937& random) {
  const auto total = std::transform_reduce(blocks.begin(), blocks.end(), std::size_t{0}, std::plus{},
                                           [](const Shape& block) { return block.total(); });
  auto lost = choose(std::max<std::size_t>(1, (total + 25) / 50), total, random);
  std::ranges::sort(lost);
  FrameLosses losses;
  std::size_t first = 0;
  auto next = lost.begin();
  for (const auto& block : blocks) {
    std::vector<std::size_t> here;
    for (; next != lost.end() && *next < first + block.total() && here.size() < block.parity; ++next)
      here.push_back(*next - first);
    losses.emplace_back(block, here);
    first += block.total();
    next = std::lower_bound(next, lost.end(), first);  // the rest of what a block cannot lose
  }
  return losses;
}

enum class Operation : std::uint8_t { encode, recover_worst, recover_2pct };
constexpr std::array kOperations{std::pair{Operation::encode, "encode"},
                                 std::pair{Operation::recover_worst, "recover_worst"},
                                 std::pair{Operation::recover_2pct, "recover_2pct"}};

// A codec at a case. Built when it is first run and kept for its other operations.
class Job {
 public:
  Job(Codec codec, std::vector<Shape> blocks) : codec_{std::move(codec)}, blocks_{std::move(blocks)} {}

  void run(benchmark::State& state, Operation operation) {
    if (coders_.empty()) build();
    if (!proven_) return state.SkipWithError("does not give back what was lost");
    bool good = true;
    std::size_t turn = 0;
    for (auto _ : state) {
      good = (operation == Operation::encode ? encode() : recover(patterns(operation)[turn++ % kPatterns])) &&
             good;
      benchmark::ClobberMemory();
    }
    if (!good) state.SkipWithError("refuses");
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(data_bytes()));
    state.counters["blocks"] = static_cast<double>(blocks_.size());
    state.counters["data_shards"] = static_cast<double>(blocks_.front().data);
    state.counters["parity_shards"] = static_cast<double>(blocks_.front().parity);
  }

 private:
  void build() {
    std::mt19937 random{1};
    for (std::size_t i = 0; i < kPatterns; ++i) {
      worst_.push_back(worst_case(blocks_, random));
      two_percent_.push_back(two_percent(blocks_, random));
    }
    for (const auto& block : blocks_) coders_.push_back(codec_.create(block));
    proven_ = prove();
  }
  const std::vector<FrameLosses>& patterns(Operation operation) const {
    return operation == Operation::recover_worst ? worst_ : two_percent_;
  }

  bool encode() {
    bool good = true;
    for (const auto& coder : coders_) good = coder->encode() && good;
    return good;
  }
  bool recover(const FrameLosses& losses) {
    bool good = true;
    for (std::size_t i = 0; i < coders_.size(); ++i) good = coders_[i]->recover(losses[i]) && good;
    return good;
  }

  // Every pattern of a single block, the first ones of a frame.
  bool prove() {
    const auto count = coders_.size() == 1 ? kPatterns : 1;
    for (std::size_t pattern = 0; pattern < count; ++pattern) {
      for (const auto* losses : {&worst_[pattern], &two_percent_[pattern]}) {
        for (std::size_t i = 0; i < coders_.size(); ++i) {
          if (!gives_back(*coders_[i], (*losses)[i])) return false;
        }
      }
    }
    return true;
  }
  static bool gives_back(Coder& coder, const Losses& losses) {
    const auto bytes = coder.shape().shard_bytes;
    std::vector<std::byte> truth(coder.shape().data * bytes);
    std::mt19937 random{2};
    for (auto& byte : truth) byte = static_cast<std::byte>(random());
    for (std::size_t i = 0; i < coder.shape().data; ++i)
      std::memcpy(coder.shards().data()[i], &truth[i * bytes], bytes);
    if (!coder.encode()) return false;
    for (std::size_t i = 0; i < coder.shape().total(); ++i) {
      if (!losses.present()[i]) std::memset(coder.shards().all()[i], 0xEE, bytes);
    }
    if (!coder.recover(losses)) return false;
    return std::ranges::all_of(losses.lost_data(), [&](std::size_t i) {
      const auto* recovered = coder.recovered(i);
      return recovered != nullptr && std::memcmp(recovered, &truth[i * bytes], bytes) == 0;
    });
  }

  std::size_t data_bytes() const {
    return std::transform_reduce(blocks_.begin(), blocks_.end(), std::size_t{0}, std::plus{},
                                 [](const Shape& block) { return block.data * block.shard_bytes; });
  }

  Codec codec_;
  std::vector<Shape> blocks_;
  std::vector<FrameLosses> worst_, two_percent_;
  std::vector<std::unique_ptr<Coder>> coders_;  // one a block
  bool proven_ = false;
};

std::vector<Codec> codecs() {
  std::vector<Codec> all;
  add_lumen(all);
  add_isal(all);
  add_cm256(all);
#ifdef LUMEN_BENCH_LEOPARD
  add_leopard(all);
#endif
#ifdef LUMEN_BENCH_NANORS
  add_nanors(all);
  add_nanors_avx2(all);
#endif
  return all;
}

void register_all() {
  for (const auto& work : cases()) {
    for (const auto& codec : codecs()) {
      auto blocks = blocks_of(work, codec);
      if (blocks.empty()) continue;
      const auto job = std::make_shared<Job>(codec, std::move(blocks));
      for (const auto& [operation, title] : kOperations) {
        // To have the matrix inverted already makes no difference to an encoder.
        if (operation == Operation::encode && codec.name == "isal-pass") continue;
        const auto name = std::string{title} + "/" + work.name + "/" + codec.name + "/" + codec.level;
        benchmark::RegisterBenchmark(name.c_str(), [job, what = operation](benchmark::State& state) {
          job->run(state, what);
        })->Unit(benchmark::kMicrosecond);
      }
    }
  }
}

const bool kRegistered = (register_all(), true);

}  // namespace
}  // namespace lumen::bench
