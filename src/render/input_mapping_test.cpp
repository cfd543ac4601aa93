#include "render/input_mapping.hpp"

#include <gtest/gtest.h>
#include <linux/input-event-codes.h>

#include <cmath>
#include <limits>
#include <map>
#include <utility>
#include <vector>

namespace lumen::render {
namespace {

TEST(WindowFit, picture_keeps_its_shape_and_is_centred) {
  EXPECT_EQ(fit({1280, 720}, {1280, 720}), (Rect{0, 0, 1280, 720}));
  EXPECT_EQ(fit({1280, 720}, {1280, 1000}), (Rect{0, 140, 1280, 720}));
  EXPECT_EQ(fit({1280, 720}, {2000, 720}), (Rect{360, 0, 1280, 720}));
  EXPECT_EQ(fit({1920, 1080}, {960, 1000}), (Rect{0, 230, 960, 540}));
  EXPECT_EQ(fit({100, 200}, {1000, 1000}), (Rect{250, 0, 500, 1000}));
}

TEST(WindowFit, extreme_shapes_stay_visible_and_inside) {
  EXPECT_EQ(fit({16'384, 1}, {100, 100}), (Rect{0, 49, 100, 1}));
  EXPECT_EQ(fit({1, 16'384}, {100, 100}), (Rect{49, 0, 1, 100}));
}

TEST(WindowFit, nothing_fits_into_or_from_nothing) {
  EXPECT_EQ(fit({0, 0}, {100, 100}), Rect{});
  EXPECT_EQ(fit({100, 100}, {0, 100}), Rect{});
}

TEST(PointerMapping, at_one_to_one_every_pixel_is_hit_again) {
  constexpr std::int32_t kWidth = 1366;
  for (std::int32_t x = 0; x < kWidth; ++x) {
    const auto sent = to_picture(x, 0, {0, 0, kWidth, 768});
    EXPECT_EQ(static_cast<std::int32_t>(sent.x / 65535.0 * kWidth), x);
  }
}

TEST(PointerMapping, letterbox_belongs_to_the_nearest_edge) {
  const Rect area{100, 50, 800, 600};
  const auto first = to_picture(100, 50, area), last = to_picture(899, 649, area);
  EXPECT_EQ(to_picture(0, 0, area), first);
  EXPECT_EQ(to_picture(-5000, 51, area).x, first.x);
  EXPECT_EQ(to_picture(1000, 700, area), last);
  EXPECT_EQ(
      to_picture(std::numeric_limits<std::int32_t>::max(), std::numeric_limits<std::int32_t>::min(), area),
      (PointerMoveTo{last.x, first.y}));
  EXPECT_LT(first.x, 65535 / 800);
  EXPECT_GT(last.x, 65535 - 65535 / 800);
}

TEST(PointerMapping, scaled_window_maps_its_middle_to_the_pictures_middle) {
  EXPECT_NEAR(to_picture(500, 350, {100, 50, 800, 600}).x, 32768, 50);
  EXPECT_NEAR(to_picture(500, 350, {100, 50, 800, 600}).y, 32768, 60);
}

TEST(PointerMapping, inside_is_the_picture_without_the_letterbox) {
  const Rect area{10, 20, 30, 40};
  EXPECT_TRUE(contains(area, 10, 20));
  EXPECT_TRUE(contains(area, 39, 59));
  EXPECT_FALSE(contains(area, 40, 59));
  EXPECT_FALSE(contains(area, 39, 60));
  EXPECT_FALSE(contains(area, 9, 20));
  EXPECT_FALSE(contains({}, 0, 0));
}

TEST(Wheel, click_is_120_units_down_and_right_positive) {
  WheelAccumulator wheel;
  EXPECT_EQ(wheel.add(0, 1), (Scroll{.vertical_v120 = -120, .horizontal_v120 = 0}));
  EXPECT_EQ(wheel.add(2, -1), (Scroll{.vertical_v120 = 120, .horizontal_v120 = 240}));
}

TEST(Wheel, fractions_add_up_to_what_was_turned) {
  WheelAccumulator wheel;
  int sum = 0;
  for (int i = 0; i < 1000; ++i) {
    if (const auto scroll = wheel.add(0, -0.005F)) sum += scroll->vertical_v120;
  }
  EXPECT_NEAR(sum, 600, 1);
}

TEST(Wheel, less_than_a_unit_sends_nothing_yet) {
  WheelAccumulator wheel;
  EXPECT_FALSE(wheel.add(0, -0.005F));
  EXPECT_EQ(wheel.add(0, -0.005F), (Scroll{.vertical_v120 = 1, .horizontal_v120 = 0}));
}

TEST(Wheel, absurd_values_are_bounded) {
  WheelAccumulator wheel;
  EXPECT_EQ(wheel.add(0, -1e9F), (Scroll{.vertical_v120 = 32'767, .horizontal_v120 = 0}));
  WheelAccumulator other;
  EXPECT_FALSE(other.add(std::nanf(""), -HUGE_VALF));
  EXPECT_EQ(other.add(1, 0), (Scroll{.vertical_v120 = 0, .horizontal_v120 = 120}));
}

TEST(Buttons, five_buttons_have_their_evdev_codes) {
  EXPECT_EQ(evdev_button(1), BTN_LEFT);
  EXPECT_EQ(evdev_button(2), BTN_MIDDLE);
  EXPECT_EQ(evdev_button(3), BTN_RIGHT);
  EXPECT_EQ(evdev_button(4), BTN_SIDE);
  EXPECT_EQ(evdev_button(5), BTN_EXTRA);
  EXPECT_EQ(evdev_button(6), 0);
}

// USB HID usage tables 1.12, keyboard page, written out apart from the table.
TEST(Keys, usages_map_to_the_same_physical_key) {
  const std::vector<std::pair<std::uint32_t, std::uint16_t>> known{
      {4, KEY_A},          {29, KEY_Z},         {30, KEY_1},         {39, KEY_0},
      {40, KEY_ENTER},     {41, KEY_ESC},       {44, KEY_SPACE},     {49, KEY_BACKSLASH},
      {53, KEY_GRAVE},     {57, KEY_CAPSLOCK},  {58, KEY_F1},        {67, KEY_F10},
      {68, KEY_F11},       {69, KEY_F12},       {70, KEY_SYSRQ},     {72, KEY_PAUSE},
      {79, KEY_RIGHT},     {80, KEY_LEFT},      {81, KEY_DOWN},      {82, KEY_UP},
      {83, KEY_NUMLOCK},   {88, KEY_KPENTER},   {89, KEY_KP1},       {98, KEY_KP0},
      {100, KEY_102ND},    {101, KEY_COMPOSE},  {224, KEY_LEFTCTRL}, {227, KEY_LEFTMETA},
      {230, KEY_RIGHTALT}, {231, KEY_RIGHTMETA}};
  for (const auto& [usage, code] : known) EXPECT_EQ(evdev_key(usage), code) << "usage " << usage;
}

TEST(Keys, all_of_a_105_key_keyboard_is_there_and_different) {
  std::vector<std::uint32_t> usages{100, 101};  // the ISO key and Menu
  for (std::uint32_t usage = 4; usage <= 99; ++usage) {
    if (usage != 50) usages.push_back(usage);  // 49 and 50 are the ANSI and the ISO place of one key
  }
  for (std::uint32_t usage = 224; usage <= 231; ++usage) usages.push_back(usage);
  ASSERT_EQ(usages.size(), 105U);
  std::map<std::uint16_t, std::uint32_t> by_code;
  for (const auto usage : usages) {
    const auto code = evdev_key(usage);
    EXPECT_NE(code, 0) << "usage " << usage;
    EXPECT_TRUE(by_code.emplace(code, usage).second) << "usages " << usage << " and " << by_code[code];
  }
}

TEST(Keys, media_keys_are_there) {
  EXPECT_EQ(evdev_key(127), KEY_MUTE);
  EXPECT_EQ(evdev_key(128), KEY_VOLUMEUP);
  EXPECT_EQ(evdev_key(129), KEY_VOLUMEDOWN);
  EXPECT_EQ(evdev_key(258), KEY_NEXTSONG);
  EXPECT_EQ(evdev_key(259), KEY_PREVIOUSSONG);
  EXPECT_EQ(evdev_key(260), KEY_STOPCD);
  EXPECT_EQ(evdev_key(261), KEY_PLAYPAUSE);
}

TEST(Keys, unknown_scancodes_are_nothing) {
  for (const std::uint32_t scancode : {0U, 3U, 232U, 400U, 511U, 512U, 0xFFFFFFFFU}) {
    EXPECT_EQ(evdev_key(scancode), 0) << scancode;
  }
}

}  // namespace
}  // namespace lumen::render
