// The desktop as the rest of Lumen sees it, with real Wayland clients.
#include "desktop/embedded/embedded_desktop.hpp"

#include <linux/input-event-codes.h>
#include <sys/resource.h>

#include <cmath>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "desktop/embedded/test_stage.hpp"

namespace lumen::embedded {
namespace {

using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::StartsWith;

struct SeenFrame {
  BorrowedFrame frame;  // without its pixels and damage
  std::vector<Rect> damage;
  std::vector<std::uint32_t> pixels;

  std::uint32_t at(std::uint32_t x, std::uint32_t y) const { return pixels[y * frame.width + x] & 0xFFFFFFU; }
};

SeenFrame copy_of(const BorrowedFrame& frame) {
  SeenFrame seen{frame, {frame.damage.begin(), frame.damage.end()}, {}};
  seen.frame.pixels = nullptr;
  seen.frame.damage = {};
  for (std::uint32_t y = 0; y < frame.height; ++y) {
    const auto* row = reinterpret_cast<const std::uint32_t*>(frame.pixels + y * frame.stride_bytes);
    seen.pixels.insert(seen.pixels.end(), row, row + frame.width);
  }
  return seen;
}

// How many pixels differ from test picture `seed`, drawn with its top left corner at (left, top).
std::size_t wrong_pixels(const SeenFrame& seen, std::uint32_t seed) {
  std::size_t wrong = 0;
  for (std::uint32_t y = 0; y < seen.frame.height; ++y) {
    for (std::uint32_t x = 0; x < seen.frame.width; ++x) wrong += seen.at(x, y) != test_pixel(seed, x, y);
  }
  return wrong;
}

class EmbeddedDesktopTest : public ::testing::Test {
 protected:
  void start(const Mode& mode, bool pointer_drawn = false) {
    DesktopEvents events;
    events.on_frame = [this](const BorrowedFrame& frame) {
      ++frames_;
      newest_ = std::make_unique<SeenFrame>(copy_of(frame));
    };
    events.on_window_mapped = [this] { ++windows_; };
    EmbeddedParams params{.mode = mode, .runtime_dir = dir_.path(), .xkb_layout = {}};
    params.xwayland = false;
    params.pointer_drawn = pointer_drawn;
    params.on_clipboard_text = [this](const std::string& text) { clipboard_ = text; };
    auto desktop = create_embedded_desktop(params, events, *log_);
    ASSERT_TRUE(desktop) << describe(desktop.error());
    desktop_ = *std::move(desktop);
    stage_ = std::make_unique<Stage>(desktop_->fd(), [this] { desktop_->dispatch(); });
  }

  TestClient& client() { return stage_->enter(dir_.path() + "/" + desktop_->wayland_display()); }
  TestClient& client_with_window(const WindowOptions& options = {}) {
    auto& it = client();
    it.open_window(options);
    EXPECT_TRUE(stage_->run_until([&] { return shows_client() && it.activated; }));
    return it;
  }
  bool shows_client() const { return newest_ && newest_->frame.client_buffer; }
  bool shows(std::uint32_t width, std::uint32_t height) const {
    return newest_ && newest_->frame.width == width && newest_->frame.height == height;
  }
  bool run_until(const std::function<bool()>& done) { return stage_->run_until(done); }
  std::vector<std::string> take_events(TestClient& client) {
    stage_->run_for(milliseconds{20});
    return std::exchange(client.events, {});
  }

