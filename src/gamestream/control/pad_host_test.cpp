#include "gamestream/control/pad_host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lumen::gamestream::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint8_t kXbox = 1, kPlayStation = 2, kNintendo = 3, kSteam = 4;

struct Bench {
  PadHost host;
  explicit Bench(const PadParams& params = {}) : host{params} {}
  template <class... Packets>
  std::vector<PadEvent> give(const Packets&... packets) {
    (static_cast<void>(host.take(packets)), ...);
    return drain();
  }
  std::vector<PadEvent> drain() {
    std::vector<PadEvent> events;
    host.drain(events);
    return events;
  }
};

PadState state(std::uint8_t pad, std::uint32_t buttons = 0) {
  return {.pad = pad, .active_mask = static_cast<std::uint16_t>(1U << pad), .buttons = buttons};
}
PadEvent pressed(std::uint8_t slot, std::uint32_t buttons) {
  return lumen::PadState{.slot = slot, .buttons = buttons};
}
std::uint64_t identity_of(const PadEvent& event) { return std::get<lumen::PadArrival>(event).identity; }

TEST(GameStream3, c33_an_arrival_and_its_empty_state_are_one_pad) {
  Bench bench;
  const auto events = bench.give(PadArrival{.pad = 2, .type = kXbox, .capabilities = 0x0003}, state(2));
  ASSERT_EQ(events.size(), 1U);
  const auto& arrival = std::get<lumen::PadArrival>(events[0]);
  EXPECT_EQ(arrival.slot, 2);
  EXPECT_EQ(arrival.model, PadModel::xbox);
  EXPECT_EQ(arrival.capabilities, 0x0003);
  EXPECT_THAT(bench.give(PadArrival{.pad = 2, .type = kNintendo}), IsEmpty()) << "it is there already";
}

TEST(GameStream3, c33_a_state_of_an_unknown_pad_is_an_arrival) {
  Bench bench;
  const auto events = bench.give(state(3, pad_button::kA));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(std::get<lumen::PadArrival>(events[0]).model, PadModel::xbox);
  EXPECT_EQ(std::get<lumen::PadArrival>(events[0]).capabilities,
            pad_capability::kAnalogTriggers | pad_capability::kRumble);
  EXPECT_EQ(events[1], pressed(3, pad_button::kA));
}

TEST(GameStream3, c33_a_pad_goes_by_its_own_bit_and_other_bits_are_hints) {
  Bench bench;
  bench.give(state(0), state(1));
  auto hint = state(0, pad_button::kB);
  hint.active_mask = 0xFFFD;  // without pad 1, with others that never came
  EXPECT_THAT(bench.give(hint), ElementsAre(pressed(0, pad_button::kB)));
  EXPECT_THAT(bench.give(PadState{.pad = 1, .active_mask = 0x0001}), ElementsAre(PadEvent{PadGone{1}}));
  EXPECT_THAT(bench.give(PadState{.pad = 1, .active_mask = 0x0001}), IsEmpty());
}

TEST(GameStream3, c33_all_sixteen_pads_have_identities_that_stay) {
  Bench first{{.client = 7}}, again{{.client = 7}}, other{{.client = 8}};
  std::vector<std::uint64_t> seen;
  for (std::uint8_t pad = 0; pad < control::kMaxPads; ++pad) {
    const auto identity = identity_of(first.give(state(pad)).at(0));
    EXPECT_EQ(identity_of(again.give(state(pad)).at(0)), identity);
    seen.push_back(identity);
    seen.push_back(identity_of(other.give(state(pad)).at(0)));
  }
  std::ranges::sort(seen);
  EXPECT_EQ(std::ranges::unique(seen).begin(), seen.end());
}

