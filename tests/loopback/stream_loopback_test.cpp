// The stream's two halves over real sockets and threads, with everything but a desktop: access units made
// here go through ring, packetizer, parity, cipher, UDP, injected loss, recovery and reassembly to a decoder
// that checks every byte.
#include <gtest/gtest.h>

#include <thread>

#include "host/client_port.hpp"
#include "stream/receive/stream_receiver.hpp"

namespace lumen {
namespace {

using namespace std::chrono_literals;

std::vector<std::byte> make_bytes(std::uint64_t seed, std::size_t size) {
  std::vector<std::byte> bytes(size);
  std::uint64_t state = seed * 0x9E3779B97F4A7C15U + 1;
  for (auto& byte : bytes) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<std::byte>(state >> 56U);
  }
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::byte>(seed >> (8 * i));
  return bytes;
}

// Remembers what it was given; a delta whose predecessor is missing is an error of the receiver.
struct Ledger {
  Mutex mutex;
  std::vector<std::uint64_t> seeds LUMEN_GUARDED_BY(mutex);
  std::uint64_t corrupt LUMEN_GUARDED_BY(mutex) = 0, undecodable LUMEN_GUARDED_BY(mutex) = 0;
};

class CheckingDecoder final : public VideoDecoder {
 public:
  explicit CheckingDecoder(Ledger& ledger) : ledger_{ledger} {}
  std::string name() const override { return "checking"; }
  Result<PictureView> decode(const AccessUnit& unit) override {
    std::uint64_t seed = 0;
    for (std::size_t i = 0; i < 8; ++i) seed |= std::to_integer<std::uint64_t>(unit.bytes.at(i)) << (8 * i);
    MutexLock lock{ledger_.mutex};
    if (unit.bytes != make_bytes(seed, unit.bytes.size())) ++ledger_.corrupt;
    if (unit.kind == PictureKind::delta && seed != last_ + 1) ++ledger_.undecodable;
    last_ = seed;
    ledger_.seeds.push_back(seed);
    return PictureView{.width = unit.width, .height = unit.height};
  }

 private:
  Ledger& ledger_;
  std::uint64_t last_ = 0;
};

class StreamLoopback : public testing::Test {
 protected:
  StreamLoopback() {
    EXPECT_TRUE(crypto::fill_random(secret_));
    port_ = std::make_unique<host::ClientPort>(
        std::uint8_t{0}, socket_, sender_, link_, board_,
        host::ClientEvents{[](const lumen1::ClientState&, std::uint64_t) {},
                           [this](std::uint64_t) { goodbye_.store(true); }},
        *log_);
    port_->admit(secret_);
    sender_.set_ring(ring_);
    network_ = std::make_unique<OwnedThread>("lm-net", [this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        socket_.receive(20ms, [this](const net::Endpoint& from, MutableBytes datagram) {
          remember(from);
          port_->on_datagram(from, datagram, SteadyTime{}.now());
        });
      }
    });
  }
  ~StreamLoopback() override { network_.reset(); }

