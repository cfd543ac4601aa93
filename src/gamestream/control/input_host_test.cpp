#include "gamestream/control/input_host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/input-event-codes.h>

#include <cmath>
#include <limits>

namespace lumen::gamestream::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Events = std::vector<InputEvent>;

constexpr std::uint8_t kA = 0x41, kShiftLeft = 0xA0, kF1 = 0x70, kSleep = 0x5F, kAltLeft = 0xA4,
                       kPrint = 0x2C;

KeyInput down(std::uint8_t key, std::uint8_t modifiers = 0, std::uint8_t flags = 0) {
  return {.pressed = true,
          .flags = flags,
          .code = static_cast<std::uint16_t>(0x8000U | key),
          .modifiers = modifiers};
}
KeyInput up(std::uint8_t key) {
  return {.pressed = false, .code = static_cast<std::uint16_t>(0x8000U | key)};
}

struct Bench {
  InputHost host;
  ManualTime time;
  explicit Bench(const InputParams& params = {}) : host{params} {}
  Events give(std::initializer_list<InputPacket> packets) {
    for (const auto& packet : packets) {
      time.advance(std::chrono::milliseconds{1});
      host.take(packet, time.now());
    }
    return drain();
  }
  Events drain() {
    Events events;
    host.drain(events);
    return events;
  }
};

InputEvent key(std::uint16_t code, bool pressed) { return Key{code, pressed}; }

TEST(GameStream3, c27_only_the_low_byte_of_a_key_counts) {
  Bench bench;
  EXPECT_THAT(
      bench.give({KeyInput{.pressed = true, .code = 0x0041}, KeyInput{.pressed = false, .code = 0xFF41}}),
      ElementsAre(key(KEY_A, true), key(KEY_A, false)));
}

TEST(GameStream3, c27_unknown_keys_are_dropped) {
  Bench bench;
  EXPECT_THAT(bench.give({down(0x01), up(0x01), down(0x07), down(0xE5)}), IsEmpty());
  EXPECT_EQ(bench.host.counters().meaningless, 4U);
}

TEST(GameStream3, c28_a_claimed_modifier_that_is_up_is_pressed_around_the_key) {
  Bench bench;
  EXPECT_THAT(bench.give({down(kA, modifier::kShift | modifier::kMeta), up(kA)}),
              ElementsAre(key(KEY_LEFTSHIFT, true), key(KEY_LEFTMETA, true), key(KEY_A, true),
                          key(KEY_LEFTSHIFT, false), key(KEY_LEFTMETA, false), key(KEY_A, false)));
}

TEST(GameStream3, c28_a_held_modifier_is_left_alone) {
  Bench bench;
  // The right one serves as well; a byte that lacks it releases nothing; a modifier's own byte is not read.
  EXPECT_THAT(bench.give({down(0xA1, modifier::kControl), down(kA, modifier::kShift), up(kA), down(kA, 0)}),
              ElementsAre(key(KEY_RIGHTSHIFT, true), key(KEY_A, true), key(KEY_A, false), key(KEY_A, true)));
}

TEST(GameStream3, c28_a_second_press_and_a_second_release_are_nothing) {
  Bench bench;
  EXPECT_THAT(bench.give({down(kA), down(kA), up(kA), up(kA)}),
              ElementsAre(key(KEY_A, true), key(KEY_A, false)));
}

TEST(InputHost, two_virtual_keys_of_one_key_press_it_once) {
  Bench bench;
  EXPECT_THAT(bench.give({down(0x10), down(kShiftLeft), up(0x10)}), ElementsAre(key(KEY_LEFTSHIFT, true)));
  EXPECT_THAT(bench.give({up(kShiftLeft)}), ElementsAre(key(KEY_LEFTSHIFT, false)));
}

TEST(InputHost, yen_comes_up_though_its_release_lacks_the_flag) {
  Bench bench{{.japanese_keys = true}};
  EXPECT_THAT(bench.give({down(0xDC, 0, 1), up(0xDC)}), ElementsAre(key(KEY_YEN, true), key(KEY_YEN, false)));
}

TEST(GameStream3, c30_positions_are_clamped_and_reach_both_edges) {
  Bench bench;
  const auto at = [&](std::int16_t x, std::int16_t y) {
    return std::get<PointerMoveTo>(bench.give({MouseMoveTo{x, y, 1279, 719}}).at(0));
  };
  EXPECT_EQ(at(0, 0), (PointerMoveTo{0, 0}));
  EXPECT_EQ(at(1279, 719), (PointerMoveTo{65535, 65535}));
  EXPECT_EQ(at(1280, 720), (PointerMoveTo{65535, 65535}));
  EXPECT_EQ(at(-5, -32768), (PointerMoveTo{0, 0}));
}

