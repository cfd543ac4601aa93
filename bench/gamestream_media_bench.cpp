// What a frame of GameStream video costs on its way: pack (with parity and, where wanted, encryption) at the
// host, reassemble at the client, per datagram; and until its first datagrams can leave. Times are the
// thread's CPU time, so that what else the machine does counts less.
#include <benchmark/benchmark.h>

#include <ctime>

#include "gamestream/media/audio_packetizer.hpp"
#include "gamestream/media/video_packetizer.hpp"
#include "gamestream/media/video_reassembler.hpp"

namespace {

using namespace lumen;
using namespace lumen::gamestream;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

constexpr std::array<std::byte, 16> kKey{};

class Way {
 public:
  explicit Way(const benchmark::State& state)
      : bytes_(static_cast<std::size_t>(state.range(0)), std::byte{0x5A}), encrypted_{state.range(1) != 0} {}

  std::optional<DatagramTrain> pack() {
    const auto packed = host_.pack({.id = FrameId{1}, .bytes = bytes_}, {.time = RtpTicks{1}});
    if (!packed) std::abort();
    datagrams_ = packed->datagrams;
    return host_.next_train();
  }
  std::optional<DatagramTrain> next() { return host_.next_train(); }
  void keep(const DatagramTrain& train) { sent_.insert(sent_.end(), train.bytes.begin(), train.bytes.end()); }
  // `lose`: one of each ten datagrams.
  void receive(bool lose) {
    const auto size = host_.datagram_bytes();
    for (std::size_t i = 0; i < datagrams_; ++i) {
      if (!lose || i % 10 != 0) client_.push(MutableBytes{sent_}.subspan(i * size, size), Timestamp{});
    }
    if (!client_.pop(frame_, Timestamp{})) std::abort();
  }
  void forget() { sent_.clear(); }
  std::size_t datagrams() const { return datagrams_; }

 private:
  ByteView key() const { return ByteView{kKey}.first(encrypted_ ? kKey.size() : 0); }
  std::vector<std::byte> bytes_, sent_;
  bool encrypted_;
  std::size_t datagrams_ = 0;
  VideoPacketizer host_ = VideoPacketizer::create({.plan = {.packet_size = 1392}}, key()).value();
  VideoReassembler client_ = VideoReassembler::create({.packet_size = 1392}, key()).value();
  ReceivedFrame frame_;
};

// Measures `work` alone, per iteration and per datagram.
template <class Work>
double measure(benchmark::State& state, Work work) {
  const auto begin = cpu_seconds();
  work();
  const auto seconds = cpu_seconds() - begin;
  state.SetIterationTime(seconds);
  return seconds;
}

void report(benchmark::State& state, const Way& way, double total) {
  const auto datagrams = static_cast<double>(way.datagrams());
  state.counters["datagrams"] = datagrams;
  state.counters["ns_per_datagram"] = total * 1e9 / datagrams / static_cast<double>(state.iterations());
}

void pack(benchmark::State& state) {
  Way way{state};
  double total = 0;
  for ([[maybe_unused]] auto each : state) {
    total += measure(state, [&way] {
      for (auto train = way.pack(); train; train = way.next()) benchmark::DoNotOptimize(train->bytes.data());
    });
  }
  report(state, way, total);
}

void pack_first_train(benchmark::State& state) {
  Way way{state};
  double total = 0;
  for ([[maybe_unused]] auto each : state)
    total += measure(state, [&way] { benchmark::DoNotOptimize(way.pack()); });
  report(state, way, total);
}

void receive(benchmark::State& state, bool lose) {
  Way way{state};
  double total = 0;
  for ([[maybe_unused]] auto each : state) {
    way.forget();
    for (auto train = way.pack(); train; train = way.next()) way.keep(*train);
    total += measure(state, [&] { way.receive(lose); });
  }
  report(state, way, total);
}

// Bytes of the access unit, encrypted.
void sizes(benchmark::internal::Benchmark* bench) {
  for (const std::int64_t encrypted : {0, 1}) {
    for (const std::int64_t bytes : {1'000, 20'000, 100'000, 400'000, 1'000'000})
      bench->Args({bytes, encrypted});
  }
  bench->UseManualTime()->Unit(benchmark::kMicrosecond);
}

BENCHMARK(pack)->Apply(sizes);
BENCHMARK(pack_first_train)->Apply(sizes);
BENCHMARK_CAPTURE(receive, whole, false)->Apply(sizes);
BENCHMARK_CAPTURE(receive, lossy, true)->Apply(sizes);

void pack_audio(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  auto host =
      AudioPacketizer::create({}, ByteView{kKey}.first(state.range(1) != 0 ? kKey.size() : 0)).value();
  const std::vector<std::byte> opus(bytes, std::byte{0x5A});
  for ([[maybe_unused]] auto each : state) benchmark::DoNotOptimize(host.pack(opus));
}
BENCHMARK(pack_audio)->Args({60, 0})->Args({60, 1})->Args({960, 0})->Args({960, 1});

}  // namespace
