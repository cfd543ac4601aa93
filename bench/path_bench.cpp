// What one core carries of access units through the whole way of a datagram.
//   protect/SIZE/CIPHER/trains     packetize, 20 % parity, seal, send over the loopback in GSO trains that
//   stay
//                                  whole, as with a network card that segments
//   protect/SIZE/CIPHER/segments   the same where the kernel segments them
//   receive/SIZE/CIPHER/memory     open, put together, recover 2 % losses, from a queue of sealed datagrams
//   receive/SIZE/CIPHER/socket     the same from a socket's full queue, in GRO trains
// The socket at the far end of protect drops everything in a filter. gbit_s counts bytes of access units
// only, by the wall clock and by the thread's CPU time; allocations are those of C++ after the first frame.
#include <benchmark/benchmark.h>
#include <linux/filter.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "lumen1/packetizer.hpp"
#include "lumen1/reassembler.hpp"
#include "net/udp.hpp"

namespace {

std::size_t allocations = 0;  // of the one thread that there is

void* allocate(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace lumen::bench {
namespace {

using crypto::AeadBackend;

constexpr std::size_t kDatagramBytes = 1400;  // at most: shards come in steps of 16 bytes
constexpr std::size_t kShardBytes =
    kDatagramBytes - lumen1::kClearHeaderBytes - lumen1::kShardHeaderBytes - lumen1::kTagBytes;
constexpr std::size_t kParityPercent = 20;
constexpr std::size_t kRoundBytes = 4U << 20U;  // of access units, between two looks at the clock
constexpr std::size_t kSocketBytes = 8U << 20U;
constexpr std::size_t kWarmUpFrames = 64;  // every slot of the reassembler has had one

struct Setting {
  std::string name;
  std::size_t unit_bytes;
  AeadBackend cipher;
  std::size_t frames() const { return std::max<std::size_t>(1, kRoundBytes / unit_bytes); }  // of a round
  std::size_t warm_up_rounds() const { return (kWarmUpFrames + frames() - 1) / frames(); }
};

const fec::Leopard& codec() {
  static const fec::Leopard codec;
  return codec;
}

// Access units in, sealed datagrams out.
class Host {
 public:
  explicit Host(const Setting& setting)
      : bytes_(setting.unit_bytes),
        sealer_{lumen1::Sealer::create(lumen1::DirectionKeys{}, 0, setting.cipher).value()} {
    std::mt19937 random{1};
    for (auto& byte : bytes_) byte = static_cast<std::byte>(random());
  }

  lumen1::PackedFrame make() {
    const auto parity = (packetizer_.data_shards_for(bytes_.size()) * kParityPercent + 99) / 100;
    const AccessUnitView unit{.id = FrameId{next_++}, .width = 3840, .height = 2160, .bytes = bytes_};
    const auto frame = packetizer_.pack(unit, parity);
    const auto now = std::chrono::time_point_cast<Duration>(Clock::now());
    if (!frame || !packetizer_.seal(*frame, 0, frame->datagrams, now, now, sealer_)) std::abort();
    return *frame;
  }
  ByteView unit() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
  std::uint64_t next_ = 1;
  lumen1::VideoPacketizer packetizer_{codec(), kShardBytes};
  lumen1::Sealer sealer_;
};

// Datagrams in, access units out.
class Client {
 public:
  explicit Client(const Setting& setting)
      : opener_{lumen1::Opener::create(lumen1::DirectionKeys{}, setting.cipher).value()} {}

  void receive(MutableBytes datagram) {
    const auto opened = opener_.open(datagram);
    if (!opened) return;
    const auto now = Timestamp{std::chrono::seconds{1}};  // nothing waits for anything here
    reassembler_.push(opened->body, now);
    while (const auto bytes = reassembler_.pop_view(unit_, now)) {
      ++units_;
      if (!expected_.empty() && !std::ranges::equal(*bytes, expected_)) std::abort();
    }
  }
  void expect(ByteView bytes) { expected_ = bytes; }  // of every unit; nothing: no longer compared
  std::size_t units() const { return units_; }
  std::uint64_t repaired() const { return reassembler_.stats().frames_repaired; }

 private:
  lumen1::Opener opener_;
  lumen1::Reassembler reassembler_{codec()};
  AccessUnit unit_;
  std::size_t units_ = 0;
  ByteView expected_;
};

// A frame's datagrams, 2 % of them lost, moved together to one train.
MutableBytes lose(const lumen1::PackedFrame& frame, std::mt19937& random) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < frame.datagrams; ++i) {
    if (random() % 50 == 0) continue;
    if (kept != i) std::ranges::copy(frame.datagram(i), frame.datagram(kept).begin());
    ++kept;
  }
  return frame.bytes.first(kept * frame.datagram_bytes);
}

double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Sums up what `work` alone takes.
class Meter {
 public:
  template <class Work>
  void measure(Work work) {
    const auto allocated = allocations;
    const auto cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    const auto wall = seconds_of(CLOCK_MONOTONIC);
    work();
    round_ += seconds_of(CLOCK_MONOTONIC) - wall;
    cpu_ += seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
    allocations_ += allocations - allocated;
  }
  void end_round(benchmark::State& state) {
    state.SetIterationTime(round_);
    wall_ += round_;
    round_ = 0;
  }
  void report(benchmark::State& state, std::size_t unit_bytes) const {
    const auto bits = static_cast<double>(unit_bytes) * 8 * static_cast<double>(state.iterations());
    state.counters["gbit_s"] = bits / wall_ * 1e-9;
    state.counters["gbit_s_cpu"] = bits / cpu_ * 1e-9;
    state.counters["allocations"] = static_cast<double>(allocations_);
  }

 private:
  double round_ = 0, wall_ = 0, cpu_ = 0;
  std::size_t allocations_ = 0;
};

// Takes everything and keeps nothing.
class Sink {
 public:
  explicit Sink(bool takes_trains)
      : socket_{net::UdpSocket::bind(
                    {.local = net::Endpoint::parse("127.0.0.1", 0).value(), .offload = takes_trains})
                    .value()} {
    sock_filter drop{.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = 0};
    const sock_fprog program{.len = 1, .filter = &drop};
    if (setsockopt(socket_.fd(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) std::abort();
  }
  net::Endpoint address() const { return socket_.local().value(); }

 private:
  net::UdpSocket socket_;
};

void protect(benchmark::State& state, const Setting& setting, bool whole_trains) {
  Host host{setting};
  const Sink sink{whole_trains};
  const auto to = sink.address();
  auto sender = net::UdpSocket::bind({.local = net::Endpoint::parse("127.0.0.1", 0).value()}).value();
  bool good = sender.has_segmentation_offload();
  const auto send_one_frame = [&] {
    const auto frame = host.make();
    good = sender.send_segments(to, frame.bytes, frame.datagram_bytes) == frame.datagrams && good;
  };
  send_one_frame();  // sizes are known from now on
  Meter meter;
  for (auto _ : state) {
    meter.measure([&] {
      for (std::size_t i = 0; i < setting.frames(); ++i) send_one_frame();
    });
    meter.end_round(state);
  }
  if (!good) state.SkipWithError("the kernel refused datagrams");
  meter.report(state, setting.unit_bytes * setting.frames());
}

void check_client(benchmark::State& state, const Client& client, std::size_t units) {
  if (client.units() != units) return state.SkipWithError("frames were lost");
  if (client.repaired() == 0) state.SkipWithError("no frame needed its parity");
}

// The sealed datagrams of a round.
class Queue {
 public:
  void fill(Host& host, std::size_t frames, std::mt19937& random) {
    bytes_.clear();
    for (std::size_t i = 0; i < frames; ++i) {
      const auto frame = host.make();
      datagram_bytes_ = frame.datagram_bytes;
      const auto train = lose(frame, random);
      bytes_.insert(bytes_.end(), train.begin(), train.end());
    }
  }
  void drain(Client& client) {
    for (std::size_t at = 0; at < bytes_.size(); at += datagram_bytes_)
      client.receive(MutableBytes{bytes_}.subspan(at, datagram_bytes_));
  }

 private:
  std::vector<std::byte> bytes_;
  std::size_t datagram_bytes_ = 0;
};

void receive_from_memory(benchmark::State& state, const Setting& setting) {
  Host host{setting};
  Client client{setting};
  Queue queue;
  std::mt19937 random{2};
  std::size_t units = 0;
  const auto fill = [&] {
    queue.fill(host, setting.frames(), random);
    units += setting.frames();
  };
  client.expect(host.unit());
  for (std::size_t i = 0; i < setting.warm_up_rounds(); ++i) {
    fill();
    queue.drain(client);
  }
  client.expect({});
  Meter meter;
  for (auto _ : state) {
    fill();
    meter.measure([&] { queue.drain(client); });
    meter.end_round(state);
  }
  check_client(state, client, units);
  meter.report(state, setting.unit_bytes * setting.frames());
}

void receive_from_socket(benchmark::State& state, const Setting& setting) {
  Host host{setting};
  Client client{setting};
  const auto local = net::Endpoint::parse("127.0.0.1", 0).value();
  auto sender = net::UdpSocket::bind({.local = local}).value();
  auto receiver = net::UdpSocket::bind({.local = local, .receive_buffer_bytes = kSocketBytes}).value();
  const auto to = receiver.local().value();
  std::mt19937 random{2};
  std::size_t units = 0;
  std::size_t sent = 0;
  const auto send_one_frame = [&] {
    const auto frame = host.make();
    const auto train = lose(frame, random);
    sent = sender.send_segments(to, train, frame.datagram_bytes);
    ++units;
  };
  const net::UdpSocket::DatagramFn on_datagram = [&client](const net::Endpoint&, MutableBytes datagram) {
    client.receive(datagram);
  };
  const auto drain = [&] {
    for (std::size_t received = 0; received < sent;) {
      const auto some = receiver.receive(Duration::zero(), on_datagram);
      if (some == 0) break;  // lost: the socket's buffer is too small
      received += some;
    }
  };
  client.expect(host.unit());
  for (std::size_t i = 0; i < kWarmUpFrames; ++i) {
    send_one_frame();
    drain();
  }
  client.expect({});
  Meter meter;
  for (auto _ : state) {
    for (std::size_t i = 0; i < setting.frames(); ++i) {
      send_one_frame();
      meter.measure(drain);
    }
    meter.end_round(state);
  }
  check_client(state, client, units);
  meter.report(state, setting.unit_bytes * setting.frames());
}

std::vector<Setting> settings() {
  constexpr std::array<std::pair<const char*, std::size_t>, 3> kUnits{
      {{"100KB", 100'000}, {"500KB", 500'000}, {"2MB", 2'000'000}}};
  constexpr std::array<std::pair<const char*, AeadBackend>, 2> kCiphers{
      {{"ipsec_mb", AeadBackend::ipsec_mb}, {"openssl", AeadBackend::openssl}}};
  std::vector<Setting> all;
  for (const auto& [cipher, backend] : kCiphers) {
    if (!lumen1::Sealer::create(lumen1::DirectionKeys{}, 0, backend)) continue;
    for (const auto& [size, bytes] : kUnits)
      all.push_back({std::string{size} + "/" + cipher, bytes, backend});
  }
  return all;
}

template <class Run>
void add(const std::string& name, Run run) {
  benchmark::RegisterBenchmark(name.c_str(), run)->UseManualTime()->Unit(benchmark::kMicrosecond);
}

void register_all() {
  for (const auto& setting : settings()) {
    for (const bool trains : {true, false}) {
      add("protect/" + setting.name + (trains ? "/trains" : "/segments"),
          [=](benchmark::State& state) { protect(state, setting, trains); });
    }
    add("receive/" + setting.name + "/memory",
        [=](benchmark::State& state) { receive_from_memory(state, setting); });
    add("receive/" + setting.name + "/socket",
        [=](benchmark::State& state) { receive_from_socket(state, setting); });
  }
}

const bool kRegistered = (register_all(), true);

}  // namespace
}  // namespace lumen::bench