TEST(GameStream3, c30_each_pixel_arrives_as_that_pixel) {
  Bench bench;
  for (std::int16_t x = 0; x < 1280; ++x) {
    const auto to = std::get<PointerMoveTo>(bench.give({MouseMoveTo{x, 0, 1279, 719}}).at(0));
    EXPECT_EQ(std::lround(to.x * 1279.0 / 65535), x);
  }
}

TEST(GameStream3, c30_a_reference_of_no_size_is_dropped) {
  Bench bench;
  EXPECT_THAT(bench.give({MouseMoveTo{1, 1, 0, 719}, MouseMoveTo{1, 1, 1279, 0}, MouseMoveTo{1, 1, -1, -1}}),
              IsEmpty());
}

TEST(GameStream3, c30_bars_are_taken_off) {
  Bench bench{{.picture = {.left = 0.25, .top = 0, .width = 0.5, .height = 1}}};
  const auto x = [&](std::int16_t at) {
    return std::get<PointerMoveTo>(bench.give({MouseMoveTo{at, 0, 1000, 1000}}).at(0)).x;
  };
  EXPECT_EQ(x(100), 0);
  EXPECT_EQ(x(250), 0);
  EXPECT_EQ(x(500), 32768);
  EXPECT_EQ(x(750), 65535);
  EXPECT_EQ(x(900), 65535);
}

TEST(GameStream3, c31_up_is_negative_and_right_positive_here) {
  Bench bench;
  EXPECT_THAT(bench.give({VerticalScroll{120}}), ElementsAre(InputEvent{Scroll{-120, 0}}));
  EXPECT_THAT(bench.give({HorizontalScroll{-30}}), ElementsAre(InputEvent{Scroll{0, -30}}));
}

TEST(GameStream3, c31_small_steps_add_up_to_a_notch) {
  Bench bench;
  for (int i = 0; i < 8; ++i) bench.host.take(VerticalScroll{-15}, bench.time.now());
  EXPECT_THAT(bench.drain(), ElementsAre(InputEvent{Scroll{120, 0}}));
}

TEST(GameStream3, c31_scrolls_that_do_not_fit_one_event_are_two) {
  Bench bench;
  EXPECT_THAT(bench.give({VerticalScroll{std::numeric_limits<std::int16_t>::min()}, VerticalScroll{-1}}),
              ElementsAre(InputEvent{Scroll{32767, 0}}, InputEvent{Scroll{1, 0}}));
}

TEST(InputHost, buttons_have_their_evdev_codes_and_go_down_once) {
  Bench bench;
  for (const auto& [number, code] :
       {std::pair{1, BTN_LEFT}, {2, BTN_MIDDLE}, {3, BTN_RIGHT}, {4, BTN_SIDE}, {5, BTN_EXTRA}}) {
    const MouseButton press{true, static_cast<std::uint8_t>(number)},
        release{false, static_cast<std::uint8_t>(number)};
    const auto evdev = static_cast<std::uint16_t>(code);
    EXPECT_THAT(bench.give({press, press, release, release}),
                ElementsAre(InputEvent{PointerButton{evdev, true}}, InputEvent{PointerButton{evdev, false}}));
  }
}

TEST(InputHost, neighbouring_motion_merges_and_an_edge_keeps_its_place) {
  Bench bench;
  EXPECT_THAT(bench.give({MouseMoveBy{1, 2}, MouseMoveBy{3, -4}, MouseButton{true, 1}, MouseMoveBy{5, 5}}),
              ElementsAre(InputEvent{PointerMoveBy{4, -2}}, InputEvent{PointerButton{BTN_LEFT, true}},
                          InputEvent{PointerMoveBy{5, 5}}));
  EXPECT_THAT(bench.give({MouseMoveTo{1, 1, 100, 100}, MouseMoveTo{100, 100, 100, 100}}),
              ElementsAre(InputEvent{PointerMoveTo{65535, 65535}}));
}

