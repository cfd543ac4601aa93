#include "flow/delay_meter.hpp"

#include <gtest/gtest.h>

#include <random>

namespace lumen {
namespace {

using namespace std::chrono_literals;

// The sender's clock is `offset` away from ours.
class ADelayMeter : public testing::Test {
 protected:
  void arrives(Duration sent_at, Duration delay) {
    const auto us = (sent_at + offset) / 1us;
    meter.received(static_cast<std::uint32_t>(us), Timestamp{sent_at + delay});
  }
  Duration offset = 0us;
  DelayMeter meter;
};

TEST_F(ADelayMeter, says_nothing_where_nothing_came) { EXPECT_FALSE(meter.take()); }

TEST_F(ADelayMeter, measures_what_is_above_the_fastest) {
  arrives(100ms, 30ms);
  EXPECT_EQ(*meter.take(), (QueueDelay{}));
  arrives(110ms, 35ms);
  arrives(120ms, 50ms);
  arrives(130ms, 38ms);
  EXPECT_EQ(*meter.take(), (QueueDelay{.last = 8ms, .least = 5ms, .most = 20ms}));
  EXPECT_FALSE(meter.take());
}

TEST_F(ADelayMeter, knows_no_difference_between_clocks_even_where_they_wrap_around) {
  offset = std::chrono::microseconds{UINT32_MAX} - 150ms;
  arrives(100ms, 30ms);
  arrives(200ms, 37ms);
  EXPECT_EQ(meter.take()->most, 7ms);
}

TEST_F(ADelayMeter, takes_a_longer_way_for_normal_after_a_while) {
  for (auto time = 0ms; time < 50s; time += 10ms) {
    arrives(time, time < 10s ? 20ms : 60ms);
    const auto queue = meter.take()->last;
    if (time >= 10s && time < 19s) {
      EXPECT_EQ(queue, 40ms);
    } else if (time > 31s) {
      EXPECT_EQ(queue, 0ms);
    }
  }
}

TEST_F(ADelayMeter, follows_clocks_that_drift) {
  for (auto time = 0ms; time < 120s; time += 10ms) {
    offset = -time / 10'000;  // 100 millionths
    arrives(time, 20ms);
    EXPECT_LE(meter.take()->last, 2100us);
  }
}

TEST_F(ADelayMeter, survives_any_numbers) {
  std::mt19937_64 random{1};
  auto now = 0ns;
  for (int i = 0; i < 100'000; ++i) {
    now += Duration{static_cast<std::int64_t>(random() % 1'000'000'000)};
    meter.received(static_cast<std::uint32_t>(random()), Timestamp{now});
    const auto queue = meter.take();
    EXPECT_GE(queue->least, 0ns);
    EXPECT_LE(queue->least, queue->last);
    EXPECT_LE(queue->last, queue->most);
  }
}

}  // namespace
}  // namespace lumen
