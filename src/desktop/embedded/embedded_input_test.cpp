// Input as applications get it, and the pointer in the picture.
#include <linux/input-event-codes.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <gmock/gmock.h>

#include "desktop/embedded/test_desktop.hpp"

namespace lumen::embedded {
namespace {

using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Pair;

class InjectedInput : public EmbeddedDesktopTest {
 protected:
  TestClient& ready_app(std::uint32_t width = 1280, std::uint32_t height = 720) {
    start({width, height, 60'000});
    auto& app = client_with_window();
    desktop_->inject(PointerMoveTo{32'768, 32'768});
    take_events(app);
    return app;
  }
};

TEST_F(InjectedInput, maps_positions_to_whole_pixels_from_corner_to_corner) {
  auto& app = ready_app();
  desktop_->inject(PointerMoveTo{0, 0});
  EXPECT_THAT(take_events(app), ElementsAre("relative -640 -360", "motion 0 0"));
  desktop_->inject(PointerMoveTo{65'535, 65'535});
  EXPECT_THAT(take_events(app), Contains("motion 1279 719"));
  desktop_->inject(PointerMoveTo{static_cast<std::uint16_t>(std::lround(100 * 65'535 / 1279.0)),
                                 static_cast<std::uint16_t>(std::lround(50 * 65'535 / 719.0))});
  EXPECT_THAT(take_events(app), Contains("motion 100 50"));
}

TEST_F(InjectedInput, moves_by_pixels_and_stops_at_the_edge) {
  auto& app = ready_app();
  desktop_->inject(PointerMoveTo{0, 0});
  take_events(app);
  desktop_->inject(PointerMoveBy{3.5F, 7.25F});
  EXPECT_THAT(take_events(app), ElementsAre("relative 3.5 7.25", "motion 3.5 7.25"));
  desktop_->inject(PointerMoveBy{-50, 60'000});
  EXPECT_THAT(take_events(app), Contains("motion 0 719"));
}

TEST_F(InjectedInput, ignores_motion_that_is_no_number) {
  auto& app = ready_app();
  desktop_->inject(PointerMoveBy{std::nanf(""), 1});
  desktop_->inject(PointerMoveBy{INFINITY, 1});
  desktop_->inject(PointerMoveBy{1e30F, 1});
  EXPECT_THAT(take_events(app), ElementsAre());
}

TEST_F(InjectedInput, presses_and_releases_buttons_and_keys_once) {
  auto& app = ready_app();
  desktop_->inject(PointerButton{BTN_LEFT, true});
  desktop_->inject(PointerButton{BTN_LEFT, true});
  desktop_->inject(PointerButton{BTN_LEFT, false});
  desktop_->inject(PointerButton{BTN_LEFT, false});
  EXPECT_THAT(take_events(app), ElementsAre("button 272 1", "button 272 0"));
  desktop_->inject(Key{KEY_A, true});
  desktop_->inject(Key{KEY_A, true});
  desktop_->inject(Key{KEY_A, false});
  desktop_->inject(Key{KEY_A, false});
  EXPECT_THAT(take_events(app), ElementsAre("key 30 1", "key 30 0"));
}

TEST_F(InjectedInput, tells_modifiers) {
  auto& app = ready_app();
  desktop_->inject(Key{KEY_LEFTSHIFT, true});
  EXPECT_THAT(take_events(app), ElementsAre("key 42 1", "modifiers 1"));
  desktop_->inject(Key{KEY_LEFTSHIFT, false});
  EXPECT_THAT(take_events(app), ElementsAre("key 42 0", "modifiers 0"));
}

TEST_F(InjectedInput, ignores_codes_that_are_no_keys_or_buttons) {
  auto& app = ready_app();
  for (const int code : {0, BTN_LEFT, BTN_SOUTH, KEY_MAX + 1, 0xFFFF}) {
    desktop_->inject(Key{static_cast<std::uint16_t>(code), true});
  }
  for (const int code : {0, KEY_A, BTN_JOYSTICK, 0xFFFF}) {
    desktop_->inject(PointerButton{static_cast<std::uint16_t>(code), true});
  }
  EXPECT_THAT(take_events(app), ElementsAre());
}

TEST_F(InjectedInput, takes_every_code_there_is) {
  auto& app = ready_app();
  for (int code = 0; code <= 0xFFFF; ++code) {
    desktop_->inject(Key{static_cast<std::uint16_t>(code), true});
    desktop_->inject(PointerButton{static_cast<std::uint16_t>(code), true});
    if (code % 64 == 0) app.pump();
  }
  desktop_->inject(ReleaseAll{});
  take_events(app);
  EXPECT_TRUE(app.is_connected());
}

TEST_F(InjectedInput, scrolls_down_and_right_for_positive_steps) {
  auto& app = ready_app();
  desktop_->inject(Scroll{.vertical_v120 = 120, .horizontal_v120 = 0});
  EXPECT_THAT(take_events(app), ElementsAre("clicks 0 1", "axis 0 15"));
  desktop_->inject(Scroll{.vertical_v120 = 0, .horizontal_v120 = -240});
  EXPECT_THAT(take_events(app), ElementsAre("clicks 1 -2", "axis 1 -30"));
  desktop_->inject(Scroll{});
  EXPECT_THAT(take_events(app), ElementsAre());
}

TEST_F(InjectedInput, adds_small_steps_of_a_fine_wheel_up_to_clicks) {
  auto& app = ready_app();
  for (int i = 0; i < 3; ++i) desktop_->inject(Scroll{.vertical_v120 = 40, .horizontal_v120 = 0});
  EXPECT_THAT(take_events(app), ElementsAre("axis 0 5", "axis 0 5", "clicks 0 1", "axis 0 5"));
}

TEST_F(InjectedInput, release_all_lets_go_of_everything_held) {
  auto& app = ready_app();
  desktop_->inject(Key{KEY_LEFTCTRL, true});
  desktop_->inject(Key{KEY_W, true});
  desktop_->inject(PointerButton{BTN_RIGHT, true});
  take_events(app);
  desktop_->inject(ReleaseAll{});
  const auto events = take_events(app);
  EXPECT_THAT(events, Contains("key 29 0"));
  EXPECT_THAT(events, Contains("key 17 0"));
  EXPECT_THAT(events, Contains("modifiers 0"));
  EXPECT_THAT(events, Contains("button 273 0"));
  desktop_->inject(ReleaseAll{});
  EXPECT_THAT(take_events(app), ElementsAre());
}

TEST_F(InjectedInput, release_all_knows_more_keys_than_a_keyboard_has_room_for) {
  auto& app = ready_app();
  for (std::uint16_t code = 1; code <= 60; ++code) desktop_->inject(Key{code, true});
  take_events(app);
  desktop_->inject(ReleaseAll{});
  const auto events = take_events(app);
  for (int code = 1; code <= 60; ++code) EXPECT_THAT(events, Contains("key " + std::to_string(code) + " 0"));
}

TEST_F(InjectedInput, is_on_its_way_before_inject_returns) {
  auto& app = ready_app();
  desktop_->inject(Key{KEY_B, true});
  app.pump();  // without another dispatch()
  EXPECT_THAT(app.events, ElementsAre("key 48 1"));
}

TEST_F(InjectedInput, moves_a_locked_pointer_relatively_without_limits) {
  auto& app = ready_app();
  app.lock_pointer();
  ASSERT_THAT(take_events(app), Contains("locked"));
  desktop_->inject(PointerMoveBy{5, 7});
  desktop_->inject(PointerMoveBy{-5000, 0});
  EXPECT_THAT(take_events(app), ElementsAre("relative 5 7", "relative -5000 0"));
}

TEST_F(InjectedInput, moves_a_locked_pointer_from_each_position_to_the_next) {
  auto& app = ready_app();
  const auto to_pixel = [mode = desktop_->mode()](int x, int y) {
    return PointerMoveTo{static_cast<std::uint16_t>(std::lround(x * 65'535.0 / (mode.width - 1))),
                         static_cast<std::uint16_t>(std::lround(y * 65'535.0 / (mode.height - 1)))};
  };
  desktop_->inject(to_pixel(100, 50));
  app.lock_pointer();
  ASSERT_THAT(take_events(app), Contains("locked"));
  for (const auto& [x, y] : {std::pair{110, 50}, std::pair{111, 52}, std::pair{100, 50}})
    desktop_->inject(to_pixel(x, y));
  std::vector<std::pair<long, long>> steps;  // to whole pixels: a client's position is not quite one
  for (const auto& event : take_events(app)) {
    double dx = 0, dy = 0;
    ASSERT_EQ(std::sscanf(event.c_str(), "relative %lf %lf", &dx, &dy), 2) << event;
    steps.emplace_back(std::lround(dx), std::lround(dy));
  }
  EXPECT_THAT(steps, ElementsAre(Pair(10, 0), Pair(1, 2), Pair(-11, -2)));
}

class TypedText : public InjectedInput {
 protected:
  // What the application made of it, once it made as much as `expected` is.
  std::string typed(TestClient& app, std::u32string_view text, std::string_view expected) {
    app.typed.clear();
    for (const auto each : text) desktop_->inject(Character{each});
    run_until([&] { return app.typed.size() >= expected.size(); });
    return app.typed;
  }
};

TEST_F(TypedText, comes_as_it_is_whatever_the_layout_has) {
  auto& app = ready_app();
  EXPECT_EQ(typed(app, U"Hello, world! 1+1=2\t", "Hello, world! 1+1=2\t"), "Hello, world! 1+1=2\t");
  EXPECT_EQ(typed(app, U"naïve café €5 ß Ж 你好 🙂", "naïve café €5 ß Ж 你好 🙂"),
            "naïve café €5 ß Ж 你好 🙂");
}

TEST_F(TypedText, leaves_keys_and_what_is_held_as_they_were) {
  auto& app = ready_app();
  desktop_->inject(Key{KEY_LEFTSHIFT, true});
  EXPECT_EQ(typed(app, U"a/你b", "a/你b"), "a/你b");
  app.typed.clear();
  desktop_->inject(Key{KEY_X, true});
  desktop_->inject(Key{KEY_X, false});
  desktop_->inject(Key{KEY_LEFTSHIFT, false});
  desktop_->inject(Key{KEY_X, true});
  desktop_->inject(Key{KEY_X, false});
  EXPECT_TRUE(run_until([&] { return app.typed == "Xx"; })) << app.typed;
}

TEST_F(TypedText, does_not_let_go_of_a_key_that_is_held) {
  auto& app = ready_app();
  desktop_->inject(Key{KEY_A, true});
  take_events(app);
  EXPECT_EQ(typed(app, U"a", "a"), "a");
  desktop_->inject(Key{KEY_A, false});
  EXPECT_THAT(take_events(app), Contains("key 30 0"));
}

TEST_F(TypedText, uses_the_keys_of_the_layout_where_it_can) {
  auto& app = ready_app();
  take_events(app);
  desktop_->inject(Character{U'B'});
  EXPECT_THAT(take_events(app),
              ElementsAre("key 42 1", "modifiers 1", "key 48 1", "key 48 0", "key 42 0", "modifiers 0"));
}

TEST_F(TypedText, of_more_characters_than_a_keyboard_has_keys_comes_whole) {
  auto& app = ready_app();
  for (char32_t i = 0; i < 400; ++i) {
    app.typed.clear();
    desktop_->inject(Character{0x4E00 + i});
    app.pump();
    ASSERT_TRUE(run_until([&] { return app.typed.size() == 3; })) << static_cast<int>(i);
  }
  EXPECT_TRUE(app.is_connected());
}

TEST_F(TypedText, that_is_none_is_ignored) {
  auto& app = ready_app();
  desktop_->inject(Character{0});
  desktop_->inject(Character{0xD800});
  desktop_->inject(Character{0x11'0000});
  desktop_->inject(Character{U'\x1B'});
  EXPECT_THAT(take_events(app), ElementsAre());
}

class DrawnPointer : public EmbeddedDesktopTest {
 protected:
  static constexpr std::uint32_t kRed = 0xFF0000;
  // An application with a red 16x16 cursor whose hot spot is its middle; the pointer is at (100, 100).
  TestClient& app_with_red_cursor() {
    start({640, 480, 60'000});
    auto& app = client_with_window();
    desktop_->inject(PointerMoveTo{static_cast<std::uint16_t>(std::lround(100 * 65'535 / 639.0)),
                                   static_cast<std::uint16_t>(std::lround(100 * 65'535 / 479.0))});
    take_events(app);
    app.set_cursor(16, 16, 0xFF00'0000U | kRed, 8, 8);
    stage_->run_for(milliseconds{60});
    return app;
  }
  bool is_red(std::uint32_t x, std::uint32_t y) const { return newest_->at(x, y) == kRed; }
};

TEST_F(DrawnPointer, is_in_the_picture_only_while_asked_for) {
  app_with_red_cursor();
  EXPECT_TRUE(newest_->frame.client_buffer);
  desktop_->set_pointer_drawn(true);
  ASSERT_TRUE(run_until([&] { return !newest_->frame.client_buffer; }));
  EXPECT_TRUE(is_red(92, 92) && is_red(107, 107));
  EXPECT_FALSE(is_red(91, 100) || is_red(108, 100));
  desktop_->set_pointer_drawn(false);
  ASSERT_TRUE(run_until([&] { return newest_->frame.client_buffer; }));
  EXPECT_FALSE(is_red(100, 100));
}

TEST_F(DrawnPointer, moves_with_the_pointer) {
  app_with_red_cursor();
  desktop_->set_pointer_drawn(true);
  ASSERT_TRUE(run_until([&] { return is_red(100, 100); }));
  desktop_->inject(PointerMoveBy{200, 100});
  ASSERT_TRUE(run_until([&] { return is_red(300, 200); }));
  EXPECT_FALSE(is_red(100, 100));
}

TEST_F(DrawnPointer, is_an_arrow_where_no_application_sets_one) {
  start({640, 480, 60'000}, true);
  ASSERT_TRUE(run_until([&] { return frames_ > 0; }));
  desktop_->inject(PointerMoveTo{32'768, 32'768});
  ASSERT_TRUE(run_until([&] {
    return std::any_of(newest_->pixels.begin(), newest_->pixels.end(),
                       [](std::uint32_t pixel) { return (pixel & 0xFFFFFFU) != 0; });
  }));
}

TEST_F(DrawnPointer, hides_when_the_application_hides_it) {
  auto& app = app_with_red_cursor();
  desktop_->set_pointer_drawn(true);
  ASSERT_TRUE(run_until([&] { return is_red(100, 100); }));
  app.hide_cursor();
  ASSERT_TRUE(run_until([&] { return !is_red(100, 100); }));
}

TEST_F(DrawnPointer, causes_no_frames_by_moving_while_not_drawn) {
  app_with_red_cursor();
  stage_->run_for(milliseconds{100});
  const auto count = frames_;
  for (int i = 0; i < 10; ++i) desktop_->inject(PointerMoveBy{3, 3});
  stage_->run_for(milliseconds{100});
  EXPECT_EQ(frames_, count);
}

}  // namespace
}  // namespace lumen::embedded
