// The desktop as the rest of Lumen sees it, with real Wayland clients.
#include "desktop/embedded/embedded_desktop.hpp"

#include <linux/input-event-codes.h>
#include <sys/resource.h>

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "desktop/embedded/test_desktop.hpp"

namespace lumen::embedded {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::StartsWith;

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

TEST_F(EmbeddedDesktopTest, offers_text_to_applications) {
  start({640, 480, 60'000});
  auto& app = client_with_window();
  const auto text = "Grüße " + std::string(300'000, 'x');  // more than a pipe holds
  ASSERT_TRUE(desktop_->clipboard()->set_text(text));
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

TEST_F(EmbeddedDesktopTest, reads_nothing_that_is_copied_while_nobody_watches) {
  start({640, 480, 60'000});
  auto& app = client_with_window();
  desktop_->inject(Key{KEY_C, true});
  take_events(app);
  desktop_->clipboard()->watch({});
  app.offer_text("private");
  take_events(app);
  desktop_->clipboard()->watch([this](const std::string& text) { clipboard_ = text; });
  take_events(app);
  EXPECT_EQ(clipboard_, "") << "copied before";
  app.offer_text("shared");
  ASSERT_TRUE(run_until([&] { return !clipboard_.empty(); }));
  EXPECT_EQ(clipboard_, "shared");
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
