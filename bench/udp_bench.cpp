// What one datagram costs: a train per system call (GSO, GRO) against one datagram at a time. One thread
// sends over the loopback and empties the receiver between trains, so that nothing is lost.
#include <benchmark/benchmark.h>

#include <vector>

#include "net/udp.hpp"

namespace lumen::net {
namespace {

constexpr std::size_t kSegmentBytes = 1440;

UdpSocket loopback(bool offload) {
  return UdpSocket::bind({.local = Endpoint::parse("127.0.0.1", 0).value(), .offload = offload}).value();
}

struct Pair {
  explicit Pair(bool send_offload, bool receive_offload)
      : sender{loopback(send_offload)}, receiver{loopback(receive_offload)} {}
  std::size_t drain() {
    return receiver.receive(Duration::zero(), [](const Endpoint&, MutableBytes) {});
  }

  UdpSocket sender, receiver;
  const Endpoint to = receiver.local().value();
};

void count_datagrams(benchmark::State& state, std::size_t sent, std::size_t received) {
  state.SetItemsProcessed(static_cast<std::int64_t>(sent));
  state.SetBytesProcessed(static_cast<std::int64_t>(sent * kSegmentBytes));
  state.counters["lost"] = static_cast<double>(sent - received);
}

void send_train(benchmark::State& state, bool gso, bool gro) {
  Pair pair{gso, gro};
  const std::vector<std::byte> train(static_cast<std::size_t>(state.range(0)) * kSegmentBytes);
  std::size_t sent = 0;
  std::size_t received = 0;
  for (auto _ : state) {
    sent += pair.sender.send_segments(pair.to, train, kSegmentBytes);
    received += pair.drain();
  }
  count_datagrams(state, sent, received);
}

void send_one_by_one(benchmark::State& state) {
  Pair pair{false, false};
  const std::vector<std::byte> datagram(kSegmentBytes);
  std::size_t sent = 0;
  std::size_t received = 0;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i)
      sent += pair.sender.send_one(pair.to, datagram) ? 1U : 0U;
    received += pair.drain();
  }
  count_datagrams(state, sent, received);
}

BENCHMARK_CAPTURE(send_train, gso_gro, true, true)->Arg(1)->Arg(8)->Arg(44)->Arg(256);
BENCHMARK_CAPTURE(send_train, gso_only, true, false)->Arg(8)->Arg(44)->Arg(256);
BENCHMARK_CAPTURE(send_train, sendmmsg, false, false)->Arg(8)->Arg(44)->Arg(256);
BENCHMARK(send_one_by_one)->Arg(8)->Arg(44)->Arg(256);

}  // namespace
}  // namespace lumen::net
