// What a frame costs on its way: pack and seal at the host, open and reassemble at the client, per datagram.
// Every frame is new; the side that is not measured runs outside the clock. Times are the thread's CPU time,
// so that what else the machine does counts less.
#include <benchmark/benchmark.h>

#include <ctime>

#include "lumen1/packetizer.hpp"
#include "lumen1/reassembler.hpp"

namespace {

using namespace lumen;
using namespace lumen::lumen1;

class Way {
 public:
  explicit Way(std::size_t frame_bytes) : bytes_(frame_bytes, std::byte{0x5A}) {}

  PackedFrame pack() {
    const AccessUnitView unit{.id = FrameId{next_++}, .width = 1920, .height = 1080, .bytes = bytes_};
    return packetizer_.pack(unit, parity_).value();
  }
  void seal(const PackedFrame& frame) {
    if (!packetizer_.seal(frame, 0, frame.datagrams, Timestamp{}, Timestamp{}, sealer_)) std::abort();
  }
  // `lose`: the first datagram of each ten, as far as parity reaches.
  void receive(const PackedFrame& frame, bool lose) {
    const auto spare = lose ? (frame.datagrams - frame.data_datagrams) / 2 : 0;
    for (std::size_t i = 0; i < frame.datagrams; ++i) {
      if (i % 10 == 0 && i / 10 < spare) continue;
      const auto opened = opener_.open(frame.datagram(i));
      if (!opened) std::abort();
      reassembler_.push(opened->body, Timestamp{});
    }
    if (!reassembler_.pop(unit_, Timestamp{})) std::abort();
  }

 private:
  std::vector<std::byte> bytes_;
  std::uint64_t next_ = 1;
  fec::Leopard codec_;
  VideoPacketizer packetizer_{codec_};
  ParityControl parity_;
  Sealer sealer_ = Sealer::create(DirectionKeys{}, 0).value();
  Opener opener_ = Opener::create(DirectionKeys{}).value();
  Reassembler reassembler_{codec_};
  AccessUnit unit_;
};

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Measures `work` alone, per iteration and per datagram.
class Meter {
 public:
  explicit Meter(benchmark::State& state) : state_{state} {}
  template <class Work>
  void measure(Work work) {
    const auto begin = cpu_seconds();
    work();
    const auto seconds = cpu_seconds() - begin;
    total_ += seconds;
    state_.SetIterationTime(seconds);
  }
  void report(const PackedFrame& frame) {
    const auto datagrams = static_cast<double>(frame.datagrams);
    state_.counters["datagrams"] = datagrams;
    state_.counters["ns_per_datagram"] = total_ * 1e9 / datagrams / static_cast<double>(state_.iterations());
  }

 private:
  benchmark::State& state_;
  double total_ = 0;
};

void pack(benchmark::State& state) {
  Way way{static_cast<std::size_t>(state.range(0))};
  Meter meter{state};
  PackedFrame frame;
  for (auto _ : state) meter.measure([&] { frame = way.pack(); });
  meter.report(frame);
}

void pack_and_seal(benchmark::State& state) {
  Way way{static_cast<std::size_t>(state.range(0))};
  Meter meter{state};
  PackedFrame frame;
  for (auto _ : state) {
    meter.measure([&] {
      frame = way.pack();
      way.seal(frame);
    });
  }
  meter.report(frame);
}

void open_and_reassemble(benchmark::State& state) {
  Way way{static_cast<std::size_t>(state.range(0))};
  const bool lose = state.range(1) != 0;
  Meter meter{state};
  PackedFrame frame;
  for (auto _ : state) {
    frame = way.pack();
    way.seal(frame);
    meter.measure([&] { way.receive(frame, lose); });
  }
  meter.report(frame);
}

BENCHMARK(pack)->Arg(20'000)->Arg(500'000)->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(pack_and_seal)->Arg(20'000)->Arg(500'000)->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(open_and_reassemble)
    ->ArgsProduct({{20'000, 500'000}, {0, 1}})
    ->ArgNames({"bytes", "loss"})
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
