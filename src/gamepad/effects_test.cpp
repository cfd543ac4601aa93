#include <gtest/gtest.h>

#include "gamepad/feedback_memory.hpp"
#include "gamepad/rumble_effects.hpp"

namespace lumen::gamepad {
namespace {

using namespace std::chrono_literals;
constexpr Timestamp kStart{1s};

TEST(RumbleEffects, play_as_long_as_they_say) {
  RumbleEffects effects;
  ASSERT_TRUE(effects.upload(3, {.strong = 100, .weak = 50, .delay = 10ms, .length = 20ms}));
  EXPECT_EQ(effects.at(kStart), PadRumble{});
  effects.play(3, 2, kStart);
  EXPECT_EQ(effects.at(kStart), PadRumble{}) << "it is delayed";
  EXPECT_EQ(effects.next_change(kStart), kStart + 10ms);
  EXPECT_EQ(effects.at(kStart + 10ms), (PadRumble{.strong = 100, .weak = 50}));
  EXPECT_EQ(effects.next_change(kStart + 10ms), kStart + 30ms);
  EXPECT_EQ(effects.at(kStart + 30ms), PadRumble{});
  EXPECT_EQ(effects.at(kStart + 59ms), (PadRumble{.strong = 100, .weak = 50})) << "the second time";
  EXPECT_EQ(effects.at(kStart + 60ms), PadRumble{});
  EXPECT_FALSE(effects.next_change(kStart + 60ms));
}

TEST(RumbleEffects, without_length_play_until_stopped) {
  RumbleEffects effects;
  effects.upload(0, {.strong = 7});
  effects.play(0, 1, kStart);
  EXPECT_EQ(effects.at(kStart + 1h), (PadRumble{.strong = 7}));
  EXPECT_FALSE(effects.next_change(kStart + 1h));
  effects.play(0, 0, kStart + 1h);
  EXPECT_EQ(effects.at(kStart + 1h), PadRumble{});
}

TEST(RumbleEffects, add_up_and_obey_the_gain) {
  RumbleEffects effects;
  effects.upload(0, {.strong = 40'000, .weak = 10});
  effects.upload(1, {.strong = 40'000, .weak = 10});
  effects.play(0, 1, kStart);
  effects.play(1, 1, kStart);
  EXPECT_EQ(effects.at(kStart), (PadRumble{.strong = 65'535, .weak = 20}));
  effects.set_gain(0x8000);
  EXPECT_EQ(effects.at(kStart), (PadRumble{.strong = 0x8000, .weak = 10}));
  effects.erase(1);
  EXPECT_EQ(effects.at(kStart), (PadRumble{.strong = 20'000, .weak = 5}));
}

TEST(RumbleEffects, beyond_their_number_are_refused) {
  RumbleEffects effects;
  EXPECT_FALSE(effects.upload(RumbleEffects::kMaxEffects, {.strong = 1}));
  EXPECT_FALSE(effects.erase(RumbleEffects::kMaxEffects));
  effects.play(RumbleEffects::kMaxEffects, 1, kStart);
  EXPECT_EQ(effects.at(kStart), PadRumble{});
}

TEST(FeedbackMemory, tells_what_is_new_only) {
  FeedbackMemory memory;
  EXPECT_TRUE(memory.news(PadRumble{.strong = 1}));
  EXPECT_FALSE(memory.news(PadRumble{.strong = 1}));
  EXPECT_TRUE(memory.news(PadRumble{}));
  EXPECT_TRUE(memory.news(PadMotionRequest{.sensor = PadSensor::gyroscope, .rate_hz = 1}));
  EXPECT_TRUE(memory.news(PadMotionRequest{.sensor = PadSensor::accelerometer, .rate_hz = 1}));
  EXPECT_FALSE(memory.news(PadMotionRequest{.sensor = PadSensor::gyroscope, .rate_hz = 1}));
  int told = 0;
  memory.for_each([&](const PadFeedback&) { ++told; });
  EXPECT_EQ(told, 3);
}

TEST(FeedbackMemory, tells_both_triggers_once_both_are_set) {
  FeedbackMemory memory;
  const PadAdaptiveTriggers left{.sets_left = true, .left = {1, {2}}};
  EXPECT_EQ(memory.news(left), PadFeedback{left});
  const PadAdaptiveTriggers right{.sets_right = true, .right = {3, {4}}};
  EXPECT_EQ(memory.news(right), (PadFeedback{PadAdaptiveTriggers{0, true, true, {1, {2}}, {3, {4}}}}));
  EXPECT_FALSE(memory.news(left));
}

}  // namespace
}  // namespace lumen::gamepad
