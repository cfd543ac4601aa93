#include "render/present_pacer.hpp"

#include <gtest/gtest.h>

namespace lumen::render {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kRefresh = from_ns(1'000'000'000);

PresentPacer at_100_hz() {
  PresentPacer pacer;
  pacer.set_period(10ms);
  pacer.presented(1ms, kRefresh);
  return pacer;
}

TEST(PresentPacer, without_a_period_every_moment_is_right) {
  PresentPacer pacer;
  pacer.presented(1ms, kRefresh);
  EXPECT_EQ(pacer.next(kRefresh + 1us), kRefresh + 1us);
}

TEST(PresentPacer, draws_just_before_the_next_refresh) {
  const auto pacer = at_100_hz();
  EXPECT_EQ(pacer.margin(), 3ms);  // one for drawing, two to be safe
  EXPECT_EQ(pacer.next(kRefresh), kRefresh + 7ms);
  EXPECT_EQ(pacer.next(kRefresh + 5ms), kRefresh + 7ms);
  EXPECT_EQ(pacer.next(kRefresh + 31ms), kRefresh + 37ms);
}

TEST(PresentPacer, a_little_late_still_goes_and_too_late_waits_for_the_one_after) {
  const auto pacer = at_100_hz();
  EXPECT_EQ(pacer.next(kRefresh + 7500us), kRefresh + 7500us);
  EXPECT_EQ(pacer.next(kRefresh + 9ms), kRefresh + 17ms);
}

TEST(PresentPacer, slow_drawing_starts_earlier_and_never_before_the_last_refresh) {
  PresentPacer pacer;
  pacer.set_period(10ms);
  pacer.presented(50ms, kRefresh);
  EXPECT_EQ(pacer.margin(), 10ms);
  EXPECT_GE(pacer.next(kRefresh + 1ms), kRefresh + 1ms);
}

TEST(PresentPacer, after_a_long_silence_it_does_not_wait) {
  const auto pacer = at_100_hz();
  EXPECT_EQ(pacer.next(kRefresh + 2s), kRefresh + 2s);
}

}  // namespace
}  // namespace lumen::render