  TempDir dir_;
  std::shared_ptr<Logger> log_ = make_null_logger();
  int frames_ = 0, windows_ = 0;
  std::unique_ptr<SeenFrame> newest_;
  std::string clipboard_;
  std::unique_ptr<EmbeddedDesktop> desktop_;
  std::unique_ptr<Stage> stage_;  // its clients go before the desktop does
};

TEST_F(EmbeddedDesktopTest, names_itself_and_its_socket) {
  start({1280, 720, 60'000});
  EXPECT_THAT(desktop_->display_name(), StartsWith("embedded compositor (wlroots 0."));
  EXPECT_EQ(desktop_->capture_name(), "in process at commit");
  EXPECT_EQ(desktop_->wayland_display(), "wayland-0");
  EXPECT_EQ(desktop_->x11_display(), "");
  EXPECT_TRUE(std::filesystem::is_socket(dir_.path() + "/wayland-0"));
}

TEST_F(EmbeddedDesktopTest, leaves_nothing_in_its_folder) {
  start({640, 480, 60'000});
  client_with_window();
  stage_.reset();
  desktop_.reset();
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path()));
}

TEST_F(EmbeddedDesktopTest, gives_a_black_picture_before_any_application_runs) {
  start({640, 480, 60'000});
  ASSERT_TRUE(run_until([&] { return frames_ > 0; }));
  EXPECT_TRUE(shows(640, 480));
  EXPECT_EQ(newest_->at(320, 240), 0U);
  EXPECT_FALSE(newest_->frame.client_buffer);
  EXPECT_EQ(newest_->frame.sequence, 1U);
}

TEST_F(EmbeddedDesktopTest, shows_clients_exactly_the_mode_asked_for) {
  start({1366, 769, 59'940});
  auto& app = client();
  ASSERT_TRUE(run_until([&] { return app.output_width != 0; }));
  EXPECT_EQ(app.output_width, 1366);
  EXPECT_EQ(app.output_height, 769);
  EXPECT_EQ(app.output_refresh_mhz, 59'940);
}

TEST_F(EmbeddedDesktopTest, hands_out_a_full_window_pixel_by_pixel_without_composing) {
  start({1280, 720, 60'000});
  auto& app = client_with_window();
  EXPECT_EQ(app.configured_width, 1280);
  EXPECT_EQ(app.configured_height, 720);
  app.draw(77);
  ASSERT_TRUE(run_until([&] { return shows_client() && wrong_pixels(*newest_, 77) == 0; }));
  EXPECT_EQ(windows_, 1);
}

TEST_F(EmbeddedDesktopTest, hands_a_commit_over_at_once_with_its_time) {
  start({640, 480, 60'000});
  auto& app = client_with_window();
  stage_->run_for(milliseconds{60});
  const auto before = SteadyTime{}.now();
  const auto count = frames_;
  app.draw(5);
  ASSERT_TRUE(run_until([&] { return frames_ > count; }));
  const auto after = SteadyTime{}.now();
  EXPECT_GE(newest_->frame.presented, before);
  EXPECT_LE(newest_->frame.presented, after);
}

TEST_F(EmbeddedDesktopTest, passes_on_what_was_damaged) {
  start({640, 480, 60'000});
  auto& app = client_with_window();
  stage_->run_for(milliseconds{60});
  const auto sequence = newest_->frame.sequence;
  const auto count = frames_;
  app.draw_part(0x00112233, 100, 50, 64, 32);
  ASSERT_TRUE(run_until([&] { return frames_ > count; }));
  EXPECT_THAT(newest_->damage, ElementsAre(Rect{100, 50, 64, 32}));
  EXPECT_EQ(newest_->at(100, 50), 0x112233U);
  EXPECT_EQ(newest_->frame.sequence, sequence + 1);
}

TEST_F(EmbeddedDesktopTest, stays_silent_while_nothing_changes) {
  start({640, 480, 60'000});
  auto& app = client_with_window();
  stage_->run_for(milliseconds{150});
  const auto count = frames_;
  app.commit_undamaged();
  stage_->run_for(milliseconds{200});
  EXPECT_EQ(frames_, count);
}

TEST_F(EmbeddedDesktopTest, costs_no_processor_time_while_idle) {
  start({640, 480, 240'000});
  client_with_window();
  stage_->run_for(milliseconds{150});
  rusage before{}, after{};
  getrusage(RUSAGE_THREAD, &before);
  stage_->run_for(milliseconds{1000});
  getrusage(RUSAGE_THREAD, &after);
  EXPECT_LT(after.ru_nvcsw - before.ru_nvcsw, 60);  // the stage wakes up 20 times itself; 240 Hz would be 240
}

TEST_F(EmbeddedDesktopTest, repaints_on_request_also_when_idle) {
  start({640, 480, 60'000});
  client_with_window();
  stage_->run_for(milliseconds{150});
  const auto count = frames_;
  desktop_->repaint();
  EXPECT_EQ(frames_, count);  // callbacks come from dispatch() only
  ASSERT_TRUE(run_until([&] { return frames_ > count; }));
  EXPECT_THAT(newest_->damage, ElementsAre(Rect{0, 0, 640, 480}));
  EXPECT_TRUE(newest_->frame.client_buffer);
}

TEST_F(EmbeddedDesktopTest, makes_its_descriptor_readable_for_a_repaint) {
  start({640, 480, 60'000});
  stage_->run_for(milliseconds{150});
  pollfd ready{.fd = desktop_->fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&ready, 1, 0), 0);
  desktop_->repaint();
  EXPECT_EQ(::poll(&ready, 1, 0), 1);
}

class LiveModeChange : public EmbeddedDesktopTest, public ::testing::WithParamInterface<Mode> {};

TEST_P(LiveModeChange, reaches_the_application_and_its_picture_exactly) {
  const auto mode = GetParam();
  start({1280, 720, 60'000});
  auto& app = client_with_window();
  ASSERT_TRUE(desktop_->set_mode(mode));
  ASSERT_TRUE(run_until([&] { return shows_client() && shows(mode.width, mode.height); }));
  EXPECT_TRUE(newest_->damage.empty());  // everything
  EXPECT_EQ(app.output_width, static_cast<int>(mode.width));
  EXPECT_EQ(app.output_height, static_cast<int>(mode.height));
  EXPECT_EQ(app.output_refresh_mhz, static_cast<int>(mode.refresh_mhz));
  app.draw(9);
  EXPECT_TRUE(run_until([&] { return wrong_pixels(*newest_, 9) == 0; }));
}

INSTANTIATE_TEST_SUITE_P(OddAndLarge, LiveModeChange,
                         ::testing::Values(Mode{641, 363, 48'000}, Mode{3840, 2160, 30'000},
                                           Mode{901, 601, 144'000}, Mode{64, 64, 500'000}));

TEST_F(EmbeddedDesktopTest, gives_frames_of_the_new_size_before_a_slow_application_follows) {
  start({640, 480, 60'000});
  auto& app = client_with_window();
  stage_->freeze(app, true);
  ASSERT_TRUE(desktop_->set_mode({800, 600, 60'000}));
  ASSERT_TRUE(run_until([&] { return shows(800, 600); }));
  EXPECT_FALSE(newest_->frame.client_buffer);
}

TEST_F(EmbeddedDesktopTest, refuses_modes_out_of_range) {
  start({640, 480, 60'000});
  EXPECT_FALSE(desktop_->set_mode({0, 480, 60'000}));
  EXPECT_FALSE(desktop_->set_mode({640, 480, 0}));
  const auto status = desktop_->set_mode({640, 100'000, 60'000});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().id, "desktop.mode");
  EXPECT_FALSE(status.error().remedy.empty());
  stage_->run_for(milliseconds{50});
  EXPECT_TRUE(shows(640, 480));
}

TEST_F(EmbeddedDesktopTest, refuses_a_folder_that_others_can_enter) {
  std::filesystem::permissions(dir_.path(), std::filesystem::perms::all);
  EmbeddedParams params{.mode = {640, 480, 60'000}, .runtime_dir = dir_.path(), .xkb_layout = {}};
  const auto desktop = create_embedded_desktop(params, {}, *log_);
  ASSERT_FALSE(desktop);
  EXPECT_FALSE(desktop.error().remedy.empty());
}

TEST_F(EmbeddedDesktopTest, says_why_it_cannot_start) {
  const auto deep = dir_.path() + "/" + std::string(120, 'x');  // longer than a socket address
  std::filesystem::create_directory(deep);
  std::filesystem::permissions(deep, std::filesystem::perms::owner_all);
  EmbeddedParams params{.mode = {640, 480, 60'000}, .runtime_dir = deep, .xkb_layout = {}};
  const auto desktop = create_embedded_desktop(params, {}, *log_);
  ASSERT_FALSE(desktop);
  EXPECT_EQ(desktop.error().id, "desktop.start");
  EXPECT_FALSE(desktop.error().remedy.empty());
}

TEST_F(EmbeddedDesktopTest, starts_with_a_layout_name_that_is_garbage) {
  EmbeddedParams params{
      .mode = {640, 480, 60'000}, .runtime_dir = dir_.path(), .xkb_layout = "../../etc/passwd"};
  params.xwayland = false;
  EXPECT_TRUE(create_embedded_desktop(params, {}, *log_));
}

double mean_interval_ms(const std::vector<std::int64_t>& times_ns) {
  return static_cast<double>(times_ns.back() - times_ns.front()) / 1e6 /
         static_cast<double>(times_ns.size() - 1);
}

class FrameCallbackRate : public EmbeddedDesktopTest, public ::testing::WithParamInterface<std::uint32_t> {};

// A busy machine skips ticks now and then, but never makes one early: one undisturbed stretch is enough.
TEST_P(FrameCallbackRate, is_the_mode_s_within_one_percent) {
  const Mode mode{64, 64, GetParam()};  // small: the test must not be what takes the time
  const double period_ms = to_ms(mode.period());
  start(mode);
  auto& app = client_with_window({.redraw_on_callback = true});
  double mean_ms = 0;
  const std::size_t enough = std::max(16U, static_cast<unsigned>(300 / period_ms));
  for (int stretch = 0; stretch < 60 && std::abs(mean_ms - period_ms) > period_ms / 100; ++stretch) {
    app.callback_times_ns.clear();
    ASSERT_TRUE(run_until([&] { return app.callback_times_ns.size() > enough; }));
    mean_ms = mean_interval_ms(app.callback_times_ns);
  }
  EXPECT_NEAR(mean_ms, period_ms, period_ms / 100);
}

INSTANTIATE_TEST_SUITE_P(Rates, FrameCallbackRate, ::testing::Values(23'976U, 59'940U, 144'000U));

TEST_F(EmbeddedDesktopTest, limits_clients_that_ignore_frame_callbacks) {
  start({320, 240, 60'000});
  auto& app = client_with_window();
  stage_->run_for(milliseconds{50});
  const auto count = frames_;
  const auto begin = Clock::now();
  std::uint32_t draws = 0;
  while (Clock::now() - begin < milliseconds{600}) {
    app.draw(++draws);
    stage_->run_for(milliseconds{1});
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  EXPECT_GT(draws, 80U);
  EXPECT_LE(frames_ - count, 8 + 60 * seconds * 64 / 63 + 2);                  // a burst, then the rate
  ASSERT_TRUE(run_until([&] { return wrong_pixels(*newest_, draws) == 0; }));  // the last picture does arrive
}

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

TEST_F(EmbeddedDesktopTest, offers_text_to_applications) {
  start({640, 480, 60'000});
  auto& app = client_with_window();
  const auto text = "Grüße " + std::string(300'000, 'x');  // more than a pipe holds
  desktop_->set_clipboard_text(text);
  ASSERT_TRUE(run_until([&] { return !app.events.empty() && app.events.back() == "selection"; }));
  app.request_paste();
  ASSERT_TRUE(run_until([&] { return app.paste_done; }));
  EXPECT_EQ(app.pasted, text);
  EXPECT_EQ(clipboard_, "");  // our own text is no news to us
}

TEST_F(EmbeddedDesktopTest, reports_text_that_an_application_copies) {
  start({640, 480, 60'000});
  auto& app = client_with_window();
  desktop_->inject(Key{KEY_C, true});
  take_events(app);
  app.offer_text("from an application");
  ASSERT_TRUE(run_until([&] { return !clipboard_.empty(); }));
  EXPECT_EQ(clipboard_, "from an application");
}

TEST_F(EmbeddedDesktopTest, survives_a_client_that_truncates_its_memory_under_the_picture) {
  start({640, 480, 60'000});
  auto& rogue = client_with_window();
  auto& other = client();
  rogue.truncate_newest_buffer();
  desktop_->repaint();  // reads every pixel of it in on_frame
  ASSERT_TRUE(run_until([&] { return !rogue.is_connected(); }));
  EXPECT_EQ(newest_->at(639, 479), 0U);
  other.open_window({});
  EXPECT_TRUE(run_until([&] { return windows_ == 2 && shows_client() && newest_->at(5, 5) != 0; }));
}

TEST_F(EmbeddedDesktopTest, survives_truncation_after_the_buffer_was_destroyed) {
  for (const bool composed : {false, true}) {
    newest_.reset();
    start({640, 480, 60'000});
    auto& rogue = client_with_window();
    desktop_->set_pointer_drawn(composed);
    stage_->run_for(milliseconds{60});
    rogue.destroy_and_truncate_newest_buffer();
    stage_->run_for(milliseconds{10});
    desktop_->repaint();
    ASSERT_TRUE(
        run_until([&] { return newest_->at(639, 479) == 0 && newest_->frame.client_buffer != composed; }));
    stage_.reset();
    desktop_.reset();
  }
}

TEST_F(EmbeddedDesktopTest, survives_missing_memory_also_while_composing) {
  start({640, 480, 60'000}, true);
  auto& rogue = client();
  rogue.open_window({.fixed_width = 600, .fixed_height = 400, .redraw_on_configure = false});
  ASSERT_TRUE(run_until([&] { return windows_ == 1 && newest_->at(300, 200) != 0; }));
  rogue.show_missing_memory();
  ASSERT_TRUE(run_until([&] { return !rogue.is_connected(); }));
  EXPECT_TRUE(run_until([&] { return newest_->at(300, 200) == 0; }));
}

}  // namespace
}  // namespace lumen::embedded
