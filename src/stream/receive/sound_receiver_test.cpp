// Sealed datagrams to an output, with the real thread.
#include "stream/receive/sound_receiver.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "audio/clock_output.hpp"
#include "audio/opus_encoder.hpp"
#include "audio/test_tone.hpp"

namespace lumen::stream {
namespace {

using namespace std::chrono_literals;

Timestamp now() { return SteadyTime{}.now(); }

class SoundReceiverTest : public testing::Test {
 protected:
  void connect() {
    EXPECT_TRUE(crypto::fill_random(keys_.secret));
    sealer_ = lumen1::Sealer::create(keys_, 0).value();
    packetizer_ = lumen1::SoundPacketizer{lumen1::Kind::sound};
    receiver_->connect(keys_);
  }
  // As a host does, in real time.
  void play(Duration time) {
    const auto until = now() + time;
    for (auto due = now(); due < until; due += 5ms) {
      std::this_thread::sleep_until(due);
      const auto samples = audio::tones(2, sent_++ * 240, 240);
      const auto packet = encoder_.encode(samples).value();
      auto datagram = packetizer_.pack({.format = {}, .bytes = packet, .captured = now()}, now()).value();
      ASSERT_TRUE(sealer_->seal(lumen1::Kind::sound, datagram));
      receiver_->push(datagram, now());
    }
  }
  bool hears_tone() {
    const std::lock_guard lock{mutex_};
    const auto last = std::span{heard_}.last(std::min<std::size_t>(heard_.size(), 2 * 9600));
    return audio::usual_amplitude_at(last, 2, 1, audio::tone_hz(1)) > 0.35;
  }
  void on_sound(std::span<const float> samples) {
    const std::lock_guard lock{mutex_};
    heard_.insert(heard_.end(), samples.begin(), samples.end());
  }

  std::shared_ptr<Logger> log_ = make_null_logger();
  lumen1::DirectionKeys keys_;
  std::optional<lumen1::Sealer> sealer_;
  lumen1::SoundPacketizer packetizer_{lumen1::Kind::sound};
  audio::OpusEncoder encoder_ = audio::OpusEncoder::create({}).value();
  std::size_t sent_ = 0;
  std::mutex mutex_;
  std::vector<float> heard_;
  std::atomic<int> outputs_{0};
  SteadyTime time_;
  std::unique_ptr<SoundReceiver> receiver_ = std::make_unique<SoundReceiver>(
      SoundReceiver::Params{.make_output =
                                [this](std::uint8_t channels) {
                                  ++outputs_;
                                  return audio::make_clock_output(channels, time_);
                                },
                            .on_sound = [this](auto samples, std::uint8_t) { on_sound(samples); }},
      *log_);  // last
};

TEST_F(SoundReceiverTest, a_tone_is_heard_and_goes_on_over_a_new_connection) {
  connect();
  play(600ms);
  EXPECT_TRUE(hears_tone());
  connect();
  play(600ms);
  EXPECT_TRUE(hears_tone());
  EXPECT_EQ(outputs_, 1);
  EXPECT_LE(receiver_->stats().not_authentic, 2U) << "on the way when the connection began";
}

TEST_F(SoundReceiverTest, what_is_not_the_hosts_is_not_heard) {
  connect();
  const auto secret = keys_.secret;
  keys_.secret[0] ^= std::byte{1};
  sealer_ = lumen1::Sealer::create(keys_, 0).value();
  play(300ms);
  keys_.secret = secret;
  EXPECT_EQ(outputs_, 0);
  EXPECT_GT(receiver_->stats().not_authentic, 10U);
}

TEST_F(SoundReceiverTest, without_a_device_sound_is_measured_all_the_same) {
  receiver_ = std::make_unique<SoundReceiver>(
      SoundReceiver::Params{.make_output = [](std::uint8_t) { return nullptr; },
                            .on_sound = [this](auto samples, std::uint8_t) { on_sound(samples); }},
      *log_);
  connect();
  play(600ms);
  EXPECT_TRUE(hears_tone());
}

TEST(DatagramQueue, drops_the_newest_when_it_is_full_and_keeps_the_order) {
  DatagramQueue queue;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < 200; ++i) {
    const std::array<std::byte, 1> datagram{static_cast<std::byte>(i)};
    taken += queue.push(datagram, from_ns(static_cast<std::int64_t>(i))) ? 1U : 0U;
  }
  EXPECT_EQ(taken, DatagramQueue::kPlaces);
  for (std::size_t i = 0; i < taken; ++i) {
    const auto arrived = queue.front();
    ASSERT_TRUE(arrived);
    EXPECT_EQ(arrived->bytes[0], static_cast<std::byte>(i));
    EXPECT_EQ(arrived->at, from_ns(static_cast<std::int64_t>(i)));
    queue.pop();
  }
  EXPECT_FALSE(queue.front());
  EXPECT_FALSE(queue.push(std::vector<std::byte>(2000), {}));
}

}  // namespace
}  // namespace lumen::stream
