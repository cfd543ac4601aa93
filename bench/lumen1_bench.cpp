// What a frame costs on its way: pack and seal at the host, open and reassemble at the client, per datagram.
// Every frame is new; the side that is not measured runs outside the clock.
#include <benchmark/benchmark.h>

#include <chrono>

#include "lumen1/packetizer.hpp"
#include "lumen1/reassembler.hpp"

namespace {

using namespace lumen;
using namespace lumen::lumen1;

using Seconds = std::chrono::duration<double>;

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
  VideoPacketizer packetizer_;
  ParityControl parity_;
  Sealer sealer_ = Sealer::create(DirectionKeys{}, 0).value();
  Opener opener_ = Opener::create(DirectionKeys{}).value();
  Reassembler reassembler_;
  AccessUnit unit_;
};

template <class Work>
Seconds timed(Work work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::steady_clock::now() - begin;
}

void report(benchmark::State& state, const PackedFrame& frame) {
  const auto datagrams = static_cast<double>(frame.datagrams);
  state.counters["datagrams"] = datagrams;
  state.counters["ns/datagram"] = benchmark::Counter(
      datagrams * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void pack_and_seal(benchmark::State& state) {
  Way way{static_cast<std::size_t>(state.range(0))};
  PackedFrame frame;
  for (auto _ : state) {
    frame = way.pack();
    way.seal(frame);
  }
  report(state, frame);
}
BENCHMARK(pack_and_seal)->Arg(20'000)->Arg(500'000)->Unit(benchmark::kMicrosecond);

void pack_only(benchmark::State& state) {
  Way way{static_cast<std::size_t>(state.range(0))};
  PackedFrame frame;
  for (auto _ : state) frame = way.pack();
  report(state, frame);
}
BENCHMARK(pack_only)->Arg(20'000)->Arg(500'000)->Unit(benchmark::kMicrosecond);

void open_and_reassemble(benchmark::State& state) {
  Way way{static_cast<std::size_t>(state.range(0))};
  const bool lose = state.range(1) != 0;
  PackedFrame frame;
  for (auto _ : state) {
    frame = way.pack();
    way.seal(frame);
    state.SetIterationTime(timed([&] { way.receive(frame, lose); }).count());
  }
  report(state, frame);
}
BENCHMARK(open_and_reassemble)
    ->ArgsProduct({{20'000, 500'000}, {0, 1}})
    ->ArgNames({"bytes", "loss"})
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
