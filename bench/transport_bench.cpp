// transport_bench: lumen/1's transport alone, from one core to another over the loopback. Access units that
// are there already are numbered, split, given parity, sealed and sent in trains (core::HostSession,
// net::UdpSocket) by one thread; another receives, opens, puts together and checks every byte
// (core::ClientSession). No encoder, no desktop.
//
//   transport_bench [--seconds N] [--runs N] [--sizes BYTES,…] [--parity PERCENT] [--loss PERCENT]
//                   [--window BYTES] [--cpus SENDER,RECEIVER] [--datagram BYTES] [--json FILE] [--urgent]
//                   [--relay]
//
// A loopback has no rate of its own, so the sender waits while more than --window bytes are on their way:
// what is measured is what the slower of the two ends carries without loss. Gbit/s counts bytes of access
// units alone, by the wall clock. ns/B is each thread's CPU time, the kernel's work included, per such byte:
// what it does not need of its core the program has for something else. Checking is in the receiver's
// wall-clock time but not in its ns/B. --urgent asks for real-time priority, for machines that do something
// else meanwhile. Exit status 1 when an access unit was lost or not what was sent.
#include <sched.h>

#include <atomic>
#include <bit>
#include <chrono>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/priority.hpp"
#include "base/thread.hpp"
#include "core/client_session.hpp"
#include "core/host_session.hpp"
#include "net/udp.hpp"
#include "tools/impairment/relay.hpp"

namespace lumen::bench {
namespace {

using namespace std::chrono_literals;

struct Options {
  double seconds = 2;
  int runs = 7;
  std::vector<std::size_t> sizes{2'000'000, 4'000'000, 6'000'000, 8'000'000, 10'000'000};
  double parity_percent = 20, loss_percent = 0;
  std::size_t window = 1'500'000, datagram = 0;
  int sender_cpu = 0, receiver_cpu = 1;
  std::string json;
  bool urgent = false, relay = false;
};

constexpr std::size_t kSocketBytes = 8U << 20U;
constexpr Duration kPatience = 200ms;  // for what is on its way

Timestamp now() { return SteadyTime{}.now(); }

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void settle_on(int cpu, bool urgent) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(cpu), &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) std::cerr << "cannot be pinned to core " << cpu << "\n";
  if (!urgent) return;
  if (const auto raised = raise_priority(Urgency::realtime); !raised)
    std::cerr << describe(raised.error()) << "\n";
}

// Depends on every byte and its place; faster than memory is read.
std::uint64_t digest(ByteView bytes) {
  constexpr std::size_t kLanes = 8;
  std::array<std::uint64_t, kLanes> lanes{};
  std::size_t at = 0;
  for (; at + sizeof lanes <= bytes.size(); at += sizeof lanes) {
    std::array<std::uint64_t, kLanes> block;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled here
    std::memcpy(block.data(), bytes.data() + at, sizeof block);
    for (std::size_t i = 0; i < kLanes; ++i) lanes[i] = (lanes[i] ^ block[i]) * 0x9e3779b97f4a7c15U;
  }
  std::uint64_t sum = bytes.size();
  for (; at < bytes.size(); ++at) sum = sum * 31 + std::to_integer<std::uint64_t>(bytes[at]);
  for (const auto lane : lanes) sum = std::rotl(sum, 7) ^ lane;
  return sum;
}

struct Unit {
  std::vector<std::byte> bytes;
  std::uint64_t sum = 0;
};

std::vector<Unit> make_units(const std::vector<std::size_t>& sizes) {
  std::mt19937_64 random{1};
  std::vector<Unit> units;
  for (const auto size : sizes) {
    Unit unit;
    unit.bytes.resize(size);
    for (std::size_t at = 0; at < size; at += sizeof(std::uint64_t)) {
      const auto word = random();
      std::memcpy(unit.bytes.data() + at, &word, std::min(sizeof word, size - at));
    }
    unit.sum = digest(unit.bytes);
    units.push_back(std::move(unit));
  }
  return units;
}

struct Figures {
  double gbit = 0, sender_ns = 0, receiver_ns = 0;  // per payload byte
  std::uint64_t frames_sent = 0, frames_right = 0, frames_wrong = 0, repaired = 0;
  std::uint64_t datagrams_sent = 0, datagrams_received = 0, refused = 0, dropped = 0;
};