TEST(InputHost, when_edges_no_longer_fit_everything_is_released) {
  Bench bench;
  for (int i = 0; i < 200; ++i) {
    bench.time.advance(std::chrono::milliseconds{1});
    bench.host.take(down(kA), bench.time.now());
    bench.host.take(up(kA), bench.time.now());
  }
  const auto events = bench.drain();
  EXPECT_LE(events.size(), InputHost::kMaxWaiting);
  EXPECT_EQ(bench.host.counters().overflows, 1U);
  EXPECT_EQ(events.front(), InputEvent{ReleaseAll{}});
  EXPECT_THAT(bench.give({down(kA)}), ElementsAre(key(KEY_A, true)));
}

TEST(GameStream3, c37_what_is_held_is_released_and_only_then) {
  Bench bench;
  bench.host.release_all();
  EXPECT_THAT(bench.drain(), IsEmpty());
  bench.give({down(kA), MouseButton{true, 1}});
  bench.host.release_all();
  EXPECT_THAT(bench.drain(), ElementsAre(InputEvent{ReleaseAll{}}));
  EXPECT_THAT(bench.give({up(kA), MouseButton{false, 1}}), IsEmpty());
}

TEST(GameStream3, c37_a_change_of_rights_releases_everything) {
  Bench bench;
  bench.give({down(kA)});
  bench.host.set_permissions({});
  EXPECT_THAT(bench.drain(), IsEmpty());
  bench.host.set_permissions({.keyboard = false});
  EXPECT_THAT(bench.drain(), ElementsAre(InputEvent{ReleaseAll{}}));
}

TEST(GameStream3, c39_each_right_stands_alone) {
  const std::vector<InputPacket> all{down(kA),    MouseMoveBy{1, 1},  Touch{}, Pen{}, PadState{},
                                     PadMotion{}, TextInput{{'x'}, 1}};
  const auto refused = [&](const InputPermissions& permissions) {
    Bench bench{{.permissions = permissions}};
    for (const auto& packet : all) bench.host.take(packet, bench.time.now());
    return bench.host.counters().not_allowed;
  };
  EXPECT_EQ(refused({}), 0U);
  EXPECT_EQ(refused({.keyboard = false}), 1U);
  EXPECT_EQ(refused({.pointer = false}), 1U);
  EXPECT_EQ(refused({.touch = false}), 2U);
  EXPECT_EQ(refused({.pads = false}), 2U);
  EXPECT_EQ(refused({.text = false}), 1U);
}

TEST(GameStream3, c39_sleep_terminal_switches_and_system_requests_are_blocked) {
  Bench bench;
  EXPECT_THAT(bench.give({down(kSleep), up(kSleep)}), IsEmpty());
  EXPECT_THAT(bench.give({down(kF1, modifier::kControl | modifier::kAlt)}), IsEmpty());
  bench.give({down(kAltLeft), down(kPrint)});
  EXPECT_THAT(bench.give({down(kA)}), IsEmpty());
  EXPECT_THAT(bench.give({up(kPrint), down(kA)}), ElementsAre(key(KEY_SYSRQ, false), key(KEY_A, true)));
  EXPECT_EQ(bench.host.counters().not_allowed, 3U);
}

TEST(InputHost, blocked_keys_pass_where_that_is_wanted) {
  Bench bench{{.block_system_keys = false}};
  EXPECT_THAT(bench.give({down(kSleep)}), ElementsAre(key(KEY_SLEEP, true)));
}

TEST(GameStream3, c40_past_the_rate_only_releases_pass) {
  Bench bench;
  bench.host.take(down(kA), bench.time.now());
  for (int i = 0; i < 3000; ++i) bench.host.take(MouseMoveBy{1, 0}, bench.time.now());
  EXPECT_EQ(bench.host.counters().over_rate, 1001U);
  bench.host.take(up(kA), bench.time.now());
  EXPECT_THAT(bench.drain(),
              ElementsAre(key(KEY_A, true), InputEvent{PointerMoveBy{1999, 0}}, key(KEY_A, false)));
  bench.time.advance(std::chrono::milliseconds{10});
  for (int i = 0; i < 100; ++i) bench.host.take(MouseMoveBy{1, 0}, bench.time.now());
  EXPECT_THAT(bench.drain(), ElementsAre(InputEvent{PointerMoveBy{20, 0}}));
}

InputEvent finger(TouchPhase phase, std::uint32_t id, std::uint16_t x = 0, std::uint16_t y = 0,
                  float pressure = 0) {
  return lumen::Touch{.phase = phase, .id = id, .x = x, .y = y, .pressure = pressure};
}

