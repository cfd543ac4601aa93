// Whether any shape of block is slower than with the peer that has the same code: our encoder and decoder
// beside theirs, at the same SIMD level, over many (k, m) of 1408-byte shards. Prints JSON; needs the peers'
// sources.
//   fec_sweep [nanors|leopard]    default: both
// Before that, both have to make the same parity. They take turns; each time is the best of several, so that
// a busy machine distorts little.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string_view>
#include <utility>

#include "fec_peers.hpp"

namespace lumen::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kShardBytes = 1408;
constexpr std::chrono::microseconds kSample{100};
constexpr int kTurns = 7;

struct Rivalry {
  std::string_view ours, theirs;
  std::size_t max_total;
};
constexpr std::array kRivalries{Rivalry{"lumen-gamestream", "nanors", 255},
                                Rivalry{"lumen-leopard", "leopard", 20'000}};

constexpr auto kData =
    std::to_array<std::size_t>({1,   2,   3,   4,   6,   8,   12,  16,  24,  32,  40,   48,   64,   80,
                                100, 128, 160, 180, 200, 212, 240, 253, 300, 500, 1000, 2000, 4000, 8000});
constexpr auto kParity =
    std::to_array<std::size_t>({1,  2,  3,  4,  5,  6,  8,  10, 12,  15,  16,  20,  24,  28,  31,  32,
                                36, 40, 43, 48, 51, 63, 64, 96, 100, 127, 128, 200, 400, 800, 1600});

// No more parity than data, for which catid/leopard has no code; in large blocks 2 % at least.
std::vector<Shape> shapes(const Rivalry& rivalry) {
  std::vector<Shape> all;
  for (const auto k : kData) {
    for (const auto m : kParity) {
      if (m <= k && k + m <= rivalry.max_total && (k <= 253 || m * 50 >= k))
        all.push_back({k, m, kShardBytes});
    }
  }
  return all;
}

// The data shards that are lost, spread evenly.
Losses spread(const Shape& shape, std::size_t count) {
  std::vector<std::size_t> lost;
  for (std::size_t i = 0; i < count; ++i) lost.push_back(i * shape.data / count);
  return {shape, lost};
}

template <class Work>
double microseconds(Work work, std::size_t times) {
  const auto begin = Clock::now();
  for (std::size_t i = 0; i < times; ++i) work();
  const auto taken = std::chrono::duration<double, std::micro>(Clock::now() - begin);
  return taken.count() / static_cast<double>(times);
}

// The best of each, in µs.
template <class Ours, class Theirs>
std::pair<double, double> compare(Ours ours, Theirs theirs) {
  const auto times = [](double once) {
    const auto sample = std::chrono::duration<double, std::micro>(kSample).count();
    return std::max<std::size_t>(1, static_cast<std::size_t>(sample / std::max(once, 0.01)));
  };
  auto best = std::pair{microseconds(ours, 1), microseconds(theirs, 1)};  // also warms up
  for (int turn = 0; turn < kTurns; ++turn) {
    best.first = std::min(best.first, microseconds(ours, times(best.first)));
    best.second = std::min(best.second, microseconds(theirs, times(best.second)));
  }
  return best;
}

class Printer {
 public:
  Printer() { std::fputs("{\"sweep\": [", stdout); }
  ~Printer() { std::fputs("\n]}\n", stdout); }
  Printer(const Printer&) = delete;
  Printer& operator=(const Printer&) = delete;

  void print(std::string_view operation, const Shape& shape, const Codec& ours, const Codec& theirs,
             std::pair<double, double> us) {
    std::printf(
        "%s\n {\"operation\": \"%.*s\", \"data_shards\": %zu, \"parity_shards\": %zu, \"level\": \"%s\", "
        "\"codec\": \"%s\", \"peer\": \"%s\", \"us\": %.3f, \"peer_us\": %.3f}",
        std::exchange(comma_, ","), static_cast<int>(operation.size()), operation.data(), shape.data,
        shape.parity, ours.level.c_str(), ours.name.c_str(), theirs.name.c_str(), us.first, us.second);
  }

 private:
  const char* comma_ = "";
};

// Whether both make the same parity.
bool agree(Coder& ours, Coder& theirs) {
  std::mt19937 random{1};
  for (std::size_t i = 0; i < ours.shape().data; ++i) {
    const std::span shard{ours.shards().data()[i], kShardBytes};
    std::ranges::generate(shard, [&] { return static_cast<std::byte>(random()); });
    std::ranges::copy(shard, theirs.shards().data()[i]);
  }
  if (!ours.encode() || !theirs.encode()) return false;
  for (std::size_t j = 0; j < ours.shape().parity; ++j) {
    if (std::memcmp(ours.shards().parity()[j], theirs.shards().parity()[j], kShardBytes) != 0) return false;
  }
  return true;
}

void sweep(const Rivalry& rivalry, const Codec& ours, const Codec& theirs, Printer& printer) {
  for (const auto& shape : shapes(rivalry)) {
    const auto mine = ours.create(shape);
    const auto other = theirs.create(shape);
    if (!agree(*mine, *other)) {
      std::fprintf(stderr, "%s and %s disagree at %zu+%zu\n", ours.name.c_str(), theirs.name.c_str(),
                   shape.data, shape.parity);
      std::exit(1);
    }
    printer.print("encode", shape, ours, theirs, compare([&] { mine->encode(); }, [&] { other->encode(); }));
    const auto one = spread(shape, 1);
    printer.print("recover_one", shape, ours, theirs,
                  compare([&] { mine->recover(one); }, [&] { other->recover(one); }));
    const auto worst = spread(shape, shape.parity);
    printer.print("recover_worst", shape, ours, theirs,
                  compare([&] { mine->recover(worst); }, [&] { other->recover(worst); }));
  }
}

std::vector<Codec> codecs() {
  std::vector<Codec> all;
  add_lumen(all);
#ifdef LUMEN_BENCH_LEOPARD
  add_leopard(all);
#endif
#ifdef LUMEN_BENCH_NANORS
  add_nanors(all);
  add_nanors_avx2(all);
#endif
  return all;
}

void run(std::string_view only) {
  const auto all = codecs();
  Printer printer;
  for (const auto& rivalry : kRivalries) {
    if (!only.empty() && only != rivalry.theirs) continue;
    for (const auto& theirs : all) {
      if (theirs.name != rivalry.theirs) continue;
      const auto ours = std::ranges::find_if(
          all, [&](const Codec& codec) { return codec.name == rivalry.ours && codec.level == theirs.level; });
      if (ours != all.end()) sweep(rivalry, *ours, theirs, printer);
    }
  }
}

}  // namespace
}  // namespace lumen::bench

int main(int argc, char** argv) { lumen::bench::run(argc > 1 ? argv[1] : ""); }
