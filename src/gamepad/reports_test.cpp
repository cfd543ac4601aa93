// The pads' reports, byte by byte; what the kernel's drivers make of them is tested by tests/pads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/input-event-codes.h>

#include <algorithm>

#include "gamepad/hid_pad.hpp"
#include "gamepad/xbox.hpp"

namespace lumen::gamepad {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
namespace button = pad_button;

const PadAddress kAddress{0x02, 0x11, 0x22, 0x33, 0x44, 0x55};

unsigned at(ByteView bytes, std::size_t offset) { return std::to_integer<unsigned>(bytes[offset]); }
int signed16(ByteView bytes, std::size_t offset) {
  return static_cast<std::int16_t>(at(bytes, offset) | at(bytes, offset + 1) << 8U);
}
PadInput input_of(const PadState& state) {
  PadInput input;
  input.apply(state);
  return input;
}
HidReport report_of(HidPad& pad, const PadInput& input, Timestamp now = Timestamp{}) {
  HidReport report;
  EXPECT_EQ(pad.write_input(input, now, report).size(), report.size());
  return report;
}
std::vector<std::byte> output(std::size_t size,
                              std::initializer_list<std::pair<std::size_t, unsigned>> values) {
  std::vector<std::byte> bytes(size);
  for (const auto& [offset, value] : values) bytes.at(offset) = static_cast<std::byte>(value);
  return bytes;
}
std::vector<PadFeedback> feedback_of(HidPad& pad, ByteView bytes) {
  std::vector<PadFeedback> feedback;
  HidReport answer;
  pad.take_output(bytes, PadInput{}, feedback, answer);
  return feedback;
}

TEST(PadAddresses, are_local_and_differ_for_neighbouring_identities) {
  EXPECT_EQ(to_string(kAddress), "02:11:22:33:44:55");
  EXPECT_EQ(address_of(7), address_of(7));
  EXPECT_NE(address_of(7), address_of(8));
  EXPECT_EQ(address_of(~0ULL)[0], 0x02);
}

// --- Xbox

TEST(GameStream3, c36_a_state_of_a_pad_is_one_frame_of_events) {
  std::vector<xbox::Event> events;
  xbox::write_events({}, {.buttons = button::kA | button::kUp, .left_trigger = 5}, events);
  EXPECT_THAT(events, ElementsAre(xbox::Event{EV_KEY, BTN_SOUTH, 1}, xbox::Event{EV_ABS, ABS_Z, 5},
                                  xbox::Event{EV_ABS, ABS_HAT0Y, -1}, xbox::Event{EV_SYN, SYN_REPORT, 0}));
  events.clear();
  xbox::write_events({.buttons = button::kA}, {.buttons = button::kA}, events);
  EXPECT_THAT(events, IsEmpty());
}

TEST(GameStream3, c34_on_an_xbox_pad_y_is_turned_around_and_never_overflows) {
  const auto y_of = [](std::int16_t y) {
    std::vector<xbox::Event> events;
    xbox::write_events({.left_y = 1}, {.left_y = y}, events);
    return events.at(0).value;
  };
  EXPECT_EQ(y_of(32767), -32768);
  EXPECT_EQ(y_of(-32768), 32767);
}

TEST(GameStream3, c34_opposites_of_the_cross_cancel) {
  std::vector<xbox::Event> events;
  xbox::write_events({}, {.buttons = button::kUp | button::kDown | button::kLeft | button::kRight}, events);
  EXPECT_THAT(events, IsEmpty());
  auto pad = make_dualsense(kAddress);
  EXPECT_EQ(at(report_of(*pad, input_of({.buttons = button::kUp | button::kDown | button::kRight})), 8), 2U);
}

TEST(XboxPad, every_button_of_a_client_has_a_key_of_its_own) {
  std::vector<int> keys;
  for (unsigned bit = 0; bit < 32; ++bit) {
    const auto one = button::kAll & (1U << bit);
    const auto cross = button::kUp | button::kDown | button::kLeft | button::kRight;
    if (one == 0 || (one & (cross | button::kTouchpad)) != 0) continue;
    std::vector<xbox::Event> events;
    xbox::write_events({}, {.buttons = one}, events);
    ASSERT_EQ(events.size(), 2U) << bit;
    EXPECT_EQ(events[0].type, EV_KEY);
    keys.push_back(events[0].code);
  }
  std::ranges::sort(keys);
  EXPECT_EQ(std::ranges::unique(keys).begin(), keys.end());
  EXPECT_EQ(keys.size(), xbox::keys().size());
}

// --- DualSense

TEST(DualSense, rests_in_the_middle_with_nothing_held) {
  auto pad = make_dualsense(kAddress);
  const auto report = report_of(*pad, PadInput{});
  EXPECT_EQ(at(report, 0), 0x01U);
  for (const std::size_t offset : {1U, 2U, 3U, 4U}) EXPECT_EQ(at(report, offset), 128U) << offset;
  EXPECT_EQ(at(report, 8), 8U);
  EXPECT_EQ(at(report, 9) | at(report, 10), 0U);
  EXPECT_EQ(signed16(report, 24), 10'000) << "gravity";
  EXPECT_EQ(at(report, 33), 0x80U) << "nothing touches";
  EXPECT_EQ(at(report, 53), 0x2AU) << "full";
}

TEST(GameStream3, c34_on_a_dualsense_sticks_triggers_and_buttons_have_these_bytes) {
  auto pad = make_dualsense(kAddress);
  const auto report =
      report_of(*pad, input_of({.buttons = button::kX | button::kLeft | button::kRightShoulder |
                                           button::kGuide | button::kMisc,
                                .left_trigger = 1,
                                .right_trigger = 255,
                                .left_x = -32768,
                                .left_y = 32767,
                                .right_x = 32767,
                                .right_y = -32768}));
  EXPECT_EQ(at(report, 1), 0U);
  EXPECT_EQ(at(report, 2), 0U);
  EXPECT_EQ(at(report, 3), 255U);
  EXPECT_EQ(at(report, 4), 255U);
  EXPECT_EQ(at(report, 5), 1U);
  EXPECT_EQ(at(report, 6), 255U);
  EXPECT_EQ(at(report, 8), 0x16U);
  EXPECT_EQ(at(report, 9), 0x0EU);
  EXPECT_EQ(at(report, 10), 0x05U);
}

TEST(GameStream3, c35_on_a_dualsense_motion_has_its_units_and_is_clamped) {
  auto pad = make_dualsense(kAddress);
  PadInput input;
  input.apply(PadMotion{.sensor = PadSensor::gyroscope, .x = 100, .y = -1e9F, .z = 0.5F});
  input.apply(PadMotion{.sensor = PadSensor::accelerometer, .x = kStandardGravity, .y = 0, .z = -1e9F});
  const auto report = report_of(*pad, input, Timestamp{std::chrono::seconds{2}});
  EXPECT_EQ(signed16(report, 16), 2000);
  EXPECT_EQ(signed16(report, 18), -32768);
  EXPECT_EQ(signed16(report, 20), 10);
  EXPECT_EQ(signed16(report, 22), 10'000);
  EXPECT_EQ(signed16(report, 26), -32768);
  EXPECT_EQ(ByteReader{ByteView{report}.subspan(28)}.little<std::uint32_t>(), 6'000'000U);
}

TEST(GameStream3, c35_on_a_dualsense_fingers_have_places_and_numbers) {
  auto pad = make_dualsense(kAddress);
  PadInput input;
  input.apply(PadTouch{.finger = 1, .touching = true, .x = 65535, .y = 65535});
  auto report = report_of(*pad, input);
  EXPECT_EQ(at(report, 33), 0x80U);
  EXPECT_EQ(at(report, 37), 1U);
  EXPECT_EQ(at(report, 38) | (at(report, 39) & 15U) << 8U, 1919U);
  EXPECT_EQ(at(report, 39) >> 4U | at(report, 40) << 4U, 1079U);
  input.apply(PadTouch{.finger = 1});
  input.apply(PadTouch{.finger = 1, .touching = true});
  report = report_of(*pad, input);
  EXPECT_EQ(at(report, 37), 2U) << "another contact";
}

TEST(GameStream3, c35_on_a_dualsense_the_battery_has_tenths) {
  auto pad = make_dualsense(kAddress);
  PadInput input;
  input.apply(PadBattery{.power = PadPower::charging, .percent = 73});
  EXPECT_EQ(at(report_of(*pad, input), 53), 0x17U);
  input.apply(PadBattery{.power = PadPower::discharging});
  EXPECT_EQ(at(report_of(*pad, input), 53), 0x0AU) << "how much is unknown";
}

TEST(DualSense, answers_its_driver) {
  const auto pad = make_dualsense(kAddress);
  HidReport buffer;
  const auto calibration = pad->write_feature(0x05, buffer);
  ASSERT_EQ(calibration.size(), 41U);
  EXPECT_EQ(at(calibration, 0), 0x05U);
  EXPECT_EQ(signed16(calibration, 7), 10'000);
  EXPECT_EQ(signed16(calibration, 33), -10'000);
  const auto pairing = pad->write_feature(0x09, buffer);
  ASSERT_EQ(pairing.size(), 20U);
  EXPECT_EQ(at(pairing, 1), 0x55U);
  EXPECT_EQ(at(pairing, 6), 0x02U);
  EXPECT_EQ(pad->write_feature(0x20, buffer).size(), 64U);
  EXPECT_TRUE(pad->write_feature(0x77, buffer).empty());
}

TEST(DualSense, tells_what_applications_write) {
  auto pad = make_dualsense(kAddress);
  EXPECT_THAT(feedback_of(*pad, output(48, {{0, 2}, {1, 3}, {3, 0x10}, {4, 0xFF}})),
              ElementsAre(PadFeedback{PadRumble{.strong = 0xFFFF, .weak = 0x1010}}));
  EXPECT_THAT(feedback_of(*pad, output(48, {{0, 2}, {39, 4}, {4, 1}})),
              ElementsAre(PadFeedback{PadRumble{.strong = 0x0101}}))
      << "the newer way";
  EXPECT_THAT(feedback_of(*pad, output(48, {{0, 2}})), ElementsAre(PadFeedback{PadRumble{}})) << "let go of";
  EXPECT_THAT(feedback_of(*pad, output(63, {{0, 2}, {2, 4}, {45, 1}, {46, 2}, {47, 3}})),
              ElementsAre(PadFeedback{PadLight{.red = 1, .green = 2, .blue = 3}}));
  const auto triggers =
      feedback_of(*pad, output(48, {{0, 2}, {1, 0x0C}, {11, 0x21}, {21, 9}, {22, 0x26}, {23, 8}}));
  EXPECT_THAT(triggers, ElementsAre(PadFeedback{PadAdaptiveTriggers{
                            0, true, true, {0x26, {8}}, {0x21, {0, 0, 0, 0, 0, 0, 0, 0, 0, 9}}}}));
}

TEST(DualSense, ignores_what_is_no_report_of_its_own) {
  auto pad = make_dualsense(kAddress);
  EXPECT_THAT(feedback_of(*pad, {}), IsEmpty());
  EXPECT_THAT(feedback_of(*pad, output(47, {{0, 2}, {1, 3}})), IsEmpty()) << "cut";
  EXPECT_THAT(feedback_of(*pad, output(63, {{0, 3}, {1, 3}})), IsEmpty()) << "another report";
}

// --- DualShock 4

TEST(DualShock4, has_these_bytes) {
  auto pad = make_dualshock4(kAddress);
  PadInput input = input_of({.buttons = button::kA | button::kDown | button::kBack | button::kTouchpad,
                             .left_trigger = 200,
                             .left_y = 32767});
  input.apply(PadTouch{.finger = 0, .touching = true, .x = 65535, .y = 65535});
  input.apply(PadBattery{.power = PadPower::discharging, .percent = 40});
  const auto report = report_of(*pad, input);
  EXPECT_EQ(at(report, 2), 0U);
  EXPECT_EQ(at(report, 5), 0x24U);
  EXPECT_EQ(at(report, 6), 0x14U);
  EXPECT_EQ(at(report, 7) & 3U, 0x02U);
  EXPECT_EQ(at(report, 8), 200U);
  EXPECT_EQ(at(report, 30), 4U);
  EXPECT_EQ(at(report, 33), 1U);
  EXPECT_EQ(at(report, 35), 1U);
  EXPECT_EQ(at(report, 37) >> 4U | at(report, 38) << 4U, 941U);
  HidReport buffer;
  EXPECT_EQ(pad->write_feature(0x02, buffer).size(), 37U);
  EXPECT_EQ(pad->write_feature(0x12, buffer).size(), 16U);
  EXPECT_EQ(pad->write_feature(0x81, buffer).size(), 7U);
  EXPECT_EQ(pad->write_feature(0xA3, buffer).size(), 49U);
  EXPECT_TRUE(pad->write_feature(0x05, buffer).empty());
}

TEST(DualShock4, tells_what_applications_write) {
  auto pad = make_dualshock4(kAddress);
  EXPECT_THAT(feedback_of(*pad, output(32, {{0, 5}, {1, 3}, {4, 1}, {5, 2}, {6, 3}, {7, 4}, {8, 5}})),
              ElementsAre(PadFeedback{PadRumble{.strong = 0x0202, .weak = 0x0101}},
                          PadFeedback{PadLight{.red = 3, .green = 4, .blue = 5}}));
  EXPECT_THAT(feedback_of(*pad, output(10, {{0, 5}, {1, 3}})), IsEmpty());
}

// --- Switch Pro

std::vector<std::byte> answer_of(HidPad& pad, ByteView bytes) {
  std::vector<PadFeedback> feedback;
  HidReport answer;
  const auto got = pad.take_output(bytes, PadInput{}, feedback, answer);
  return {got.begin(), got.end()};
}

TEST(SwitchPro, has_these_bytes) {
  auto pad = make_switch_pro(kAddress);
  const auto report = report_of(*pad, input_of({.buttons = button::kA | button::kUp | button::kGuide,
                                                .right_trigger = 1,
                                                .left_x = 32767,
                                                .left_y = -32768}));
  EXPECT_EQ(at(report, 0), 0x30U);
  EXPECT_EQ(at(report, 3), 0x84U) << "the lower button is B there; ZR";
  EXPECT_EQ(at(report, 4), 0x10U);
  EXPECT_EQ(at(report, 5), 0x02U);
  EXPECT_EQ(at(report, 6), 0xFFU);
  EXPECT_EQ(at(report, 7), 0x0FU);
  EXPECT_EQ(at(report, 8), 0x00U);
  EXPECT_EQ(signed16(report, 17), 4096) << "gravity";
}

TEST(SwitchPro, greets_its_driver) {
  auto pad = make_switch_pro(kAddress);
  const auto handshake = answer_of(*pad, output(2, {{0, 0x80}, {1, 0x02}}));
  ASSERT_EQ(handshake.size(), 64U);
  EXPECT_EQ(at(handshake, 0), 0x81U);
  EXPECT_EQ(at(handshake, 1), 0x02U);
  EXPECT_TRUE(answer_of(*pad, output(2, {{0, 0x80}, {1, 0x04}})).empty()) << "which no one answers";
  const auto info = answer_of(*pad, output(11, {{0, 1}, {10, 0x02}}));
  EXPECT_EQ(at(info, 13), 0x82U);
  EXPECT_EQ(at(info, 14), 0x02U);
  EXPECT_EQ(at(info, 17), 0x03U);
  EXPECT_EQ(at(info, 19), 0x02U);
  EXPECT_EQ(at(info, 24), 0x55U);
}

TEST(SwitchPro, has_calibration_in_its_flash_and_nothing_beyond) {
  auto pad = make_switch_pro(kAddress);
  const auto read = [&](unsigned address, unsigned length) {
    return answer_of(
        *pad, output(16, {{0, 1}, {10, 0x10}, {11, address & 0xFFU}, {12, address >> 8U}, {15, length}}));
  };
  const auto left = read(0x603D, 9);
  EXPECT_EQ(at(left, 13), 0x90U);
  EXPECT_EQ(at(left, 15), 0x3DU);
  EXPECT_EQ(at(left, 19), 9U);
  EXPECT_EQ(at(left, 20) | (at(left, 21) & 15U) << 8U, 2047U);
  EXPECT_EQ(at(left, 23) | (at(left, 24) & 15U) << 8U, 2048U);
  const auto nothing = read(0x8010, 255);
  EXPECT_EQ(at(nothing, 19), 29U) << "no longer than it fits";
  EXPECT_EQ(at(nothing, 20), 0xFFU);
  const auto end = read(0x604E, 4);
  EXPECT_NE(at(end, 20), 0xFFU);
  EXPECT_EQ(at(end, 23), 0xFFU);
  EXPECT_EQ(at(read(0, 1), 20), 0xFFU);
}

TEST(SwitchPro, tells_the_strength_of_its_motors) {
  auto pad = make_switch_pro(kAddress);
  const auto rumble = [&](std::initializer_list<std::pair<std::size_t, unsigned>> values) {
    auto bytes = output(10, values);
    bytes[0] = std::byte{0x10};
    return std::get<PadRumble>(feedback_of(*pad, bytes).at(0));
  };
  EXPECT_EQ(rumble({{3, 0x00}, {5, 0x40}, {7, 0x00}, {9, 0x40}}), PadRumble{});
  const auto full = rumble({{3, 0xC8}, {5, 0x72}, {7, 0xC8}, {9, 0x72}});
  EXPECT_EQ(full.strong, 65535);
  EXPECT_EQ(full.weak, 65535);
  const auto left = rumble({{3, 0x64}, {5, 0x59}, {7, 0x00}, {9, 0x40}});
  EXPECT_NEAR(left.strong, 22'250, 600) << "half of the scale is a third of the strength";
  EXPECT_EQ(left.weak, 0);
}

}  // namespace
}  // namespace lumen::gamepad