  std::unique_ptr<stream::StreamReceiver> connect(double loss_percent) {
    const auto local = socket_.local().value();
    return stream::StreamReceiver::create(
               {.connect = {"127.0.0.1", local.port(), 0, secret_},
                .mode = {1280, 720, 60'000},
                .loss_percent = loss_percent,
                .loss_seed = 42,
                .make_decoder = [this](Codec) -> Result<std::unique_ptr<VideoDecoder>> {
                  return std::make_unique<CheckingDecoder>(ledger_);
                },
                .on_picture = [](const stream::DecodedPicture&) {},
                .on_host_state = [](const lumen1::HostState&) {},
                .on_failed = [](const Error& error) { ADD_FAILURE() << describe(error); }},
               *log_)
        .value();
  }
  bool wait_for(const std::function<bool()>& condition, Duration limit = 10s) {
    const auto deadline = SteadyTime{}.now() + limit;
    while (!condition()) {
      if (SteadyTime{}.now() > deadline) return false;
      std::this_thread::sleep_for(1ms);  // polling a condition, with a deadline
    }
    return true;
  }
  void remember(const net::Endpoint& from) {
    MutexLock lock{client_mutex_};
    client_ = from;
  }
  void wait_connected() {
    ASSERT_TRUE(wait_for([this] { return port_->counters().connections > 0; }));
  }
  // One access unit, an IDR when one was asked for, as an encoder would.
  void encode_next() {
    const bool idr = idr_wanted_.exchange(false) || next_seed_ == 1;
    const auto bytes = make_bytes(next_seed_, idr ? 30'000 : 12'000);
    const auto now = SteadyTime{}.now();
    if (ring_->try_push({FrameId{next_seed_},
                         Codec::h264,
                         idr ? PictureKind::idr : PictureKind::delta,
                         1280,
                         720,
                         bytes,
                         {now, now, now, now}})) {
      ++next_seed_;
      idr_made_ += idr ? 1 : 0;
    } else if (idr) {
      idr_wanted_.store(true);
    }
  }
  void run(int frames) {
    for (int i = 0; i < frames; ++i) {
      encode_next();
      std::this_thread::sleep_for(2ms);  // the encoder's pace
    }
  }
  // The same, but one that waits where the sender gets no time: a newer unit would take the place of what is
  // left of the one before.
  void run_in_step(int frames) {
    for (int i = 0; i < frames; ++i) {
      run(1);
      wait_for([this] { return sender_.stats().frames + 1 >= next_seed_; }, 1s);
    }
  }
  net::Endpoint client_endpoint() {
    MutexLock lock{client_mutex_};
    return client_;
  }
  std::vector<std::uint64_t> decoded() {
    MutexLock lock{ledger_.mutex};
    return ledger_.seeds;
  }
  void expect_sound() {
    MutexLock lock{ledger_.mutex};
    EXPECT_EQ(ledger_.corrupt, 0U);
    EXPECT_EQ(ledger_.undecodable, 0U);
    EXPECT_TRUE(std::ranges::is_sorted(ledger_.seeds));
  }

  std::shared_ptr<Logger> log_ = make_null_logger();
  lumen1::Secret secret_{};
  net::UdpSocket socket_ =
      net::UdpSocket::bind({.local = net::Endpoint::parse("127.0.0.1", 0).value()}).value();
  std::shared_ptr<link::SharedRing> ring_ =
      std::make_shared<link::SharedRing>(link::SharedRing::create().value());
  std::atomic<bool> idr_wanted_{false}, goodbye_{false};
  std::atomic<int> idr_asked_{0};
  fec::Leopard codec_;
  stream::VideoSender sender_{stream::SenderParams{.on_idr_needed =
                                                       [this] {
                                                         idr_wanted_.store(true);
                                                         idr_asked_.fetch_add(1);
                                                       }},
                              codec_, socket_, *log_};
  host::SessionPort link_;
  host::StateBoard board_;
  std::unique_ptr<host::ClientPort> port_;
  Ledger ledger_;
  std::uint64_t next_seed_ = 1;
  int idr_made_ = 0;
  Mutex client_mutex_;
  net::Endpoint client_ LUMEN_GUARDED_BY(client_mutex_);
  std::unique_ptr<OwnedThread> network_;
};

TEST_F(StreamLoopback, a_clean_link_delivers_every_unit) {
  const auto receiver = connect(0);
  wait_connected();
  run_in_step(400);
  EXPECT_TRUE(wait_for([&] { return !decoded().empty() && decoded().back() == next_seed_ - 1; }));
  expect_sound();
  EXPECT_EQ(decoded().size(), next_seed_ - decoded().front());
  EXPECT_EQ(receiver->stats().reassembly.frames_lost, 0U);
}

TEST_F(StreamLoopback, two_percent_loss_is_invisible) {
  const auto receiver = connect(2);
  wait_connected();
  run_in_step(1500);
  EXPECT_TRUE(wait_for([&] { return !decoded().empty() && decoded().back() == next_seed_ - 1; }));
  expect_sound();
  EXPECT_EQ(decoded().size(), next_seed_ - decoded().front());
  const auto stats = receiver->stats();
  EXPECT_GT(stats.dropped_by_injection, 100U);
  EXPECT_GT(stats.reassembly.shards_repaired, 50U);
  EXPECT_EQ(stats.reassembly.frames_lost, 0U);
}

// More than parity and repetition mend.
TEST_F(StreamLoopback, seventy_percent_loss_is_survived_without_a_storm_of_idr) {
  const auto receiver = connect(70);
  wait_connected();
  const auto begun = SteadyTime{}.now();
  run(500);
  EXPECT_TRUE(wait_for(
      [this] {
        run(1);
        return decoded().size() > 10;
      },
      60s));
  const auto took = SteadyTime{}.now() - begun;
  expect_sound();
  const auto stats = receiver->stats();
  EXPECT_GT(stats.reassembly.frames_lost, 0U);
  // Never more than one a round trip; the smallest assumed by the host's merger is a millisecond here.
  EXPECT_LE(idr_made_, 2 + took / 5ms);
  EXPECT_GE(sender_.stats().recovery_asked, static_cast<std::uint64_t>(idr_asked_));
}

TEST_F(StreamLoopback, a_client_that_leaves_says_so_and_another_takes_over) {
  auto first = connect(0);
  wait_connected();
  run(20);
  ASSERT_TRUE(wait_for([&] { return decoded().size() > 5; }));
  first.reset();
  EXPECT_TRUE(wait_for([&] { return port_->counters().connections == 1; }));
  const auto seen = decoded().size();
  const auto second = connect(0);
  ASSERT_TRUE(wait_for([&] { return port_->counters().connections == 2; }));
  EXPECT_TRUE(wait_for([&] {
    encode_next();
    return decoded().size() > seen + 5;
  }));
  MutexLock lock{ledger_.mutex};
  EXPECT_EQ(ledger_.corrupt, 0U);
}

TEST_F(StreamLoopback, random_datagrams_at_both_ends_change_nothing) {
  const auto receiver = connect(0);
  wait_connected();
  const auto attacker = net::UdpSocket::bind({.local = net::Endpoint::parse("127.0.0.1", 0).value()}).value();
  const auto host = socket_.local().value();
  std::uint64_t state = 99;
  std::vector<std::byte> junk;
  for (int i = 0; i < 20'000; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    junk.resize(1 + (state >> 40U) % 1400);
    for (std::size_t b = 0; b < junk.size(); b += 3) junk[b] = static_cast<std::byte>(state >> (b % 7 * 8));
    if (i % 2 == 0) junk[0] = static_cast<std::byte>(4 + i % 5);
    if (junk.size() > 1) junk[1] = std::byte{0};
    attacker.send_one(host, junk);
    if (i % 100 == 0) encode_next();
  }
  const auto client = client_endpoint();
  for (int i = 0; i < 20'000; ++i) {  // from the host's own address, so that it is looked at
    state = state * 6364136223846793005U + 1442695040888963407U;
    junk.resize(8 + (state >> 40U) % 1400);
    for (std::size_t b = 0; b < junk.size(); b += 3) junk[b] = static_cast<std::byte>(state >> (b % 7 * 8));
    junk[0] = static_cast<std::byte>(4 + i % 5);
    socket_.send_one(client, junk);
    if (i % 100 == 0) encode_next();
  }
  run(100);
  EXPECT_TRUE(wait_for([&] { return !decoded().empty() && decoded().back() == next_seed_ - 1; }));
  expect_sound();
  EXPECT_EQ(port_->counters().connections, 1U);
}

}  // namespace
}  // namespace lumen