TEST(GameStream3, c32_fingers_go_down_move_come_up_and_are_cancelled) {
  Bench bench;
  EXPECT_THAT(
      bench.give({Touch{.event = TouchEvent::down, .pointer = 7, .x = 0.5F, .pressure_or_distance = 0.25F},
                  Touch{.event = TouchEvent::move, .pointer = 7, .x = 1, .y = 1},
                  Touch{.event = TouchEvent::up, .pointer = 7, .y = 1, .pressure_or_distance = 0.5F}}),
      ElementsAre(finger(TouchPhase::down, 7, 32768, 0, 0.25F), finger(TouchPhase::move, 7, 65535, 65535),
                  finger(TouchPhase::up, 7, 0, 65535)));
  EXPECT_THAT(bench.give({Touch{.event = TouchEvent::down, .pointer = 8},
                          Touch{.event = TouchEvent::cancel, .pointer = 8}}),
              ElementsAre(finger(TouchPhase::down, 8), finger(TouchPhase::cancel, 8)));
}

TEST(GameStream3, c32_a_finger_goes_down_once_and_means_nothing_before_it_did) {
  Bench bench;
  const Touch move{.event = TouchEvent::move, .pointer = 1}, up{.event = TouchEvent::up, .pointer = 1},
      down{.event = TouchEvent::down, .pointer = 1};
  EXPECT_THAT(bench.give({move, up, Touch{.event = TouchEvent::cancel, .pointer = 1}}), IsEmpty());
  EXPECT_THAT(bench.give({down, down, up, up}),
              ElementsAre(finger(TouchPhase::down, 1), finger(TouchPhase::up, 1)));
  EXPECT_EQ(bench.host.counters().meaningless, 5U);
}

TEST(GameStream3, c32_hovering_fingers_are_nothing) {
  Bench bench;
  EXPECT_THAT(bench.give({Touch{.event = TouchEvent::down, .pointer = 1}}).size(), 1U);
  for (const auto event : {TouchEvent::hover, TouchEvent::hover_leave, TouchEvent::button_only}) {
    EXPECT_THAT(bench.give({Touch{.event = event, .pointer = 1}}), IsEmpty());
  }
  EXPECT_THAT(bench.give({Touch{.event = TouchEvent::up, .pointer = 1}}).size(), 1U);
}

TEST(GameStream3, c32_cancel_all_cancels_each_finger) {
  Bench bench;
  EXPECT_THAT(bench.give({Touch{.event = TouchEvent::cancel_all}}), IsEmpty());
  bench.give(
      {Touch{.event = TouchEvent::down, .pointer = 1}, Touch{.event = TouchEvent::down, .pointer = 2}});
  EXPECT_THAT(bench.give({Touch{.event = TouchEvent::cancel_all, .pointer = 99}}),
              ElementsAre(finger(TouchPhase::cancel, 1), finger(TouchPhase::cancel, 2)));
  EXPECT_THAT(bench.give({Touch{.event = TouchEvent::up, .pointer = 1}}), IsEmpty());
}

TEST(GameStream3, c32_positions_are_clamped_and_bars_taken_off) {
  Bench bench{{.picture = {.left = 0.25, .top = 0, .width = 0.5, .height = 1}}};
  EXPECT_THAT(bench.give({Touch{.event = TouchEvent::down, .pointer = 1, .x = 0.5F, .y = -3}}),
              ElementsAre(finger(TouchPhase::down, 1, 32768, 0)));
  EXPECT_THAT(bench.give({Touch{
                  .event = TouchEvent::move, .pointer = 1, .x = 0.9F, .y = 7, .pressure_or_distance = 9}}),
              ElementsAre(finger(TouchPhase::move, 1, 65535, 65535, 1)));
}

TEST(GameStream3, c40_at_most_32_fingers_are_down) {
  Bench bench;
  std::size_t down = 0;
  for (std::uint32_t id = 0; id < 40; ++id) {
    down += bench.give({Touch{.event = TouchEvent::down, .pointer = id}}).size();
  }
  EXPECT_EQ(down, kMaxTouches);
  EXPECT_THAT(bench.give({Touch{.event = TouchEvent::up, .pointer = 3}}),
              ElementsAre(finger(TouchPhase::up, 3)));
  EXPECT_THAT(bench.give({Touch{.event = TouchEvent::down, .pointer = 50}}),
              ElementsAre(finger(TouchPhase::down, 50)));
}

