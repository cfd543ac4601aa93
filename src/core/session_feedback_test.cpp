// What the client measures, and what the host makes of it.
#include <gtest/gtest.h>

#include <random>

#include "core/test_pair.hpp"

namespace lumen::core {
namespace {

using namespace std::chrono_literals;
using test::noise;
using test::Pair;

// Drops what `wanted` says is to be dropped.
template <class Wanted>
auto keep_if(Wanted wanted) {
  return [wanted](ByteView datagram) mutable { return test::Link::Fate{wanted(datagram) ? 1 : 0, 1ms}; };
}
bool is_video(ByteView datagram) {
  return lumen1::decode_clear_header(datagram)->kind == lumen1::Kind::video;
}
auto without_video() {
  return keep_if([](ByteView datagram) { return !is_video(datagram); });
}

TEST(Sessions, a_lost_last_unit_is_noticed_and_comes_again) {
  Pair pair;
  pair.connect();
  pair.push(noise(1000, 0));
  pair.run_for(200ms);
  pair.down.fate = without_video();
  pair.push(noise(5000, 1));  // nothing follows
  pair.run_for(1ms);
  pair.down.fate = [](ByteView) { return test::Link::Fate{}; };
  pair.run_for(100ms);
  ASSERT_EQ(pair.received.size(), 2U);
  EXPECT_EQ(pair.received[1].bytes, noise(5000, 1));
  EXPECT_TRUE(pair.missing.empty());
  EXPECT_EQ(pair.idr_requests, 1) << "the first one";
  EXPECT_EQ(pair.client.units().stats().reassembly.frames_rescued, 1U);
  EXPECT_GE(pair.host.stats().sender.shards_repeated, 4U);
  EXPECT_LE(pair.host.stats().sender.shards_repeated, 16U) << "a few attempts, each told more than once";
}

TEST(Sessions, a_lost_first_idr_comes_again) {
  Pair pair;
  pair.connect();
  pair.down.fate = without_video();
  pair.push(noise(5000, 1));
  pair.run_for(1ms);
  pair.down.fate = [](ByteView) { return test::Link::Fate{}; };
  pair.run_for(200ms);
  ASSERT_EQ(pair.received.size(), 1U);
  EXPECT_EQ(pair.idr_requests, 1);
}

TEST(Sessions, shards_beyond_parity_come_again_and_no_unit_is_lost) {
  Pair pair;
  pair.connect();
  pair.push(noise(1000, 0));
  std::mt19937 random{2};
  pair.down.fate = keep_if([&](ByteView datagram) { return !is_video(datagram) || random() % 100 >= 45; });
  for (std::size_t i = 1; i <= 100; ++i) {
    pair.push(noise(20'000, i));
    pair.run_for(16ms);
  }
  pair.run_for(200ms);
  EXPECT_EQ(pair.received.size(), 101U);
  for (std::size_t i = 1; i < pair.received.size(); ++i) EXPECT_EQ(pair.received[i].bytes, noise(20'000, i));
  EXPECT_TRUE(pair.missing.empty());
  EXPECT_GT(pair.client.units().stats().reassembly.frames_rescued, 10U);
}

TEST(Sessions, round_trips_are_measured_as_often_as_video_is_reported) {
  Pair pair;
  pair.connect();
  for (std::size_t i = 0; i < 20; ++i) {
    pair.push(noise(1000, i));
    pair.run_for(16ms);
  }
  EXPECT_GE(pair.client.units().stats().round_trip, 2ms);
  EXPECT_LE(pair.client.units().stats().round_trip, 2500us);
  EXPECT_GE(pair.client.units().stats().queue, 0ms);
  EXPECT_LE(pair.client.units().stats().queue, 1ms);
}

// A queue that grows: each datagram takes longer than the one before.
TEST(Sessions, a_queue_lowers_the_bitrate_and_the_pace) {
  Pair pair{{.sender = {.rate_control = {.cap_kbps = 8'000}}}};
  pair.connect();
  ASSERT_EQ(pair.host.sender().take_bitrate()->bitrate_kbps, 8'000U);
  EXPECT_FALSE(pair.host.sender().take_bitrate());
  Duration delay = 1ms;
  pair.down.fate = [&](ByteView) { return test::Link::Fate{1, delay += 200us}; };
  for (std::size_t i = 0; i < 30; ++i) {
    pair.push(noise(15'000, i));
    pair.run_for(16ms);
  }
  const auto rate = pair.host.sender().take_bitrate();
  ASSERT_TRUE(rate);
  EXPECT_LT(rate->bitrate_kbps, 7'000U);
  EXPECT_EQ(rate->reason, RateReason::queue);
  EXPECT_TRUE(rate->pace);
  EXPECT_GT(pair.host.stats().sender.queue, 20ms);
  pair.trains.clear();
  pair.push(noise(40'000, 99));
  EXPECT_GT(pair.trains.back().due - pair.now, 5ms);
}

TEST(Sessions, after_an_outage_recovery_is_asked_for_at_once) {
  Pair pair;
  pair.connect();
  std::size_t i = 0;
  const auto live = [&](int pictures) {
    for (int n = 0; n < pictures; ++n) {
      pair.push(noise(15'000, i++));
      pair.run_for(16ms);
    }
  };
  live(30);
  const auto nothing = [](ByteView) { return test::Link::Fate{0, 1ms}; };
  pair.down.fate = pair.up.fate = nothing;
  live(19);
  pair.down.fate = pair.up.fate = [](ByteView) { return test::Link::Fate{}; };
  const auto shown = pair.received.size();
  live(4);
  EXPECT_GE(pair.received.size(), shown + 2) << "one to notice by, one IDR, and what follows";
  EXPECT_LE(pair.host.stats().sender.assumed_burst, 2) << "an outage is no burst";
}

TEST(Sessions, asking_for_shards_is_bounded_whatever_is_asked) {
  Pair pair;
  pair.connect();
  pair.push(noise(100'000, 0));
  pair.run_for(10ms);
  for (int i = 0; i < 10'000; ++i) {
    pair.host.sender().ask({.frame = 1, .attempt = static_cast<std::uint8_t>(1 + i % 255)}, pair.now);
    pair.host.sender().ask({.frame = static_cast<std::uint32_t>(i), .attempt = 1}, pair.now);
  }
  pair.run_for(50ms);
  EXPECT_LE(pair.host.stats().sender.shards_repeated, 512U);
}

TEST(Sessions, shards_sent_again_are_a_share_of_what_is_sent) {
  for (const std::uint64_t rate : {0ULL, 400'000'000ULL}) {
    Pair pair;
    pair.connect();
    pair.host.sender().set_rate(BitsPerSecond{rate});
    for (std::size_t i = 0; i < 125; ++i) {  // two seconds of 10 Mbit/s
      pair.push(noise(20'000, i));
      pair.run_for(16ms);
      for (std::uint8_t attempt = 1; attempt <= 8; ++attempt) {
        pair.host.sender().ask({.frame = static_cast<std::uint32_t>(i + 1), .attempt = attempt}, pair.now);
      }
    }
    EXPECT_GT(pair.host.stats().sender.shards_repeated, 500U) << rate;
    EXPECT_LT(pair.host.stats().sender.shards_repeated, 1'500U) << rate;
  }
}

TEST(Sessions, parity_of_small_units_gives_way_where_nothing_less_can_be_sent) {
  Pair pair{{.sender = {.rate_control = {.cap_kbps = 8'000, .floor_kbps = 7'500}}}};
  pair.connect();
  pair.push(noise(500, 0));
  const auto parity = [&] { return pair.host.stats().sender.parity_shards; };
  EXPECT_GT(parity(), 0U);
  Duration delay = 1ms;
  pair.down.fate = [&](ByteView) { return test::Link::Fate{1, delay += 200us}; };
  for (std::size_t i = 0; i < 40; ++i) {
    pair.push(noise(15'000, i));
    pair.run_for(16ms);
  }
  ASSERT_TRUE(pair.host.sender().rate().pace);
  const auto before = parity();
  pair.push(noise(500, 99));
  EXPECT_EQ(parity(), before);
}

}  // namespace
}  // namespace lumen::core