core::HostSessionParams host_params(const Options& options) {
  core::HostSessionParams params;
  params.sender.rate = BitsPerSecond{0};
  params.sender.parity.min_percent = params.sender.parity.max_percent = options.parity_percent;
  params.sender.parity.min_shards = 0;
  params.sender.parity.small_frame_shards = 0;
  if (options.datagram != 0) params.sender.max_shard_bytes = options.datagram;
  return params;
}

// A relay that impairs nothing, and its thread.
class RelayThread {
 public:
  explicit RelayThread(const net::Endpoint& host)
      : relay_{impairment::Relay::create(
                   {.listen = net::Endpoint::parse("127.0.0.1", 0).value(), .host = host}, *loop_, *log_)
                   .value()} {}
  ~RelayThread() { loop_->stop(); }
  RelayThread(const RelayThread&) = delete;
  RelayThread& operator=(const RelayThread&) = delete;
  net::Endpoint address() const { return relay_->local(); }

 private:
  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  std::shared_ptr<Logger> log_ = make_null_logger();
  std::unique_ptr<impairment::Relay> relay_;
  OwnedThread thread_{"relay", [this](const std::stop_token&) { loop_->run(); }};  // last
};

class Transport {
 public:
  Transport(const Options& options, const std::vector<Unit>& units)
      : options_{options},
        units_{units},
        host_{host_params(options), codec_},
        client_{core::ClientReceiverParams{}, core::ClientWish{{1920, 1080, 60'000}, true}, codec_} {
    if (!options.relay) return;
    relay_ = std::make_unique<RelayThread>(to_);
    to_ = relay_->address();
  }

  // Hello and welcome in memory, and the first sealed word: then the host sends.
  bool connect() {
    for (int i = 0; i < 8 && !host_.sender().is_connected(); ++i) {
      const auto time = now();
      while (const auto datagram = client_.next_datagram(time).value_or(std::nullopt)) {
        std::vector<std::byte> copy{datagram->begin(), datagram->end()};
        if (!host_.receive(copy, time)) return false;
        answer(time);
      }
    }
    return host_.sender().is_connected();
  }

  Figures run() {
    {
      const OwnedThread receiver{"receiver", [this](const std::stop_token&) { receive(); }};
      const OwnedThread sender{"sender", [this](const std::stop_token&) { send(); }};
    }
    figures_.gbit = figures_.frames_right == 0 ? 0 : 8e-9 * payload_ / seconds_;
    figures_.repaired = client_.units().stats().reassembly.frames_repaired;
    return figures_;
  }

 private:
  void answer(Timestamp time) {
    while (const auto outgoing = host_.next(time)) {
      std::vector<std::byte> copy{outgoing->train.bytes.begin(), outgoing->train.bytes.end()};
      static_cast<void>(client_.receive(copy, time));
    }
  }

  void send() {
    settle_on(options_.sender_cpu, options_.urgent);
    const auto begun = now();
    const auto until =
        begun + std::chrono::duration_cast<Duration>(std::chrono::duration<double>{options_.seconds});
    const auto cpu = cpu_seconds();
    double waited = 0;
    std::size_t bytes = 0;
    for (std::uint64_t frame = 0; now() < until; ++frame) {
      const auto& unit = units_[frame % units_.size()];
      const auto kind = frame == 0 ? PictureKind::idr : PictureKind::delta;
      if (!host_.push({.kind = kind, .width = 3840, .height = 2160, .bytes = unit.bytes}, now())) break;
      static_cast<void>(host_.take_idr_request());
      waited += send_unit();
      bytes += unit.bytes.size();
      ++figures_.frames_sent;
    }
    figures_.sender_ns = 1e9 * (cpu_seconds() - cpu - waited) / static_cast<double>(bytes);
    over_.store(true, std::memory_order_release);
  }

  // Returns the CPU time that was spent in waiting for the receiver.
  double send_unit() {
    double waited = 0;
    while (const auto outgoing = host_.next(now())) {
      const auto& train = outgoing->train;
      const auto accepted = sender_.send_segments(to_, train.bytes, train.datagram_bytes);
      figures_.datagrams_sent += accepted;
      figures_.refused += train.datagrams - accepted;
      sent_bytes_ += train.bytes.size();
      if (on_way() > options_.window) waited += wait_for_receiver();
    }
    return waited;
  }
  std::uint64_t on_way() const { return sent_bytes_ - received_bytes_.load(std::memory_order_acquire); }

  double wait_for_receiver() {
    const auto cpu = cpu_seconds();
    const auto limit = now() + kPatience;
    while (on_way() > options_.window) {
      if (now() > limit) {  // lost on the way: it will not come any more
        sent_bytes_ = received_bytes_.load(std::memory_order_acquire);
        break;
      }
      __builtin_ia32_pause();
    }
    return cpu_seconds() - cpu;
  }

  void receive() {
    settle_on(options_.receiver_cpu, options_.urgent);
    const auto cpu = cpu_seconds();
    const net::UdpSocket::DatagramFn take = [this](const net::Endpoint&, MutableBytes datagram) {
      on_datagram(datagram);
    };
    auto last = now();
    while (!over_.load(std::memory_order_acquire) || now() - last < kPatience) {
      if (receiver_.receive(1ms, take) == 0) continue;
      last = now();
      received_bytes_.store(came_bytes_, std::memory_order_release);
    }
    const auto bytes = std::max(payload_, 1.0);
    figures_.receiver_ns = 1e9 * (cpu_seconds() - cpu - checking_) / bytes;
    seconds_ = std::chrono::duration<double>(last_right_ - first_).count();
  }

  void on_datagram(MutableBytes datagram) {
    ++figures_.datagrams_received;
    came_bytes_ += datagram.size();
    if (first_ == Timestamp{}) first_ = now();
    if (options_.loss_percent > 0 && chance_(random_) < options_.loss_percent / 100) {
      ++figures_.dropped;
      return;
    }
    const auto time = now();
    static_cast<void>(client_.receive(datagram, time));
    while (const auto bytes = client_.units().pop_view(unit_, time)) check(*bytes);
  }

  void check(ByteView bytes) {
    const auto cpu = cpu_seconds();
    const auto& wanted = units_[(unit_.id.value - 1) % units_.size()];
    const bool right = bytes.size() == wanted.bytes.size() && digest(bytes) == wanted.sum;
    ++(right ? figures_.frames_right : figures_.frames_wrong);
    payload_ += static_cast<double>(bytes.size());
    last_right_ = now();
    checking_ += cpu_seconds() - cpu;
  }

  const Options& options_;
  const std::vector<Unit>& units_;
  fec::Leopard codec_;
  core::HostSession host_;
  core::ClientSession client_;
  net::Endpoint any_ = net::Endpoint::parse("127.0.0.1", 0).value();
  net::UdpSocket sender_ = net::UdpSocket::bind({.local = any_}).value();
  net::UdpSocket receiver_ =
      net::UdpSocket::bind({.local = any_, .receive_buffer_bytes = kSocketBytes}).value();
  net::Endpoint to_ = receiver_.local().value();
  std::unique_ptr<RelayThread> relay_;
  Figures figures_;  // each part is written by one of the threads
  // sender
  std::uint64_t sent_bytes_ = 0;
  // Between the two: what came, and that nothing more will be sent.
  std::atomic<std::uint64_t> received_bytes_{0};
  std::atomic<bool> over_{false};
  // receiver
  AccessUnit unit_;
  std::uint64_t came_bytes_ = 0;
  double payload_ = 0, checking_ = 0, seconds_ = 1;
  Timestamp first_{}, last_right_{};
  std::mt19937 random_{3};
  std::uniform_real_distribution<double> chance_{0, 1};
};

bool is_right(const Figures& figures) {
  return figures.frames_sent > 0 && figures.frames_wrong == 0 && figures.frames_right == figures.frames_sent;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

template <class Number>
double median(const std::vector<Figures>& all, Number Figures::* member) {
  std::vector<double> values;
  for (const auto& figures : all) values.push_back(static_cast<double>(figures.*member));
  return median(std::move(values));
}

std::string to_json(const Options& options, const std::vector<Figures>& all) {
  std::string runs;
  for (const auto& f : all) {
    runs += fmt::format(
        "{}{{\"gbit_s\": {:.3f}, \"sender_ns_per_byte\": {:.4f}, \"receiver_ns_per_byte\": {:.4f}, "
        "\"frames_sent\": {}, \"frames_right\": {}, \"frames_repaired\": {}, \"datagrams_sent\": {}, "
        "\"datagrams_received\": {}}}",
        runs.empty() ? "" : ",\n    ", f.gbit, f.sender_ns, f.receiver_ns, f.frames_sent, f.frames_right,
        f.repaired, f.datagrams_sent, f.datagrams_received);
  }
  return fmt::format(
      "{{\"parity_percent\": {}, \"loss_percent\": {}, \"gbit_s\": {:.3f}, \"sender_ns_per_byte\": {:.4f}, "
      "\"receiver_ns_per_byte\": {:.4f},\n  \"runs\": [\n    {}]}}\n",
      options.parity_percent, options.loss_percent, median(all, &Figures::gbit),
      median(all, &Figures::sender_ns), median(all, &Figures::receiver_ns), runs);
}

void print(const char* name, const Figures& f) {
  fmt::print(
      "{:>6}  {:6.2f} Gbit/s  sender {:.3f} ns/B  receiver {:.3f} ns/B  frames {}/{} right, {} repaired  "
      "datagrams {} sent, {} lost, {} dropped\n",
      name, f.gbit, f.sender_ns, f.receiver_ns, f.frames_right, f.frames_sent, f.repaired, f.datagrams_sent,
      f.datagrams_sent - std::min(f.datagrams_sent, f.datagrams_received), f.dropped);
}

std::vector<std::size_t> numbers(const std::string& list) {
  std::vector<std::size_t> all;
  std::istringstream text{list};
  for (std::string item; std::getline(text, item, ',');) all.push_back(std::stoul(item));
  return all;
}

// False: an option that there is not.
bool take(Options& options, const std::string& name, const std::string& value) {
  if (name == "--seconds")
    options.seconds = std::stod(value);
  else if (name == "--runs")
    options.runs = std::stoi(value);
  else if (name == "--sizes")
    options.sizes = numbers(value);
  else if (name == "--parity")
    options.parity_percent = std::stod(value);
  else if (name == "--loss")
    options.loss_percent = std::stod(value);
  else if (name == "--window")
    options.window = std::stoul(value);
  else if (name == "--datagram")
    options.datagram = std::stoul(value);
  else if (name == "--json")
    options.json = value;
  else if (const auto cpus = name == "--cpus" ? numbers(value) : std::vector<std::size_t>{};
           cpus.size() == 2) {
    options.sender_cpu = static_cast<int>(cpus[0]);
    options.receiver_cpu = static_cast<int>(cpus[1]);
  } else {
    return false;
  }
  return true;
}

int run(const Options& options) {
  const auto units = make_units(options.sizes);
  std::vector<Figures> all;
  bool right = true;
  for (int i = 0; i < options.runs; ++i) {
    Transport transport{options, units};
    if (!transport.connect()) {
      std::cerr << "transport_bench: no connection\n";
      return 1;
    }
    all.push_back(transport.run());
    print(fmt::format("{}", i + 1).c_str(), all.back());
    right = right && is_right(all.back());
  }
  fmt::print("median  {:6.2f} Gbit/s  sender {:.3f} ns/B  receiver {:.3f} ns/B\n",
             median(all, &Figures::gbit), median(all, &Figures::sender_ns),
             median(all, &Figures::receiver_ns));
  if (!options.json.empty()) std::ofstream{options.json} << to_json(options, all);
  if (!right) std::cerr << "transport_bench: access units were lost or damaged\n";
  return right ? 0 : 1;
}

}  // namespace
}  // namespace lumen::bench

int main(int argc, char** argv) {
  lumen::bench::Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--urgent" || name == "--relay") {
      (name == "--urgent" ? options.urgent : options.relay) = true;
    } else if (i + 1 == argc || !lumen::bench::take(options, name, argv[++i])) {
      std::cerr << "transport_bench: what is '" << name << "'? The options are in the head of its source\n";
      return 2;
    }
  }
  return lumen::bench::run(options);
}