TEST(InputHost, moves_of_one_finger_merge_and_those_of_another_do_not) {
  Bench bench;
  bench.give(
      {Touch{.event = TouchEvent::down, .pointer = 1}, Touch{.event = TouchEvent::down, .pointer = 2}});
  EXPECT_THAT(bench.give({Touch{.event = TouchEvent::move, .pointer = 1, .x = 0.5F},
                          Touch{.event = TouchEvent::move, .pointer = 1, .x = 1},
                          Touch{.event = TouchEvent::move, .pointer = 2, .x = 1}}),
              ElementsAre(finger(TouchPhase::move, 1, 65535), finger(TouchPhase::move, 2, 65535)));
}

constexpr auto kHovering = PenPlace::hovering, kTouching = PenPlace::touching;
Pen at(TouchEvent event, float x = 0, std::uint8_t buttons = 0) {
  return {.event = event, .buttons = buttons, .x = x};
}
InputEvent pen(PenPlace place, std::uint16_t x = 0, std::uint8_t buttons = 0) {
  return lumen::Pen{.place = place, .buttons = buttons, .x = x};
}

TEST(GameStream3, c32_a_pen_comes_draws_and_leaves) {
  Bench bench;
  EXPECT_THAT(bench.give({at(TouchEvent::hover), at(TouchEvent::hover, 0.5F), at(TouchEvent::down, 0.5F),
                          at(TouchEvent::move, 1), at(TouchEvent::up, 1), at(TouchEvent::hover_leave)}),
              ElementsAre(pen(kHovering), pen(kHovering, 32768), pen(kTouching, 32768), pen(kTouching, 65535),
                          pen(kHovering, 65535), pen(PenPlace::away, 65535)));
}

TEST(GameStream3, c32_all_of_a_pen_arrives) {
  Bench bench;
  EXPECT_THAT(bench.give({Pen{.event = TouchEvent::hover,
                              .tool = 2,
                              .buttons = 2,
                              .x = 1,
                              .y = 0.5F,
                              .pressure_or_distance = 0.25F,
                              .rotation = 270,
                              .tilt = 30}}),
              ElementsAre(InputEvent{
                  lumen::Pen{kHovering, PenTool::eraser, kPenSecondary, 65535, 32768, 0, 0.25F, 270, 30}}));
  // Tool 0 is the same tool as before.
  EXPECT_THAT(
      bench.give({Pen{.event = TouchEvent::down, .pressure_or_distance = 0.5F}}),
      ElementsAre(InputEvent{lumen::Pen{.place = kTouching, .tool = PenTool::eraser, .pressure = 0.5F}}));
}

TEST(GameStream3, c32_unknown_rotation_and_tilt_stay_unknown_and_impossible_ones_are_so_too) {
  Bench bench;
  for (const auto& [rotation, tilt] : {std::pair{0xFFFF, 0xFF}, {361, 91}, {0xFFFE, 0xFE}}) {
    const auto events = bench.give({Pen{.event = TouchEvent::hover,
                                        .rotation = static_cast<std::uint16_t>(rotation),
                                        .tilt = static_cast<std::uint8_t>(tilt)}});
    EXPECT_EQ(std::get<lumen::Pen>(events.at(0)).rotation_degrees, kUnknownPenRotation);
    EXPECT_EQ(std::get<lumen::Pen>(events.at(0)).tilt_degrees, kUnknownPenTilt);
  }
}

TEST(GameStream3, c32_of_a_button_event_only_the_buttons_count) {
  Bench bench;
  EXPECT_THAT(bench.give({at(TouchEvent::button_only, 1, 1)}), IsEmpty());
  bench.give({at(TouchEvent::hover, 0.5F)});
  EXPECT_THAT(bench.give({at(TouchEvent::button_only, 1, 0xFF)}), ElementsAre(pen(kHovering, 32768, 7)));
  EXPECT_THAT(bench.give({at(TouchEvent::button_only, 1, 0)}), ElementsAre(pen(kHovering, 32768, 0)));
}

TEST(GameStream3, c32_a_cancelled_pen_is_away_with_nothing_held) {
  for (const auto event : {TouchEvent::cancel, TouchEvent::cancel_all}) {
    Bench bench;
    EXPECT_THAT(bench.give({at(event)}), IsEmpty());
    bench.give({at(TouchEvent::down, 1, 1)});
    EXPECT_THAT(bench.give({at(event, 0.5F, 1)}), ElementsAre(pen(PenPlace::away, 65535)));
    EXPECT_THAT(bench.give({at(TouchEvent::move), at(TouchEvent::up)}), IsEmpty());
  }
}