TEST(PadHost, the_model_suits_the_clients_pad_unless_one_is_asked_for) {
  EXPECT_EQ(model_for(kXbox, pad_capability::kGyroscope), PadModel::xbox);
  EXPECT_EQ(model_for(kPlayStation, 0), PadModel::dualsense);
  EXPECT_EQ(model_for(kNintendo, 0), PadModel::switch_pro);
  EXPECT_EQ(model_for(0, 0), PadModel::xbox);
  EXPECT_EQ(model_for(kSteam, pad_capability::kTouchpad), PadModel::dualsense);
  EXPECT_EQ(model_for(kSteam, pad_capability::kAccelerometer), PadModel::dualsense);
  Bench bench{{.model = PadModel::dualshock4}};
  const auto events = bench.give(PadArrival{.type = kXbox});
  EXPECT_EQ(std::get<lumen::PadArrival>(events.at(0)).model, PadModel::dualshock4);
}

TEST(GameStream3, c34_a_state_keeps_buttons_of_both_words_sticks_and_triggers) {
  Bench bench;
  bench.give(state(0));
  auto packet = state(0, 0xFFFF'FFFF);
  packet.left_trigger = 1;
  packet.right_trigger = 255;
  packet.left_x = -32768;
  packet.left_y = 32767;
  packet.right_x = 3;
  packet.right_y = -4;
  EXPECT_THAT(bench.give(packet),
              ElementsAre(PadEvent{lumen::PadState{0, pad_button::kAll, 1, 255, -32768, 32767, 3, -4}}));
}

TEST(PadHost, neighbouring_states_merge_while_the_buttons_stay) {
  Bench bench;
  bench.give(state(0), state(1));
  auto moved = state(0), further = state(0);
  moved.left_x = 1;
  further.left_x = 2;
  EXPECT_THAT(bench.give(moved, further), ElementsAre(PadEvent{lumen::PadState{.slot = 0, .left_x = 2}}));
  EXPECT_EQ(bench.give(state(0, pad_button::kA), state(0, 0), state(0, pad_button::kA)).size(), 3U);
  EXPECT_EQ(bench.give(moved, state(1, pad_button::kB), further).size(), 3U) << "of another pad between";
}

TEST(GameStream3, c35_motion_passes_and_the_newest_of_a_sensor_counts) {
  Bench bench;
  bench.give(state(0));
  const PadMotion turn{.sensor = MotionSensor::gyroscope, .x = 90}, still{.sensor = MotionSensor::gyroscope},
      lies{.sensor = MotionSensor::accelerometer, .y = 9.81F};
  EXPECT_THAT(bench.give(turn, still, lies),
              ElementsAre(PadEvent{lumen::PadMotion{.sensor = PadSensor::gyroscope}},
                          PadEvent{lumen::PadMotion{.sensor = PadSensor::accelerometer, .y = 9.81F}}));
  EXPECT_THAT(bench.give(PadMotion{.pad = 5}), IsEmpty()) << "of a pad that is not there";
}

TEST(GameStream3, c35_two_fingers_are_told_apart_and_a_third_is_none) {
  Bench bench;
  bench.give(state(0));
  const auto finger = [](TouchEvent event, std::uint32_t id, float x) {
    return PadTouch{.event = event, .pointer = id, .x = x, .y = 0.5F};
  };
  EXPECT_THAT(bench.give(finger(TouchEvent::down, 70, 0), finger(TouchEvent::down, 80, 1),
                         finger(TouchEvent::down, 90, 1), finger(TouchEvent::move, 70, 1),
                         finger(TouchEvent::hover, 70, 0), finger(TouchEvent::up, 70, 1),
                         finger(TouchEvent::up, 70, 1)),
              ElementsAre(PadEvent{lumen::PadTouch{0, 0, true, 0, 32768}},
                          PadEvent{lumen::PadTouch{0, 1, true, 65535, 32768}},
                          PadEvent{lumen::PadTouch{0, 0, true, 65535, 32768}},
                          PadEvent{lumen::PadTouch{0, 0, false, 65535, 32768}}));
  EXPECT_THAT(bench.give(PadTouch{.event = TouchEvent::cancel_all}),
              ElementsAre(PadEvent{lumen::PadTouch{.finger = 1}}));
}

TEST(GameStream3, c35_a_second_touchpad_is_the_right_half) {
  Bench bench;
  bench.give(PadArrival{.type = kSteam,
                        .capabilities = pad_capability::kTouchpad | pad_capability::kSecondTouchpad});
  const PadTouch left{.event = TouchEvent::down, .touchpad = 0, .pointer = 1, .x = 1};
  const PadTouch right{.event = TouchEvent::down, .touchpad = 1, .pointer = 1, .x = 1};
  EXPECT_THAT(bench.give(left, right), ElementsAre(PadEvent{lumen::PadTouch{0, 0, true, 32768, 0}},
                                                   PadEvent{lumen::PadTouch{0, 1, true, 65535, 0}}));
}

TEST(GameStream3, c35_a_battery_may_be_unknown) {
  Bench bench;
  bench.give(state(0));
  EXPECT_THAT(bench.give(PadBattery{.state = 3, .percent = 80}),
              ElementsAre(PadEvent{lumen::PadBattery{0, PadPower::charging, 80}}));
  EXPECT_THAT(bench.give(PadBattery{.state = 77, .percent = 0xFF}),
              ElementsAre(PadEvent{lumen::PadBattery{}}));
  EXPECT_THAT(bench.give(PadBattery{.percent = 101}), ElementsAre(PadEvent{lumen::PadBattery{}}));
}

TEST(GameStream3, c37_pads_are_let_go_of_and_stay) {
  Bench bench;
  bench.give(state(0, pad_button::kA), state(1), PadTouch{.event = TouchEvent::down, .pointer = 9});
  bench.host.release_all();
  EXPECT_THAT(bench.drain(), ElementsAre(PadEvent{lumen::PadTouch{}}, pressed(0, 0)));
  bench.host.release_all();
  EXPECT_THAT(bench.drain(), IsEmpty());
  EXPECT_THAT(bench.give(state(0, pad_button::kB)), ElementsAre(pressed(0, pad_button::kB)));
}

TEST(PadHost, all_pads_are_said_again_to_a_new_session) {
  Bench bench;
  const auto arrivals = bench.give(state(0), state(4));
  bench.give(state(4, pad_button::kA));
  bench.host.repeat();
  EXPECT_THAT(bench.drain(),
              ElementsAre(arrivals[0], pressed(0, 0), arrivals[1], pressed(4, pad_button::kA)));
}

TEST(PadHost, what_nobody_drains_does_not_grow_without_bound) {
  Bench bench;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    static_cast<void>(bench.host.take(state(0, i % 2 == 0 ? pad_button::kA : 0)));
  }
  EXPECT_EQ(bench.drain().size(), PadHost::kMaxWaiting);
}

TEST(PadHost, feedback_becomes_the_clients_messages) {
  EXPECT_EQ(to_message(PadRumble{1, 2, 3}), (HostMessage{Rumble{1, 2, 3}}));
  EXPECT_EQ(to_message(PadTriggerRumble{1, 2, 3}), (HostMessage{TriggerRumble{1, 2, 3}}));
  EXPECT_EQ(to_message(PadLight{1, 2, 3, 4}), (HostMessage{PadLed{1, 2, 3, 4}}));
  EXPECT_EQ(to_message(PadMotionRequest{1, PadSensor::gyroscope, 100}),
            (HostMessage{MotionRequest{1, 100, MotionSensor::gyroscope}}));
  const auto message = to_message(PadAdaptiveTriggers{1, true, false, {0x21, {5}}, {0x26, {6}}});
  const auto& triggers = std::get<AdaptiveTriggers>(message);
  EXPECT_EQ(triggers.flags, 0x08);
  EXPECT_EQ(triggers.left_type, 0x21);
  EXPECT_EQ(triggers.left[0], std::byte{5});
  EXPECT_EQ(triggers.right_type, 0x26);
  EXPECT_EQ(triggers.right[0], std::byte{6});
}

}  // namespace
}  // namespace lumen::gamestream::control
