// The compositor behind its C header: several outputs, several clients, and clients that misbehave.
#include <linux/input-event-codes.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "desktop/embedded/test_compositor.hpp"

namespace lumen::embedded {
namespace {

using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST_F(CompositorTest, gives_each_output_its_own_window_and_frames) {
  start();
  auto* left = output(320, 240);
  auto* right = output(401, 301);
  auto& first = client_with_window();
  auto& second = client_with_window();
  EXPECT_EQ(first.configured_width, 320);
  EXPECT_EQ(second.configured_width, 401);
  EXPECT_TRUE(shows(left, first, 11));
  EXPECT_TRUE(shows(right, second, 22));
  EXPECT_EQ(shown_[right].width, 401);
}

TEST_F(CompositorTest, moves_windows_of_a_removed_output_to_another_one) {
  start();
  auto* left = output(320, 240);
  auto* right = output(400, 300);
  auto& first = client_with_window();
  auto& second = client_with_window();
  lumen_comp_output_destroy(left);
  ASSERT_TRUE(run_until([&] { return first.configured_width == 400 && first.outputs_gone == 1; }));
  EXPECT_TRUE(shows(right, second, 5));  // it stays on top: the moved one goes below
}

TEST_F(CompositorTest, keeps_windows_waiting_while_there_is_no_output) {
  start();
  auto* only = output();
  auto& app = client_with_window();
  lumen_comp_output_destroy(only);
  shown_.clear();
  app.draw(3);
  stage_->run_for(milliseconds{50});
  EXPECT_THAT(shown_, IsEmpty());
  auto* next = output(500, 400);
  ASSERT_TRUE(run_until([&] { return app.configured_width == 500; }));
  EXPECT_TRUE(shows(next, app, 4));
}

TEST_F(CompositorTest, comes_up_with_a_window_opened_before_any_output) {
  start();
  auto& app = client();
  app.open_window({});
  stage_->run_for(milliseconds{30});
  auto* late = output();
  ASSERT_TRUE(run_until([&] { return windows_ == 1; }));
  EXPECT_TRUE(shows(late, app, 8));
}

TEST_F(CompositorTest, adds_and_removes_outputs_a_hundred_times) {
  start();
  auto& app = client();
  app.open_window({});
  for (int i = 0; i < 100; ++i) {
    auto* it = output(300 + i, 200 + i);
    ASSERT_NE(it, nullptr);
    if (i % 3 == 0) stage_->run_for(milliseconds{2});
    lumen_comp_output_destroy(it);
    if (i % 5 == 0) stage_->run_for(milliseconds{2});
  }
  auto* last = output();
  ASSERT_TRUE(run_until([&] { return windows_ == 1; }));
  EXPECT_TRUE(shows(last, app, 6));
}

TEST_F(CompositorTest, refuses_impossible_modes) {
  start();
  EXPECT_EQ(output(0, 100), nullptr);
  EXPECT_EQ(output(100, 1 << 20), nullptr);
  auto* good = output();
  const lumen_comp_mode no_rate{100, 100, 0};
  EXPECT_FALSE(lumen_comp_output_set_mode(good, &no_rate));
}

TEST_F(CompositorTest, shows_and_focuses_the_newest_window_and_goes_back_to_the_one_below) {
  start();
  auto* only = output();
  auto& below = client_with_window();
  auto& above = client_with_window();
  lumen_comp_key(comp_.get(), KEY_A, true);
  lumen_comp_key(comp_.get(), KEY_A, false);
  EXPECT_THAT(take_events(above), Contains("key 30 1"));
  EXPECT_THAT(take_events(below), Not(Contains("key 30 1")));
  EXPECT_FALSE(below.activated);
  above.close_window();
  ASSERT_TRUE(run_until([&] { return below.activated; }));
  EXPECT_TRUE(shows(only, below, 12));
}

TEST_F(CompositorTest, sends_no_frame_callbacks_to_hidden_windows) {
  start();
  output();
  auto& below = client_with_window({.redraw_on_callback = true});
  client_with_window();
  stage_->run_for(milliseconds{50});
  const int callbacks = below.callbacks;
  stage_->run_for(milliseconds{100});
  EXPECT_LE(below.callbacks, callbacks + 1);
}

TEST_F(CompositorTest, centres_and_composes_a_window_of_fixed_size) {
  start();
  auto* only = output(320, 240);
  auto& app = client_with_window({.fixed_width = 100, .fixed_height = 80});
  ASSERT_TRUE(run_until([&] { return shown_[only].frames > 1; }));
  EXPECT_FALSE(shown_[only].client_buffer);
  lumen_comp_pointer_move_to(only, 110, 80);
  EXPECT_THAT(take_events(app), Contains("enter 0 0"));
  lumen_comp_pointer_move_to(only, 109, 80);
  EXPECT_THAT(take_events(app), Contains("leave"));
}

TEST_F(CompositorTest, shows_a_window_again_that_was_closed_and_reopened) {
  start();
  auto* only = output();
  auto& app = client_with_window();
  for (int i = 0; i < 3; ++i) {
    app.close_window();
    stage_->run_for(milliseconds{10});
    const int before = windows_;
    app.open_window({});
    ASSERT_TRUE(run_until([&] { return windows_ > before && app.activated; }));
  }
  EXPECT_TRUE(shows(only, app, 31));
}

TEST_F(CompositorTest, ends_with_clients_connected_and_outputs_shown) {
  start();
  output();
  auto& app = client_with_window({.redraw_on_callback = true});
  client_with_window({.redraw_on_callback = true});
  stage_->freeze(app, true);
  stage_->run_for(milliseconds{30});
  comp_.reset();
  for (int i = 0; i < 100 && app.is_connected(); ++i) app.pump();  // first takes what was sent before the end
  EXPECT_FALSE(app.is_connected());
}

TEST_F(CompositorTest, ends_with_keys_and_buttons_held_and_a_cursor_drawn) {
  start({.socket_dir = nullptr, .xkb_layout = "de", .pointer_drawn = true});
  auto* only = output();
  auto& app = client_with_window();
  lumen_comp_pointer_move_to(only, 50, 50);
  take_events(app);
  app.set_cursor(8, 8, 0xFFFFFFFF, 0, 0);
  app.lock_pointer();
  lumen_comp_key(comp_.get(), KEY_A, true);
  lumen_comp_pointer_button(comp_.get(), BTN_LEFT, true);
  stage_->run_for(milliseconds{30});
  comp_.reset();
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path()));
}

