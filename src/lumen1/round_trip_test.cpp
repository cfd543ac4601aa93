// Host to client over a bad network: packetizer, sealer, loss, duplication, reordering, opener, reassembler.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <set>

#include "lumen1/test_frames.hpp"

namespace lumen::lumen1 {
namespace {

using namespace std::chrono_literals;
using test::Buffer;

struct Network {
  double loss = 0, duplication = 0;
  std::size_t reach = 0;  // a datagram overtakes at most this many
};

struct Sent {
  std::map<std::uint64_t, Buffer> frames;
  std::set<std::uint64_t> recoverable;
  std::vector<Buffer> arriving;
};

class Host {
 public:
  Host(std::uint32_t seed, const Network& network) : random_{seed}, network_{network} {}

  void send(std::uint64_t id, std::size_t bytes, bool lossless) {
    auto& unit = sent_.frames[id];
    unit = test::noise(bytes, static_cast<std::uint32_t>(id));
    const auto frame = packetizer_.pack(test::unit_of(unit, id), parity_).value();
    ASSERT_TRUE(packetizer_.seal(frame, 0, frame.datagrams, {}, {}, sealer_));
    count_arrivals(id, frame, lossless);
  }

  Sent finish() {
    for (auto& [order, datagram] : queue_) sent_.arriving.push_back(std::move(datagram));
    return std::move(sent_);
  }

 private:
  bool chance(double probability) { return std::uniform_real_distribution{}(random_) < probability; }
  std::size_t position() { return clock_ + random_() % (network_.reach + 1); }

  // What parity can mend is known from the geometry, which the test reads before it is sealed away.
  void count_arrivals(std::uint64_t id, const PackedFrame& frame, bool lossless) {
    const auto layout = test::pack(sent_.frames[id], id);
    std::size_t missing = 0;
    const auto parity = layout.header(0).parity_shards;
    for (std::size_t i = 0; i < frame.datagrams; ++i, ++clock_) {
      if (!lossless && chance(network_.loss)) {
        ++missing;
        continue;
      }
      const auto datagram = frame.datagram(i);
      const auto queued = queue_.emplace(position(), Buffer(datagram.begin(), datagram.end()));
      if (chance(network_.duplication)) queue_.emplace(position(), queued->second);
    }
    if (missing <= parity) sent_.recoverable.insert(id);
  }

  std::mt19937 random_;
  Network network_;
  VideoPacketizer packetizer_{test::codec()};
  ParityControl parity_;
  Sealer sealer_ = Sealer::create(test::keys(), 1).value();
  Sent sent_;
  std::multimap<std::size_t, Buffer> queue_;  // by position; equals in the order of sending
  std::size_t clock_ = 0;
};

class Client {
 public:
  explicit Client(const Sent& sent) : sent_{sent} {}

  void receive(Buffer datagram) {
    now_ += 10us;
    if (const auto opened = opener_.open(datagram)) reassembler_.push(opened->body, now_);
    deliver();
  }
  void wait(Duration duration) {
    now_ += duration;
    deliver();
  }

  std::set<std::uint64_t> delivered, lost;

 private:
  void deliver() {
    while (reassembler_.pop(unit_, now_)) {
      take_loss();
      const auto id = unit_.id.value;
      EXPECT_TRUE(delivered.empty() || *delivered.rbegin() < id) << "out of order";
      EXPECT_TRUE(unit_.bytes == sent_.frames.at(id)) << id;
      delivered.insert(id);
    }
    take_loss();
  }
  void take_loss() {
    if (const auto loss = reassembler_.take_loss()) {
      for (auto id = loss->first.value; id <= loss->last.value; ++id)
        EXPECT_TRUE(lost.insert(id).second) << id;
    }
  }

  const Sent& sent_;
  Timestamp now_ = test::at_ms(1);
  Opener opener_ = Opener::create(test::keys()).value();
  Reassembler reassembler_{test::codec()};
  AccessUnit unit_;
};

Sent send_frames(std::uint32_t seed, const Network& network, std::size_t frames, std::size_t max_bytes) {
  Host host{seed, network};
  std::mt19937 random{seed};
  const std::uint64_t first = random() / 2;
  for (std::uint64_t id = first; id < first + frames; ++id) {
    const auto bytes = 1 + random() % (random() % 4 == 0 ? max_bytes : max_bytes / 20);
    // The first and the last few arrive: what is before or after everything seen cannot be told.
    host.send(id, bytes, id == first || id + 3 >= first + frames);
  }
  return host.finish();
}

void expect_exactly_the_recoverable(const Sent& sent) {
  Client client{sent};
  for (const auto& datagram : sent.arriving) client.receive(datagram);
  client.wait(10ms);
  std::set<std::uint64_t> wanted, missing;
  for (const auto& [id, bytes] : sent.frames) (sent.recoverable.contains(id) ? wanted : missing).insert(id);
  EXPECT_EQ(client.delivered, wanted);
  EXPECT_EQ(client.lost, missing);
}

struct Case {
  const char* name;
  Network network;
  std::size_t frames, max_bytes;
  friend void PrintTo(const Case& self, std::ostream* out) { *out << self.name; }
};

class RoundTrip : public testing::TestWithParam<Case> {};

TEST_P(RoundTrip, delivers_exactly_what_parity_can_mend_and_names_the_rest) {
  for (std::uint32_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const auto& [name, network, frames, max_bytes] = GetParam();
    expect_exactly_the_recoverable(send_frames(seed, network, frames, max_bytes));
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, RoundTrip,
                         testing::Values(Case{"clean", {}, 30, 60'000},
                                         Case{"loss2", {0.02, 0, 0}, 60, 60'000},
                                         Case{"loss20", {0.20, 0, 0}, 120, 60'000},
                                         Case{"half", {0.5, 0.1, 8}, 60, 30'000},
                                         Case{"shuffled", {0.02, 0.02, 12}, 80, 30'000},
                                         Case{"large", {0.05, 0.01, 8}, 6, 300'000}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace lumen::lumen1
