// The pen as applications get it: as a tablet's tool, or as the pointer.
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
using ::testing::Not;
using ::testing::StartsWith;

constexpr auto kHovering = PenPlace::hovering, kTouching = PenPlace::touching;
constexpr std::uint16_t kFar = 65'535;  // the last pixel of a side

class InjectedPen : public EmbeddedDesktopTest {
 protected:
  TestClient& ready_app() {
    start({1001, 501, 60'000});
    auto& app = client_with_window();
    app.listen_to_tablets();
    EXPECT_THAT(take_events(app), Contains("tool eraser"));
    return app;
  }
  void pen(const Pen& pen) { desktop_->inject(pen); }
};

TEST_F(InjectedPen, comes_draws_and_leaves_as_a_tool_of_a_tablet) {
  auto& app = ready_app();
  pen({.place = kHovering, .x = kFar, .y = 0, .distance = 1});
  EXPECT_THAT(take_events(app),
              ElementsAre(StartsWith("in "), "at 1000 0", "pressure 0", "distance 65535", "frame"));
  pen({.place = kTouching, .x = kFar, .y = kFar, .pressure = 0.2F});
  EXPECT_THAT(take_events(app),
              ElementsAre("at 1000 500", "pressure 13107", "distance 0", "tip down", "frame"));
  pen({.place = kTouching, .x = 0, .y = kFar, .pressure = 1});
  EXPECT_THAT(take_events(app), ElementsAre("at 0 500", "pressure 65535", "frame"));
  pen({.place = kHovering, .x = 0, .y = kFar});
  EXPECT_THAT(take_events(app), ElementsAre("at 0 500", "pressure 0", "tip up", "frame"));
  pen({});
  EXPECT_THAT(take_events(app), ElementsAre("out", "frame"));
}

TEST_F(InjectedPen, presses_the_buttons_of_its_barrel) {
  auto& app = ready_app();
  pen({.place = kHovering, .buttons = kPenPrimary | kPenTertiary});
  const auto events = take_events(app);
  EXPECT_THAT(events, Contains("barrel " + std::to_string(BTN_STYLUS) + " 1"));
  EXPECT_THAT(events, Contains("barrel " + std::to_string(BTN_STYLUS3) + " 1"));
  pen({.place = kHovering, .buttons = kPenSecondary | kPenTertiary});
  EXPECT_THAT(take_events(app), ElementsAre("at 0 0", "barrel " + std::to_string(BTN_STYLUS) + " 0",
                                            "barrel " + std::to_string(BTN_STYLUS2) + " 1", "frame"));
}

// In one frame they would cancel each other out in applications that look at the state of each frame.
TEST_F(InjectedPen, taps_quicker_than_the_desktop_dispatches_are_taps) {
  auto& app = ready_app();
  pen({.place = kHovering});
  take_events(app);
  for (int i = 0; i < 3; ++i) {
    pen({.place = kTouching, .pressure = 1});
    pen({.place = kHovering});
  }
  auto events = take_events(app);
  std::erase_if(events,
                [](const std::string& event) { return !event.starts_with("tip") && event != "frame"; });
  EXPECT_THAT(events, ElementsAre("tip down", "frame", "tip up", "frame", "tip down", "frame", "tip up",
                                  "frame", "tip down", "frame", "tip up", "frame"));
}

TEST_F(InjectedPen, keeps_every_place_of_a_stroke) {
  auto& app = ready_app();
  pen({.place = kTouching, .pressure = 1});
  for (int i = 1; i <= 50; ++i) {
    pen({.place = kTouching, .x = static_cast<std::uint16_t>(std::lround(i * 65.535)), .pressure = 1});
  }
  const auto events = take_events(app);
  EXPECT_EQ(
      std::count_if(events.begin(), events.end(), [](const auto& event) { return event.starts_with("at "); }),
      51);
  EXPECT_EQ(std::count(events.begin(), events.end(), "frame"), 51);
}

TEST_F(InjectedPen, ends_up_as_it_is_now_however_much_came_at_once) {
  auto& app = ready_app();
  for (int i = 0; i < 1000; ++i) pen({.place = i % 2 == 0 ? kTouching : kHovering, .pressure = 0});
  pen({.place = kHovering, .x = kFar, .y = kFar});
  const auto events = take_events(app);
  EXPECT_THAT(events, Contains("at 1000 500"));
  EXPECT_EQ(std::count(events.begin(), events.end(), "tip down"),
            std::count(events.begin(), events.end(), "tip up"));
}

TEST_F(InjectedPen, is_another_tool_with_its_eraser) {
  auto& app = ready_app();
  pen({.place = kHovering});
  const auto tip = take_events(app).at(0);
  pen({.place = kTouching, .tool = PenTool::eraser, .pressure = 1});
  const auto events = take_events(app);
  ASSERT_GE(events.size(), 3U);
  EXPECT_THAT(std::vector(events.begin(), events.begin() + 2), ElementsAre("out", "frame"));
  EXPECT_THAT(events[2], StartsWith("in "));
  EXPECT_NE(events[2], tip);
  EXPECT_THAT(events, Contains("tip down"));
}

TEST_F(InjectedPen, leans_where_it_does_and_says_nothing_of_what_is_unknown) {
  auto& app = ready_app();
  pen({.place = kHovering, .rotation_degrees = 90});
  pen({.place = kHovering, .tilt_degrees = 30});
  EXPECT_THAT(take_events(app), Not(Contains(StartsWith("tilt"))));
  pen({.place = kHovering, .rotation_degrees = 0, .tilt_degrees = 30});
  EXPECT_THAT(take_events(app), Contains("tilt 0 30"));
  pen({.place = kHovering, .rotation_degrees = 90, .tilt_degrees = 30});
  EXPECT_THAT(take_events(app), Contains("tilt -30 0"));
  pen({.place = kHovering, .rotation_degrees = 180, .tilt_degrees = 90});
  EXPECT_THAT(take_events(app), Contains("tilt 0 -89"));
}

TEST_F(InjectedPen, draws_with_full_pressure_until_it_tells_of_any) {
  auto& app = ready_app();
  pen({.place = kTouching});
  EXPECT_THAT(take_events(app), Contains("pressure 65535"));
  pen({.place = kTouching, .pressure = 0.2F});
  EXPECT_THAT(take_events(app), Contains("pressure 13107"));
  pen({.place = kTouching});
  EXPECT_THAT(take_events(app), Contains("pressure 0"));
}

TEST_F(InjectedPen, lets_go_of_everything_when_it_is_away) {
  auto& app = ready_app();
  pen({.place = kTouching, .buttons = kPenPrimary, .pressure = 1});
  take_events(app);
  pen({});
  EXPECT_THAT(take_events(app), ElementsAre("tip up", "barrel 331 0", "frame", "out", "frame"));
  pen({.place = kTouching, .buttons = kPenPrimary, .pressure = 1});
  take_events(app);
  desktop_->inject(ReleaseAll{});
  EXPECT_THAT(take_events(app), ElementsAre("tip up", "barrel 331 0", "frame", "out", "frame"));
}

TEST_F(InjectedPen, forgets_what_still_waits_when_everything_is_released) {
  auto& app = ready_app();
  for (int i = 0; i < 4; ++i) pen({.place = kTouching, .pressure = 1});
  desktop_->inject(ReleaseAll{});
  const auto events = take_events(app);
  EXPECT_EQ(std::count(events.begin(), events.end(), "tip down"), 1);
  EXPECT_EQ(events.at(events.size() - 2), "out");
}

TEST_F(InjectedPen, is_the_pointer_for_an_application_without_tablets) {
  start({1001, 501, 60'000});
  auto& app = client_with_window();
  take_events(app);
  pen({.place = kHovering, .x = kFar, .y = kFar});
  EXPECT_THAT(take_events(app), ElementsAre("relative 1000 500", "motion 1000 500"));
  pen({.place = kTouching, .x = kFar, .y = kFar, .pressure = 0.5F});
  pen({.place = kTouching, .x = 0, .y = kFar, .pressure = 0.6F});
  pen({.place = kHovering, .x = 0, .y = kFar});
  EXPECT_THAT(take_events(app),
              ElementsAre("button 272 1", "relative -1000 0", "motion 0 500", "button 272 0"));
  pen({.place = kHovering, .buttons = kPenPrimary, .x = 0, .y = kFar});
  pen({.place = kHovering, .buttons = kPenSecondary, .x = 0, .y = kFar});
  EXPECT_THAT(take_events(app), ElementsAre("button 273 1", "button 273 0", "button 274 1"));
  pen({.place = kTouching, .buttons = kPenSecondary, .x = 0, .y = kFar});
  desktop_->inject(ReleaseAll{});
  EXPECT_THAT(take_events(app), ElementsAre("button 272 1", "button 272 0", "button 274 0"));
}

TEST_F(InjectedPen, does_not_go_on_in_what_is_below_a_window_that_ends_under_it) {
  start({1001, 501, 60'000});
  auto& below = client_with_window();
  below.listen_to_tablets();
  auto& above = client_with_window();
  above.listen_to_tablets();
  take_events(below);
  take_events(above);
  pen({.place = kTouching, .pressure = 1});
  EXPECT_THAT(take_events(above), Contains("tip down"));
  above.close_window();
  take_events(above);
  pen({.place = kTouching, .x = kFar, .pressure = 1});
  EXPECT_THAT(take_events(below), Not(Contains("tip down")));
  pen({.place = kHovering});
  pen({.place = kTouching, .pressure = 1});
  EXPECT_THAT(take_events(below), Contains("tip down"));
}

// What wlroots 0.15 does not bear by itself: it would write to the window's memory after its end.
TEST_F(InjectedPen, outlives_applications_that_drop_its_tools_and_then_their_window) {
  for (int i = 0; i < 3; ++i) {
    if (i == 0) start({1001, 501, 60'000});
    auto& app = client_with_window();
    app.listen_to_tablets();
    take_events(app);
    pen({.place = kTouching, .pressure = 1});
    EXPECT_THAT(take_events(app), Contains("tip down"));
    app.drop_tablet_tools();
    stage_->run_for(milliseconds{20});
    if (i == 1) pen({.place = kTouching, .x = kFar, .pressure = 1});
    app.close_window();
    stage_->run_for(milliseconds{20});
    pen({.place = kHovering, .x = 0});
  }
  auto& next = client_with_window();
  next.listen_to_tablets();
  take_events(next);
  pen({.place = kTouching, .x = kFar, .pressure = 1});
  EXPECT_THAT(take_events(next), Contains("tip down"));
}

TEST_F(InjectedPen, outlives_the_application_it_is_over) {
  auto& app = ready_app();
  pen({.place = kTouching, .pressure = 1});
  take_events(app);
  stage_->leave(app);
  stage_->run_for(milliseconds{20});
  pen({.place = kHovering});
  auto& next = client_with_window();
  next.listen_to_tablets();
  take_events(next);
  pen({.place = kTouching, .pressure = 1});
  EXPECT_THAT(take_events(next), Contains("tip down"));
}

TEST_F(CompositorTest, ends_with_a_pen_and_fingers_down) {
  start();
  auto* only = output();
  auto& app = client_with_window();
  app.listen_to_touch();
  app.listen_to_tablets();
  take_events(app);
  lumen_comp_pen pen{};
  pen.near = pen.touching = true;
  pen.pressure = 0.5;
  lumen_comp_touch(only, LUMEN_COMP_TOUCH_DOWN, 1, 0, 0);
  for (int i = 0; i < 5; ++i) lumen_comp_set_pen(only, &pen);
  comp_.reset();
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path()));
}

TEST_F(CompositorTest, ignores_pens_that_cannot_be) {
  start();
  auto* only = output();
  auto& app = client_with_window();
  app.listen_to_tablets();
  take_events(app);
  const auto expect_ignored = [&](auto change) {
    lumen_comp_pen pen{};
    pen.near = true;
    change(pen);
    lumen_comp_set_pen(only, &pen);
    EXPECT_THAT(take_events(app), IsEmpty());
  };
  expect_ignored([](auto& pen) { pen.x = std::nan(""); });
  expect_ignored([](auto& pen) { pen.pressure = 1.5; });
  expect_ignored([](auto& pen) { pen.pressure = std::nan(""); });
  expect_ignored([](auto& pen) { pen.distance = -1; });
  expect_ignored([](auto& pen) { pen.buttons = 8; });
  expect_ignored([](auto& pen) { pen.touching = !(pen.near = false); });
  expect_ignored([](auto& pen) {
    pen.has_tilt = true;
    pen.tilt_x = 91;
  });
}

TEST_F(CompositorTest, keeps_a_client_that_does_not_read_through_a_flood_of_pens) {
  start();
  auto* only = output();
  auto& app = client_with_window();
  app.listen_to_tablets();
  take_events(app);
  stage_->freeze(app, true);
  lumen_comp_pen pen{};
  pen.near = true;
  for (unsigned i = 0; i < 30'000; ++i) {
    pen.touching = i % 4 == 0;
    pen.x = i % 300;
    lumen_comp_set_pen(only, &pen);
    lumen_comp_dispatch(comp_.get());
  }
  pen.touching = false;
  lumen_comp_set_pen(only, &pen);
  stage_->freeze(app, false);
  stage_->run_for(milliseconds{100});
  ASSERT_TRUE(app.is_connected());
  EXPECT_EQ(std::count(app.events.begin(), app.events.end(), "tip down"),
            std::count(app.events.begin(), app.events.end(), "tip up"));
}

}  // namespace
}  // namespace lumen::embedded
