#include "gamestream/control/pad_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gamestream/control/pad_host.hpp"

namespace lumen::gamestream::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Through a client, its packets and a host.
std::vector<PadEvent> through(PadClient& client, PadHost& host, const PadEvent& event) {
  std::vector<InputPacket> packets;
  client.add(event, packets);
  for (const auto& packet : packets) {
    std::visit(
        [&](const auto& each) {
          if constexpr (requires { host.take(each); }) host.take(each);
        },
        packet);
  }
  std::vector<PadEvent> events;
  host.drain(events);
  return events;
}

const lumen::PadArrival kArrival{
    .slot = 3, .model = PadModel::dualsense, .capabilities = pad_capability::kAll};

class PadPair : public testing::Test {
 protected:
  std::vector<PadEvent> through(const PadEvent& event) { return control::through(client_, host_, event); }

  PadClient client_;
  PadHost host_{{}};
};

TEST_F(PadPair, a_pad_arrives_as_what_it_is_and_goes) {
  const auto events = through(kArrival);
  ASSERT_EQ(events.size(), 1U);
  const auto arrival = std::get<lumen::PadArrival>(events[0]);
  EXPECT_EQ(arrival.slot, 3);
  EXPECT_EQ(arrival.model, PadModel::dualsense);
  EXPECT_EQ(arrival.capabilities, pad_capability::kAll);
  EXPECT_THAT(through(PadGone{3}), ElementsAre(PadEvent{PadGone{3}}));
  EXPECT_THAT(through(PadGone{3}), IsEmpty());
}

TEST_F(PadPair, states_come_through_unchanged) {
  through(kArrival);
  const lumen::PadState state{.slot = 3,
                              .buttons = pad_button::kA | pad_button::kTouchpad,
                              .left_trigger = 9,
                              .right_trigger = 255,
                              .left_x = -32768,
                              .left_y = 32767,
                              .right_x = 1,
                              .right_y = -1};
  EXPECT_THAT(through(state), ElementsAre(PadEvent{state}));
}

TEST_F(PadPair, fingers_and_motion_come_through) {
  through(kArrival);
  const lumen::PadTouch down{.slot = 3, .finger = 1, .touching = true, .x = 65535, .y = 20'000};
  const auto events = through(down);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(std::get<lumen::PadTouch>(events[0]).touching);
  EXPECT_EQ(std::get<lumen::PadTouch>(events[0]).y, 20'000);
  auto up = down;
  up.touching = false;
  EXPECT_EQ(through(up).size(), 1U);
  EXPECT_THAT(through(up), IsEmpty());
  const lumen::PadMotion motion{.slot = 3, .sensor = PadSensor::gyroscope, .x = 1, .y = -2, .z = 3};
  EXPECT_THAT(through(motion), ElementsAre(PadEvent{motion}));
  const lumen::PadBattery battery{.slot = 3, .power = PadPower::charging, .percent = 40};
  EXPECT_THAT(through(battery), ElementsAre(PadEvent{battery}));
}

TEST_F(PadPair, pads_that_are_not_there_or_cannot_be_say_nothing) {
  EXPECT_THAT(through(lumen::PadState{.slot = 3, .buttons = 1}), IsEmpty());
  EXPECT_THAT(through(lumen::PadArrival{.slot = 200}), IsEmpty());
  EXPECT_THAT(through(lumen::PadState{.slot = 200}), IsEmpty());
  EXPECT_THAT(through(PadGone{200}), IsEmpty());
}

TEST_F(PadPair, two_pads_do_not_send_each_other_away) {
  through(kArrival);
  through(lumen::PadArrival{.slot = 0});
  EXPECT_THAT(through(PadGone{3}), ElementsAre(PadEvent{PadGone{3}}));
  const lumen::PadState state{.slot = 0, .buttons = pad_button::kB};
  EXPECT_THAT(through(state), ElementsAre(PadEvent{state}));
}

TEST(PadFeedbackOfAHost, every_kind_comes_back_as_it_was_sent) {
  const std::vector<PadFeedback> all{
      PadRumble{.slot = 1, .strong = 2, .weak = 3}, PadTriggerRumble{.slot = 1, .left = 2, .right = 3},
      PadLight{.slot = 1, .red = 2, .green = 3, .blue = 4},
      PadMotionRequest{.slot = 1, .sensor = PadSensor::gyroscope, .rate_hz = 100},
      PadAdaptiveTriggers{.slot = 1, .sets_left = true, .left = {.kind = 5, .parameters = {1, 2, 3}}}};
  for (const auto& feedback : all) EXPECT_EQ(to_feedback(to_message(feedback)), feedback);
}

TEST(PadFeedbackOfAHost, of_a_pad_that_cannot_be_is_nothing) {
  EXPECT_FALSE(to_feedback(Rumble{.pad = 16}));
  EXPECT_FALSE(to_feedback(Rumble{.pad = 0xFFFF}));
  EXPECT_FALSE(to_feedback(Termination{}));
}

}  // namespace
}  // namespace lumen::gamestream::control