TEST(InputHost, a_pen_that_never_hovered_is_away_after_its_stroke) {
  Bench bench;
  EXPECT_THAT(bench.give({at(TouchEvent::down), at(TouchEvent::up)}),
              ElementsAre(pen(kTouching), pen(PenPlace::away)));
}

TEST(InputHost, a_hover_that_comes_late_does_not_end_a_stroke) {
  Bench bench;
  bench.give({at(TouchEvent::hover), at(TouchEvent::down)});
  EXPECT_THAT(bench.give({at(TouchEvent::hover), at(TouchEvent::hover_leave), at(TouchEvent::down)}),
              IsEmpty());
  EXPECT_THAT(bench.give({at(TouchEvent::move, 1)}), ElementsAre(pen(kTouching, 65535)));
}

TEST(InputHost, a_stroke_keeps_its_places_until_too_many_wait) {
  Bench bench;
  bench.host.take(at(TouchEvent::down, 1), bench.time.now());
  for (int i = 0; i < 1000; ++i) bench.host.take(at(TouchEvent::move, 0.5F), bench.time.now());
  const auto events = bench.drain();
  EXPECT_GT(events.size(), InputHost::kMaxWaiting / 2);
  EXPECT_EQ(bench.host.counters().overflows, 0U);
  EXPECT_EQ(events.front(), pen(kTouching, 65535));
  EXPECT_EQ(events.back(), pen(kTouching, 32768));
}

TEST(GameStream3, c37_fingers_and_pen_are_released_too) {
  Bench bench;
  for (const InputPacket& held :
       {InputPacket{Touch{.event = TouchEvent::down}}, InputPacket{at(TouchEvent::hover)}}) {
    bench.give({held});
    bench.host.release_all();
    EXPECT_THAT(bench.drain(), ElementsAre(InputEvent{ReleaseAll{}}));
    bench.host.release_all();
    EXPECT_THAT(bench.drain(), IsEmpty());
    EXPECT_THAT(bench.give({Touch{.event = TouchEvent::up}, at(TouchEvent::move)}), IsEmpty());
  }
}

TEST(GameStream3, c40_fingers_and_pens_come_up_past_the_rate) {
  Bench bench;
  bench.host.take(Touch{.event = TouchEvent::down}, bench.time.now());
  bench.host.take(at(TouchEvent::down), bench.time.now());
  for (int i = 0; i < 3000; ++i) bench.host.take(MouseMoveBy{1, 0}, bench.time.now());
  bench.drain();
  bench.host.take(Touch{.event = TouchEvent::down, .pointer = 1}, bench.time.now());
  bench.host.take(Touch{.event = TouchEvent::up}, bench.time.now());
  bench.host.take(at(TouchEvent::up), bench.time.now());
  EXPECT_THAT(bench.drain(), ElementsAre(finger(TouchPhase::up, 0), pen(PenPlace::away)));
}

TEST(InputHost, text_becomes_characters) {
  Bench bench;
  EXPECT_THAT(bench.give({TextInput{{'a', '\xC3', '\xA9'}, 3}}),
              ElementsAre(InputEvent{Character{U'a'}}, InputEvent{Character{U'é'}}));
}

TEST(InputHost, what_the_desktop_does_not_take_is_told_once_a_kind) {
  Bench bench{{.desktop = {.touch = false, .pen = false, .text = false}}};
  bench.give({Touch{}, Touch{}, Pen{}, TextInput{{'x'}, 1}, TextInput{{'\x01'}, 1}});
  std::vector<UnsupportedInput> told;
  while (const auto kind = bench.host.take_unsupported()) told.push_back(*kind);
  EXPECT_THAT(told, ElementsAre(UnsupportedInput::text, UnsupportedInput::touch, UnsupportedInput::pen));
  bench.give({Touch{}});
  EXPECT_FALSE(bench.host.take_unsupported());
  EXPECT_EQ(bench.host.counters().unsupported, 5U);
}

TEST(InputHost, what_the_desktop_takes_is_not_told) {
  Bench bench;
  bench.give({Touch{.event = TouchEvent::down}, at(TouchEvent::hover)});
  EXPECT_FALSE(bench.host.take_unsupported());
}

}  // namespace
}  // namespace lumen::gamestream::control
