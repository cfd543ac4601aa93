// Fingers as applications get them.
#include <linux/input-event-codes.h>

#include <cmath>

#include <gmock/gmock.h>

#include "desktop/embedded/test_compositor.hpp"
#include "desktop/embedded/test_desktop.hpp"

namespace lumen::embedded {
namespace {

using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kDown = TouchPhase::down, kMove = TouchPhase::move, kUp = TouchPhase::up,
               kCancel = TouchPhase::cancel;

class InjectedTouch : public EmbeddedDesktopTest {
 protected:
  // 1001 x 501 pixels: a thousandth of the width is a pixel.
  TestClient& ready_app(const WindowOptions& options = {}) {
    start({1001, 501, 60'000});
    auto& app = options.fixed_width == 0 ? client_with_window() : fixed_window(options);
    app.listen_to_touch();
    take_events(app);
    return app;
  }
  TestClient& fixed_window(const WindowOptions& options) {
    auto& app = client();
    app.open_window(options);
    EXPECT_TRUE(run_until([&] { return windows_ == 1 && app.activated; }));
    return app;
  }
  void touch(TouchPhase phase, std::uint32_t id, double x = 0, double y = 0) {
    desktop_->inject(Touch{.phase = phase,
                           .id = id,
                           .x = static_cast<std::uint16_t>(std::lround(x * 65'535 / 1000)),
                           .y = static_cast<std::uint16_t>(std::lround(y * 65'535 / 500))});
  }
};

// Places travel in steps of 1/65 pixel here, and Wayland's are 1/256: whole pixels are near enough.
std::vector<std::string> rounded(std::vector<std::string> events) {
  for (auto& event : events) {
    std::istringstream words{event};
    std::string out, word;
    while (words >> word) {
      const bool is_number = word.find('.') != std::string::npos;
      out += (out.empty() ? "" : " ") + (is_number ? std::to_string(std::lround(std::stod(word))) : word);
    }
    event = out;
  }
  return events;
}

TEST_F(InjectedTouch, goes_down_moves_and_comes_up_where_the_finger_is) {
  auto& app = ready_app();
  touch(kDown, 0xFFFF'FFFF, 100, 50);
  EXPECT_THAT(rounded(take_events(app)), ElementsAre("down 0 100 50", "frame"));
  touch(kMove, 0xFFFF'FFFF, 1000, 500);
  EXPECT_THAT(take_events(app), ElementsAre("move 0 1000 500", "frame"));
  touch(kMove, 0xFFFF'FFFF);
  EXPECT_THAT(take_events(app), ElementsAre("move 0 0 0", "frame"));
  touch(kUp, 0xFFFF'FFFF);
  EXPECT_THAT(take_events(app), ElementsAre("up 0", "frame"));
}

TEST_F(InjectedTouch, keeps_parts_of_pixels) {
  auto& app = ready_app();
  touch(kDown, 1, 100.5, 50.25);
  const auto events = take_events(app);
  double x = 0, y = 0;
  ASSERT_EQ(std::sscanf(events.at(0).c_str(), "down 0 %lf %lf", &x, &y), 2);
  EXPECT_NEAR(x, 100.5, 0.02);
  EXPECT_NEAR(y, 50.25, 0.02);
}

TEST_F(InjectedTouch, is_on_its_way_before_inject_returns) {
  auto& app = ready_app();
  touch(kDown, 1);
  app.pump();  // without another dispatch()
  EXPECT_THAT(app.events, ElementsAre("down 0 0 0", "frame"));
}

TEST_F(InjectedTouch, tells_fingers_apart_by_small_numbers) {
  auto& app = ready_app();
  touch(kDown, 700, 0, 0);
  touch(kDown, 800, 1000, 0);
  EXPECT_THAT(take_events(app), ElementsAre("down 0 0 0", "frame", "down 1 1000 0", "frame"));
  touch(kUp, 700);
  touch(kMove, 800, 0, 500);
  EXPECT_THAT(take_events(app), ElementsAre("up 0", "frame", "move 1 0 500", "frame"));
  touch(kDown, 900, 1000, 500);
  EXPECT_THAT(take_events(app), ElementsAre("down 0 1000 500", "frame"));
}

TEST_F(InjectedTouch, ignores_fingers_that_are_down_already_or_never_came_down) {
  auto& app = ready_app();
  touch(kMove, 1);
  touch(kUp, 1);
  touch(kCancel, 1);
  touch(kDown, 2);
  take_events(app);
  touch(kDown, 2, 10, 10);
  EXPECT_THAT(take_events(app), ElementsAre());
}

TEST_F(InjectedTouch, cancels_all_fingers_of_the_application_with_one) {
  auto& app = ready_app();
  touch(kDown, 1);
  touch(kDown, 2);
  take_events(app);
  touch(kCancel, 1);
  touch(kMove, 2, 50, 50);
  touch(kUp, 2);
  EXPECT_THAT(take_events(app), ElementsAre("cancel"));
  touch(kDown, 2);
  EXPECT_THAT(take_events(app), ElementsAre("down 0 0 0", "frame"));
}

TEST_F(InjectedTouch, is_cancelled_when_everything_is_released) {
  auto& app = ready_app();
  touch(kDown, 1);
  touch(kDown, 2);
  take_events(app);
  desktop_->inject(ReleaseAll{});
  desktop_->inject(ReleaseAll{});
  EXPECT_THAT(take_events(app), ElementsAre("cancel"));
}

TEST_F(InjectedTouch, has_room_for_32_fingers) {
  auto& app = ready_app();
  for (std::uint32_t id = 100; id < 140; ++id) touch(kDown, id);
  const auto events = take_events(app);
  EXPECT_THAT(events, Contains("down 31 0 0"));
  EXPECT_EQ(std::count(events.begin(), events.end(), "frame"), 32);
  touch(kUp, 105);
  touch(kDown, 200);
  EXPECT_THAT(take_events(app), ElementsAre("up 5", "frame", "down 5 0 0", "frame"));
}

TEST_F(InjectedTouch, belongs_to_the_window_it_came_down_on_wherever_it_goes) {
  auto& app = ready_app({.fixed_width = 201, .fixed_height = 101});  // from (400, 200) on
  touch(kDown, 1, 410, 220);
  EXPECT_THAT(rounded(take_events(app)), ElementsAre("down 0 10 20", "frame"));
  touch(kMove, 1, 0, 500);
  EXPECT_THAT(rounded(take_events(app)), ElementsAre("move 0 -400 300", "frame"));
  touch(kUp, 1);
  touch(kDown, 2, 399, 199);  // beside it
  EXPECT_THAT(take_events(app), ElementsAre("up 0", "frame"));
}

TEST_F(InjectedTouch, counts_in_the_window_s_own_units) {
  auto& app = ready_app({.fixed_width = 402, .fixed_height = 202, .buffer_scale = 2});  // 201 x 101
  touch(kDown, 1, 410, 220);
  EXPECT_THAT(rounded(take_events(app)), ElementsAre("down 0 10 20", "frame"));
}

TEST_F(InjectedTouch, follows_the_display_to_a_new_size) {
  auto& app = ready_app();
  ASSERT_TRUE(desktop_->set_mode({641, 361, 60'000}));
  ASSERT_TRUE(run_until([&] { return shows(641, 361) && shows_client(); }));
  take_events(app);
  desktop_->inject(Touch{.phase = kDown, .id = 1, .x = 65'535, .y = 65'535});
  EXPECT_THAT(take_events(app), ElementsAre("down 0 640 360", "frame"));
}

TEST_F(InjectedTouch, reaches_menus) {
  auto& app = ready_app();
  touch(kDown, 1, 300, 100);
  take_events(app);
  app.open_menu(300, 100, 100, 50);
  touch(kUp, 1);
  ASSERT_TRUE(run_until([&] { return app.menu_shown; }));
  take_events(app);
  touch(kDown, 1, 310, 105);
  EXPECT_THAT(rounded(take_events(app)), ElementsAre("down 0 menu 10 5", "frame"));
  touch(kMove, 1, 350, 500);
  touch(kUp, 1);
  EXPECT_THAT(rounded(take_events(app)), ElementsAre("move 0 50 400", "frame", "up 0", "frame"));
  touch(kDown, 1, 10, 10);  // the application closes its menu itself
  EXPECT_THAT(rounded(take_events(app)), ElementsAre("down 0 10 10", "frame"));
}

TEST_F(InjectedTouch, is_the_pointer_for_an_application_without_touch) {
  start({1001, 501, 60'000});
  auto& app = client_with_window();
  take_events(app);
  touch(kDown, 1, 1000, 500);
  touch(kDown, 2, 0, 0);  // there is one pointer
  touch(kMove, 2, 20, 20);
  EXPECT_THAT(take_events(app), ElementsAre("relative 1000 500", "motion 1000 500", "button 272 1"));
  touch(kMove, 1, 0, 0);
  touch(kUp, 1);
  EXPECT_THAT(take_events(app), ElementsAre("relative -1000 -500", "motion 0 0", "button 272 0"));
  touch(kUp, 2);
  touch(kDown, 3, 0, 0);
  desktop_->inject(ReleaseAll{});
  EXPECT_THAT(take_events(app), ElementsAre("relative 0 0", "button 272 1", "button 272 0"));
}

TEST_F(InjectedTouch, outlives_the_application_it_is_on) {
  auto& app = ready_app();
  touch(kDown, 1);
  touch(kDown, 2);
  stage_->leave(app);
  stage_->run_for(milliseconds{20});
  touch(kMove, 1);
  touch(kUp, 1);
  touch(kCancel, 2);
  auto& next = client_with_window();
  next.listen_to_touch();
  take_events(next);
  touch(kDown, 1);
  EXPECT_THAT(take_events(next), ElementsAre("down 0 0 0", "frame"));
}

TEST_F(InjectedTouch, outlives_the_window_it_is_on) {
  auto& app = ready_app();
  touch(kDown, 1);
  touch(kDown, 2);
  take_events(app);
  app.close_window();
  take_events(app);
  touch(kMove, 1, 10, 10);
  touch(kUp, 1);
  touch(kCancel, 2);  // nothing is left that it could be taken back from
  EXPECT_THAT(rounded(take_events(app)),
              ElementsAre("move 0 10 10", "frame", "up 0", "frame", "up 1", "frame"));
}

TEST_F(CompositorTest, focuses_the_window_that_is_touched_on_its_output) {
  start();
  auto* left = output();
  auto* right = output();
  auto& one = client_with_window();
  auto& other = client_with_window();
  one.listen_to_touch();
  other.listen_to_touch();
  take_events(one);
  take_events(other);
  lumen_comp_touch(left, LUMEN_COMP_TOUCH_DOWN, 1, 10, 20);
  const auto events = take_events(one);
  EXPECT_THAT(events, Contains("focus"));
  EXPECT_THAT(events, Contains("down 0 10 20"));
  lumen_comp_touch(right, LUMEN_COMP_TOUCH_DOWN, 2, 30, 40);
  EXPECT_THAT(take_events(other), Contains("down 1 30 40"));
  lumen_comp_touch(left, LUMEN_COMP_TOUCH_CANCEL, 1, 0, 0);
  EXPECT_THAT(take_events(one), Contains("cancel"));
  EXPECT_THAT(take_events(other), IsEmpty());
}

TEST_F(CompositorTest, takes_places_beyond_the_output_for_its_edge_and_none_that_is_no_number) {
  start();
  auto* only = output();
  auto& app = client_with_window();
  app.listen_to_touch();
  take_events(app);
  lumen_comp_touch(only, LUMEN_COMP_TOUCH_DOWN, 1, std::nan(""), 0);
  lumen_comp_touch(only, LUMEN_COMP_TOUCH_DOWN, 1, 0, std::nan(""));
  EXPECT_THAT(take_events(app), IsEmpty());
  lumen_comp_touch(only, LUMEN_COMP_TOUCH_DOWN, 1, -HUGE_VAL, HUGE_VAL);
  EXPECT_THAT(take_events(app), ElementsAre("down 0 0 239", "frame"));
}

TEST_F(CompositorTest, keeps_a_client_that_does_not_read_through_a_flood_of_touches) {
  start();
  auto* only = output();
  auto& app = client_with_window();
  app.listen_to_touch();
  take_events(app);
  stage_->freeze(app, true);
  lumen_comp_touch(only, LUMEN_COMP_TOUCH_DOWN, 1, 0, 0);
  for (unsigned i = 0; i < 30'000; ++i) {
    lumen_comp_touch(only, LUMEN_COMP_TOUCH_MOVE, 1, i % 300, 1);
    lumen_comp_touch(only, i % 2 == 0 ? LUMEN_COMP_TOUCH_DOWN : LUMEN_COMP_TOUCH_UP, 2, 5, 5);
    if (i % 100 == 0) lumen_comp_dispatch(comp_.get());
  }
  lumen_comp_touch(only, LUMEN_COMP_TOUCH_UP, 1, 0, 0);
  stage_->freeze(app, false);
  stage_->run_for(milliseconds{100});
  ASSERT_TRUE(app.is_connected());
  const auto count = [&](const char* event) {
    return std::count(app.events.begin(), app.events.end(), event);
  };
  EXPECT_EQ(count("down 1 5 5"), count("up 1"));
  EXPECT_EQ(count("up 0"), 1);
}

}  // namespace
}  // namespace lumen::embedded
