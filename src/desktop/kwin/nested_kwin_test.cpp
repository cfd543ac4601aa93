// Real KWin as an application of our compositor: what clients inside it see, and what we see of them.
#include "desktop/kwin/test_nested_kwin.hpp"

#include <linux/input-event-codes.h>
#include <signal.h>

#include <algorithm>
#include <cstdio>

#include <gmock/gmock.h>

namespace lumen::kwin {
namespace {

using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::StartsWith;

TEST_F(NestedKWinTest, shows_a_window_inside_it_pixel_by_pixel) {
  ASSERT_NO_FATAL_FAILURE(start({1280, 720, 60'000}));
  auto& app = fullscreen_inside();
  app.draw(77);
  EXPECT_TRUE(sees(77)) << kwin_->log();
  EXPECT_EQ(windows_, 1);
}

TEST_F(NestedKWinTest, has_the_size_of_the_display_from_the_start) {
  ASSERT_NO_FATAL_FAILURE(start({1366, 769, 60'000}));
  auto& app = client_inside();
  EXPECT_TRUE(run_until([&] { return app.output_width == 1366 && app.output_height == 769; }))
      << app.output_width << "x" << app.output_height;
}

TEST_F(NestedKWinTest, follows_the_display_at_run_time) {
  ASSERT_NO_FATAL_FAILURE(start({1280, 720, 60'000}));
  auto& app = fullscreen_inside();
  for (const auto& mode : {Mode{1920, 1080, 60'000}, Mode{800, 600, 60'000}, Mode{1171, 539, 60'000}}) {
    ASSERT_TRUE(desktop_->set_mode(mode));
    ASSERT_TRUE(run_until([&] {
      return app.configured_width == static_cast<int>(mode.width) &&
             app.configured_height == static_cast<int>(mode.height);
    })) << to_string(mode);
    app.draw(mode.width);
    EXPECT_TRUE(sees(mode.width)) << to_string(mode);
    EXPECT_EQ(app.output_width, static_cast<int>(mode.width));
  }
}

TEST_F(NestedKWinTest, hands_on_the_pointer_to_the_pixel) {
  ASSERT_NO_FATAL_FAILURE(start({1280, 720, 60'000}));
  auto& app = fullscreen_inside();
  app.draw(1);
  ASSERT_TRUE(sees(1));
  desktop_->inject(PointerMoveTo{to_position(321, 1280), to_position(123, 720)});
  desktop_->inject(PointerMoveBy{10, -3});
  desktop_->inject(PointerButton{BTN_LEFT, true});
  desktop_->inject(PointerButton{BTN_LEFT, false});
  desktop_->inject(PointerButton{BTN_EXTRA, true});
  desktop_->inject(PointerButton{BTN_EXTRA, false});
  desktop_->inject(Scroll{120, 0});
  run_until([&] { return std::ranges::any_of(app.events, [](auto& e) { return e.starts_with("axis"); }); });
  for (const auto& e : app.events) printf("%s\n", e.c_str());
}

TEST_F(NestedKWinTest, hands_on_keys_and_fingers) {
  ASSERT_NO_FATAL_FAILURE(start({1280, 720, 60'000}));
  auto& app = fullscreen_inside();
  app.listen_to_touch();
  app.draw(1);
  ASSERT_TRUE(sees(1));
  app.events.clear();
  desktop_->inject(Key{KEY_LEFTSHIFT, true});
  desktop_->inject(Key{KEY_A, true});
  desktop_->inject(Key{KEY_A, false});
  desktop_->inject(Key{KEY_LEFTSHIFT, false});
  desktop_->inject(Touch{TouchPhase::down, 1, to_position(600, 1280), to_position(400, 720)});
  desktop_->inject(Touch{TouchPhase::move, 1, to_position(640, 1280), to_position(410, 720)});
  desktop_->inject(Touch{TouchPhase::up, 1, 0, 0});
  run_until([&] { return std::ranges::any_of(app.events, [](auto& e) { return e.starts_with("up"); }); });
  for (const auto& e : app.events) printf("%s\n", e.c_str());
  printf("typed %s\n", app.typed.c_str());
}

}  // namespace
}  // namespace lumen::kwin