TEST_F(CompositorTest, takes_the_next_socket_name_beside_a_living_compositor_and_replaces_a_dead_one_s) {
  start();
  lumen_comp_params params{};
  params.socket_dir = dir_.path().c_str();
  lumen_comp_callbacks callbacks{};
  lumen_comp_error error{};
  std::unique_ptr<lumen_comp, Deleter> second{lumen_comp_create(&params, &callbacks, nullptr, &error)};
  ASSERT_TRUE(second);
  EXPECT_STREQ(lumen_comp_wayland_display(second.get()), "wayland-1");
  second.reset();

  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (dir_.path() + "/wayland-1").copy(address.sun_path, sizeof address.sun_path - 1);
  const UniqueFd dead{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  second.reset(lumen_comp_create(&params, &callbacks, nullptr, &error));
  ASSERT_TRUE(second);
  EXPECT_STREQ(lumen_comp_wayland_display(second.get()), "wayland-1");
}

TEST_F(CompositorTest, says_when_no_socket_can_be_made) {
  lumen_comp_params params{};
  params.socket_dir = "/nonexistent";
  lumen_comp_callbacks callbacks{};
  lumen_comp_error error{};
  EXPECT_EQ(lumen_comp_create(&params, &callbacks, nullptr, &error), nullptr);
  EXPECT_STREQ(error.what, "the Wayland socket cannot be made");
  EXPECT_EQ(error.os_errno, ENOENT);
}

TEST_F(CompositorTest, does_not_touch_the_environment) {
  const auto environment = [] {
    std::vector<std::string> all;
    for (char** entry = environ; *entry != nullptr; ++entry) all.emplace_back(*entry);
    return all;
  };
  const auto before = environment();
  start({.socket_dir = nullptr, .xkb_layout = nullptr, .xwayland = true, .pointer_drawn = true});
  output();
  client_with_window();
  EXPECT_EQ(environment(), before);
}

class Liveness : public CompositorTest {
 protected:
  void start_impatient() {
    lumen_comp_params params{};
    params.ping_interval_ms = 20;
    params.ping_timeout_ms = 60;
    start(params);
    output();
  }
};

TEST_F(Liveness, is_not_questioned_while_the_application_answers) {
  start_impatient();
  client_with_window();
  stage_->run_for(milliseconds{300});
  EXPECT_THAT(responding_, IsEmpty());
}

TEST_F(Liveness, ends_when_the_application_hangs_and_returns_when_it_answers_again) {
  start_impatient();
  auto& app = client_with_window();
  stage_->freeze(app, true);
  ASSERT_TRUE(run_until([&] { return !responding_.empty(); }));
  EXPECT_THAT(responding_, ElementsAre(false));
  stage_->run_for(milliseconds{200});
  EXPECT_THAT(responding_, ElementsAre(false));  // said once
  stage_->freeze(app, false);
  ASSERT_TRUE(run_until([&] { return responding_.size() == 2; }));
  EXPECT_THAT(responding_, ElementsAre(false, true));
}

TEST_F(Liveness, is_that_of_the_focused_application_only) {
  start_impatient();
  auto& below = client_with_window();
  client_with_window();
  stage_->freeze(below, true);
  stage_->run_for(milliseconds{300});
  EXPECT_THAT(responding_, IsEmpty());
}

TEST_F(Liveness, returns_when_the_hanging_application_goes) {
  start_impatient();
  auto& app = client_with_window();
  stage_->freeze(app, true);
  ASSERT_TRUE(run_until([&] { return !responding_.empty(); }));
  stage_->leave(app);
  ASSERT_TRUE(run_until([&] { return responding_.size() == 2; }));
  EXPECT_THAT(responding_, ElementsAre(false, true));
}

TEST_F(Liveness, does_not_make_a_client_without_window_answer) {
  start_impatient();
  auto& app = client();
  stage_->freeze(app, true);
  stage_->run_for(milliseconds{200});
  EXPECT_THAT(responding_, IsEmpty());
}

TEST_F(CompositorTest, lets_others_go_on_beside_a_client_that_hangs) {
  start();
  auto* left = output();
  auto* right = output();
  auto& hanging = client_with_window();
  auto& lively = client_with_window({.redraw_on_callback = true});
  stage_->freeze(hanging, true);
  const int before = shown_[right].frames;
  stage_->run_for(milliseconds{300});
  EXPECT_GT(shown_[right].frames, before + 5);
  lumen_comp_pointer_move_to(left, 10, 10);
  EXPECT_TRUE(lively.is_connected());
}

TEST_F(CompositorTest, keeps_a_client_that_does_not_read_through_a_flood_of_motion) {
  start();
  auto* only = output();
  auto& app = client_with_window();
  lumen_comp_pointer_move_to(only, 10, 10);
  take_events(app);
  stage_->freeze(app, true);
  for (int i = 0; i < 30'000; ++i) {
    lumen_comp_pointer_move_by(comp_.get(), i % 2 == 0 ? 1 : -1, 0);
    lumen_comp_pointer_scroll(comp_.get(), 120, 0);
    if (i % 100 == 0) lumen_comp_dispatch(comp_.get());
  }
  stage_->freeze(app, false);
  stage_->run_for(milliseconds{100});
  ASSERT_TRUE(app.is_connected());
  app.events.clear();
  lumen_comp_pointer_move_to(only, 77, 66);
  ASSERT_TRUE(run_until([&] { return !app.events.empty(); }));
  EXPECT_EQ(app.events.back(), "motion 77 66");
}

TEST_F(CompositorTest, keeps_a_client_that_does_not_read_through_a_flood_of_presses) {
  start();
  output();
  auto& app = client_with_window();
  stage_->freeze(app, true);
  for (int i = 0; i < 10'000; ++i) {
    lumen_comp_key(comp_.get(), KEY_A, i % 2 == 0);
    lumen_comp_pointer_button(comp_.get(), BTN_LEFT, i % 2 == 0);
    if (i % 100 == 0) lumen_comp_dispatch(comp_.get());
  }
  stage_->freeze(app, false);
  stage_->run_for(milliseconds{100});
  ASSERT_TRUE(app.is_connected());
  const auto count = [&](const char* event) {
    return std::count(app.events.begin(), app.events.end(), event);
  };
  EXPECT_EQ(count("key 30 1"), count("key 30 0"));
  EXPECT_EQ(count("button 272 1"), count("button 272 0"));
}

TEST_F(CompositorTest, keeps_the_pointer_on_an_output_that_shrinks) {
  start({.socket_dir = nullptr, .xkb_layout = nullptr, .pointer_drawn = false});
  auto* only = output(640, 480);
  auto& app = client_with_window();
  lumen_comp_pointer_move_to(only, 600, 400);
  const lumen_comp_mode smaller{320, 240, 60'000};
  ASSERT_TRUE(lumen_comp_output_set_mode(only, &smaller));
  ASSERT_TRUE(run_until([&] { return app.configured_width == 320; }));
  take_events(app);
  lumen_comp_pointer_move_by(comp_.get(), -10, -10);
  EXPECT_THAT(take_events(app), Contains("motion 309 229"));
}

TEST_F(CompositorTest, bounds_pastes_that_nobody_reads) {
  start();
  output();
  auto& app = client_with_window();
  const std::string text(200'000, 'x');
  ASSERT_TRUE(lumen_comp_set_clipboard_text(comp_.get(), text.data(), text.size()));
  ASSERT_TRUE(run_until([&] { return !app.events.empty() && app.events.back() == "selection"; }));
  const auto open_files = [] {
    const std::filesystem::directory_iterator files{"/proc/self/fd"};
    return std::distance(begin(files), end(files));
  };
  const auto before = open_files();
  app.abandon_pastes(100);
  stage_->run_for(milliseconds{50});
  EXPECT_LE(open_files() - before, 100 + 2 * 16);  // the client's 100 ends, and two for each of 16 of ours
  EXPECT_TRUE(app.is_connected());
  app.request_paste();
  ASSERT_TRUE(run_until([&] { return app.paste_done; })) << "the others keep nobody from it";
  EXPECT_EQ(app.pasted, text);
}

TEST_F(CompositorTest, survives_a_reader_that_closes_its_paste_early) {
  ASSERT_NE(::signal(SIGPIPE, SIG_DFL), SIG_ERR);
  start();
  output();
  auto& app = client_with_window();
  const std::string text(200'000, 'x');
  ASSERT_TRUE(lumen_comp_set_clipboard_text(comp_.get(), text.data(), text.size()));
  ASSERT_TRUE(run_until([&] { return !app.events.empty() && app.events.back() == "selection"; }));
  app.abandon_pastes(1);
  stage_->run_for(milliseconds{20});
  stage_->leave(app);
  stage_->run_for(milliseconds{20});
  EXPECT_THAT(log_, IsEmpty());
}

TEST_F(CompositorTest, refuses_clipboard_text_beyond_its_limit) {
  start();
  const std::string text(LUMEN_COMP_MAX_TEXT + 1, 'x');
  EXPECT_FALSE(lumen_comp_set_clipboard_text(comp_.get(), text.data(), text.size()));
  EXPECT_TRUE(lumen_comp_set_clipboard_text(comp_.get(), "", 0));
}

TEST_F(CompositorTest, drops_a_client_s_text_beyond_its_limit) {
  start();
  output();
  auto& app = client_with_window();
  app.offer_text(std::string(LUMEN_COMP_MAX_TEXT, 'x'));
  ASSERT_TRUE(run_until([&] { return (clipboard_ != nullptr); }));
  EXPECT_EQ(clipboard_->size(), LUMEN_COMP_MAX_TEXT);
  clipboard_ = nullptr;
  lumen_comp_key(comp_.get(), KEY_A, true);
  take_events(app);
  app.offer_text(std::string(LUMEN_COMP_MAX_TEXT + 1, 'x'));
  stage_->run_for(milliseconds{200});
  EXPECT_FALSE((clipboard_ != nullptr));
}

TEST_F(CompositorTest, disconnects_a_client_that_talks_nonsense_and_nobody_else) {
  start();
  auto* only = output();
  auto& good = client_with_window();
  for (int round = 0; round < 20; ++round) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_path().copy(address.sun_path, sizeof address.sun_path - 1);
    const UniqueFd rogue{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    ASSERT_EQ(::connect(rogue.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    std::vector<std::uint32_t> words(256);
    for (std::size_t i = 0; i < words.size(); ++i)
      words[i] = test_pixel(7, static_cast<std::uint32_t>(round), static_cast<std::uint32_t>(i));
    words[0] = static_cast<std::uint32_t>(round % 3);
    ASSERT_GT(::send(rogue.get(), words.data(), words.size() * 4, MSG_NOSIGNAL), 0);
    stage_->run_for(milliseconds{5});
  }
  EXPECT_TRUE(good.is_connected());
  EXPECT_TRUE(shows(only, good, 42));
}

TEST_F(CompositorTest, runs_without_xwayland_where_that_is_not_installed) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread runs here
  ASSERT_EQ(::setenv("WLR_XWAYLAND", "/nonexistent/Xwayland", 1), 0);
  start({.socket_dir = nullptr, .xkb_layout = nullptr, .xwayland = true});
  // NOLINTNEXTLINE(concurrency-mt-unsafe)
  ASSERT_EQ(::unsetenv("WLR_XWAYLAND"), 0);
  EXPECT_EQ(lumen_comp_x11_display(comp_.get()), nullptr);
  EXPECT_THAT(log_, Contains(HasSubstr("Install xwayland")));
  auto* only = output();
  EXPECT_TRUE(shows(only, client_with_window(), 2));
}

TEST_F(CompositorTest, logs_what_wlroots_says_when_asked) {
  lumen_comp_params params{};
  params.verbose = true;
  start(params);
  EXPECT_THAT(log_, Contains(HasSubstr("pixman renderer")));
}

}  // namespace
}  // namespace lumen::embedded
