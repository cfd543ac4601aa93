#include "media/pad_feedback.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace lumen {
namespace {

std::vector<PadFeedback> all_of(PadFeedbackBox& box) {
  std::vector<PadFeedback> all;
  while (const auto feedback = box.take()) all.push_back(*feedback);
  return all;
}

TEST(PadFeedback, of_each_kind_the_newest_waits) {
  PadFeedbackBox box;
  for (std::uint16_t i = 0; i < 1'000; ++i) {
    box.put(PadRumble{1, i, i});
    box.put(PadRumble{2, 7, 7});
    box.put(PadMotionRequest{1, PadSensor::gyroscope, i});
    box.put(PadMotionRequest{1, PadSensor::accelerometer, 5});
  }
  box.put(PadRumble{.slot = 1});
  EXPECT_EQ(all_of(box), (std::vector<PadFeedback>{
                             PadRumble{2, 7, 7}, PadMotionRequest{1, PadSensor::gyroscope, 999},
                             PadMotionRequest{1, PadSensor::accelerometer, 5}, PadRumble{.slot = 1}}));
  EXPECT_EQ(box.take(), std::nullopt);
}

TEST(PadFeedback, a_trigger_that_is_not_set_stays_as_it_was) {
  PadFeedbackBox box;
  box.put(PadAdaptiveTriggers{1, true, false, {0x21, {1}}, {}});
  box.put(PadAdaptiveTriggers{1, false, true, {}, {0x25, {2}}});
  EXPECT_EQ(all_of(box),
            std::vector<PadFeedback>{(PadAdaptiveTriggers{1, true, true, {0x21, {1}}, {0x25, {2}}})});
}

TEST(PadFeedback, of_pads_that_cannot_be_is_nothing_and_the_rest_is_bounded) {
  PadFeedbackBox box;
  for (unsigned slot = 0; slot < 256; ++slot) {
    const auto of = static_cast<std::uint8_t>(slot);
    box.put(PadRumble{of, 1, 1});
    box.put(PadTriggerRumble{of, 1, 1});
    box.put(PadLight{of, 1, 1, 1});
    box.put(PadMotionRequest{of, PadSensor::gyroscope, 1});
    box.put(PadMotionRequest{of, PadSensor::accelerometer, 1});
    box.put(PadAdaptiveTriggers{.slot = of});
  }
  EXPECT_EQ(all_of(box).size(), PadFeedbackBox::kMost);
}

}  // namespace
}  // namespace lumen
