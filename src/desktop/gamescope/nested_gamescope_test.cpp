// The real gamescope as an application of our compositor, on Mesa's software Vulkan (test_gpu.c): what an X11
// program inside it shows and is told.
#include <linux/input-event-codes.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include <gmock/gmock.h>

#include "desktop/embedded/embedded_desktop.hpp"
#include "desktop/embedded/test_desktop.hpp"
#include "desktop/embedded/test_leaks.hpp"
#include "desktop/gamescope/test_x11_client.hpp"
#include "desktop/testing/test_process.hpp"
#include "desktop/testing/test_stage.hpp"

namespace lumen::gamescope {
namespace {

using namespace desktop_test;  // NOLINT(google-build-using-namespace): tests only
using embedded::copy_of, embedded::SeenFrame, embedded::wrong_pixels;

class NestedGamescopeTest : public ::testing::Test {
 protected:
  // Over when a program inside gamescope runs.
  void start(const Mode& mode, const std::vector<std::string>& options = {}) {
    DesktopEvents events;
    events.on_frame = [this](const BorrowedFrame& frame) {
      ++frames_;
      newest_ = std::make_unique<SeenFrame>(copy_of(frame));
    };
    events.on_window_mapped = [this] { ++windows_; };
    auto desktop = embedded::create_embedded_desktop(
        {.mode = mode, .runtime_dir = dir_.path(), .xkb_layout = {}, .xwayland = true}, events, *log_);
    ASSERT_TRUE(desktop) << describe(desktop.error());
    desktop_ = *std::move(desktop);
    start_gamescope(options);
  }
  void start_gamescope(const std::vector<std::string>& options) {
    auto environment = desktop_->environment();
    environment.push_back("HOME=" + home_.path());
    environment.push_back(fmt::format("LUMEN_CLIENT_WIDTH={}", desktop_->mode().width));
    environment.push_back(fmt::format("LUMEN_CLIENT_HEIGHT={}", desktop_->mode().height));
    environment.emplace_back("LUMEN_CLIENT_FPS=60");
    environment.insert(environment.end(), options.begin(), options.end());
    const auto told = home_.path() + "/display";
    const auto inside = "echo $$ $DISPLAY ${SDL_VIDEODRIVER-none} > " + told + ".new; mv " + told + ".new " +
                        told + "; exec sleep 600";
    gamescope_ = std::make_unique<TestProcess>(TestProcess::Params{
        .argv = {"env", std::string{"PATH="} + LUMEN_TEST_GAMESCOPE_DIR + ":/usr/bin:/bin", LUMEN_GAMESCOPE,
                 "sh", "-c", inside},
        .environment = environment,
        .log_path = home_.path() + "/log"});
    ASSERT_TRUE(run_until([&] { return !gamescope_->runs() || std::ifstream{told}.good(); }))
        << gamescope_->log();
    std::ifstream{told} >> inside_pid_ >> display_ >> driver_inside_;
    ASSERT_FALSE(display_.empty()) << gamescope_->log();
  }
  // A program that fills the screen, its first picture seen.
  void show_app() {
    app_ = X11Client::connect(display_);
    ASSERT_TRUE(app_) << gamescope_->log();
    ASSERT_TRUE(sees(1)) << what_is_wrong() << gamescope_->log();
  }
  // Paints test picture `seed` until it is seen: again and again, as games do. Of a window that is painted
  // once, gamescope 3.11 may show the change only with the next.
  bool sees(std::uint32_t seed) {
    auto next = Clock::now();
    int looked_at = 0;
    return run_until([&] {
      if (Clock::now() >= next) {
        app_->draw(seed);
        next = Clock::now() + std::chrono::milliseconds{50};
      }
      if (std::exchange(looked_at, frames_) == frames_) return false;
      return newest_->frame.width == desktop_->mode().width &&
             newest_->frame.height == desktop_->mode().height && wrong_pixels(*newest_, seed) == 0;
    });
  }
  std::string what_is_wrong() const {
    if (!newest_) return "no picture\n";
    const auto& frame = newest_->frame;
    return fmt::format("{} wrong pixels of {}x{}, the first {:06x}, in picture {}\n",
                       wrong_pixels(*newest_, 1), frame.width, frame.height, newest_->at(0, 0), frames_);
  }
  bool run_until(const std::function<bool()>& done) {
    return eventually(
        [&] {
          desktop_->dispatch();
          if (app_) app_->pump();
          return done();
        },
        std::chrono::seconds{30});
  }
  bool tells(const std::string& event) {
    return run_until([&] { return app_->has(event); });
  }
  PointerMoveTo to_pixel(std::uint32_t x, std::uint32_t y) const {
    const auto mode = desktop_->mode();
    return {
        static_cast<std::uint16_t>((std::uint64_t{x} * 65'535 + (mode.width - 1) / 2) / (mode.width - 1)),
        static_cast<std::uint16_t>((std::uint64_t{y} * 65'535 + (mode.height - 1) / 2) / (mode.height - 1))};
  }
  // The processes that bear this session's folder in their environment.
  std::vector<std::string> things_of_gamescope() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
      std::ifstream in{entry.path() / "environ"};
      const std::string text{std::istreambuf_iterator<char>{in}, {}};
      if (text.find(dir_.path()) != std::string::npos) found.push_back(entry.path());
    }
    return found;
  }

  embedded::LeaksExcused leaks_excused_;
  TempDir dir_, home_;
  std::shared_ptr<Logger> log_ = make_null_logger();
  int frames_ = 0, windows_ = 0;
  pid_t inside_pid_ = 0;
  std::string display_, driver_inside_;
  std::unique_ptr<SeenFrame> newest_;
  std::unique_ptr<embedded::EmbeddedDesktop> desktop_;
  std::unique_ptr<TestProcess> gamescope_;
  std::unique_ptr<X11Client> app_;
};

TEST_F(NestedGamescopeTest, shows_a_program_at_the_displays_size_pixel_by_pixel) {
  ASSERT_NO_FATAL_FAILURE(start({1280, 720, 60'000}));
  ASSERT_NO_FATAL_FAILURE(show_app());
  EXPECT_EQ(app_->width(), 1280U);
  EXPECT_EQ(app_->height(), 720U);
  for (std::uint32_t seed = 2; seed < 6; ++seed) EXPECT_TRUE(sees(seed)) << seed;
  EXPECT_EQ(windows_, 1);
  EXPECT_EQ(driver_inside_, "none") << "what is meant for gamescope's own window reaches the program";
}

TEST_F(NestedGamescopeTest, follows_the_display_and_scales_what_does_not) {
  ASSERT_NO_FATAL_FAILURE(start({1280, 720, 60'000}));
  ASSERT_NO_FATAL_FAILURE(show_app());
  for (const auto& mode : {Mode{640, 360, 60'000}, Mode{1920, 1080, 60'000}}) {
    ASSERT_TRUE(desktop_->set_mode(mode));
    app_->fill(0x3366CC);
    // The whole display, edges too, though the program's screen has still its size.
    EXPECT_TRUE(run_until([&] {
      app_->fill(0x3366CC);
      return newest_->frame.width == mode.width && newest_->frame.height == mode.height &&
             newest_->at(2, 2) == 0x3366CC && newest_->at(mode.width - 3, mode.height - 3) == 0x3366CC;
    })) << to_string(mode)
        << fmt::format(", {:06x}", newest_->at(2, 2));
    EXPECT_EQ(app_->width(), 1280U);
  }
  ASSERT_TRUE(desktop_->set_mode({1280, 720, 60'000}));
  EXPECT_TRUE(sees(7)) << "at its own size again";
}

TEST_F(NestedGamescopeTest, hands_on_the_pointer_and_the_keyboard) {
  ASSERT_NO_FATAL_FAILURE(start({1280, 720, 60'000}));
  ASSERT_NO_FATAL_FAILURE(show_app());
  // gamescope 3.11 locks the pointer and takes the way that it goes, so into a corner first.
  desktop_->inject(PointerMoveBy{-5000, -5000});
  ASSERT_TRUE(tells("motion 0 0")) << ::testing::PrintToString(app_->events);
  desktop_->inject(PointerMoveBy{321, 123});
  EXPECT_TRUE(tells("motion 321 123")) << ::testing::PrintToString(app_->events);
  desktop_->inject(PointerButton{BTN_LEFT, true});
  desktop_->inject(PointerButton{BTN_LEFT, false});
  EXPECT_TRUE(tells("button 1 1") && tells("button 1 0"));
  desktop_->inject(Scroll{.vertical_v120 = 120});
  EXPECT_TRUE(tells("button 5 1")) << ::testing::PrintToString(app_->events);
  desktop_->inject(Key{KEY_A, true});
  desktop_->inject(Key{KEY_A, false});
  EXPECT_TRUE(tells("key 30 1") && tells("key 30 0")) << ::testing::PrintToString(app_->events);
  desktop_->inject(Key{KEY_LEFTSHIFT, true});
  desktop_->inject(PointerButton{BTN_RIGHT, true});
  ASSERT_TRUE(tells("button 3 1"));
  desktop_->inject(ReleaseAll{});
  EXPECT_TRUE(tells("key 42 0") && tells("button 3 0")) << ::testing::PrintToString(app_->events);
}

TEST_F(NestedGamescopeTest, hands_on_positions_once_the_pointer_was_in_a_corner) {
  ASSERT_NO_FATAL_FAILURE(start({1280, 720, 60'000}));
  ASSERT_NO_FATAL_FAILURE(show_app());
  desktop_->inject(to_pixel(0, 0));
  desktop_->inject(PointerMoveBy{-5000, -5000});
  ASSERT_TRUE(tells("motion 0 0")) << ::testing::PrintToString(app_->events);
  for (const auto& [x, y] : {std::pair{300, 200}, std::pair{301, 202}, std::pair{1279, 719}}) {
    desktop_->inject(to_pixel(static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y)));
    EXPECT_TRUE(tells(fmt::format("motion {} {}", x, y))) << ::testing::PrintToString(app_->events);
  }
}

TEST_F(NestedGamescopeTest, more_options_come_from_the_environment_and_win) {
  ASSERT_NO_FATAL_FAILURE(start({1280, 720, 60'000}, {"LUMEN_GAMESCOPE_OPTIONS=-w 640 -h 360"}));
  app_ = X11Client::connect(display_);
  ASSERT_TRUE(app_) << gamescope_->log();
  EXPECT_EQ(app_->width(), 640U);
  EXPECT_EQ(app_->height(), 360U);
}

TEST_F(NestedGamescopeTest, ends_with_the_program_and_leaves_nothing) {
  ASSERT_NO_FATAL_FAILURE(start({1280, 720, 60'000}));
  ASSERT_FALSE(things_of_gamescope().empty());
  ::kill(inside_pid_, SIGTERM);
  EXPECT_TRUE(run_until([&] { return !gamescope_->runs(); })) << gamescope_->log();
  EXPECT_TRUE(run_until([&] { return things_of_gamescope().empty(); }))
      << ::testing::PrintToString(things_of_gamescope());
}

TEST_F(NestedGamescopeTest, ends_when_it_is_told_to) {
  ASSERT_NO_FATAL_FAILURE(start({1280, 720, 60'000}));
  ASSERT_NO_FATAL_FAILURE(show_app());
  gamescope_->kill(SIGTERM);
  EXPECT_TRUE(run_until([&] { return !gamescope_->runs(); })) << gamescope_->log();
  EXPECT_TRUE(run_until([&] { return things_of_gamescope().empty(); }))
      << ::testing::PrintToString(things_of_gamescope());
}

TEST(LumenGamescope, tells_what_it_lacks) {
  const auto said = [](const std::vector<std::string>& command, const std::vector<std::string>& environment) {
    TempDir dir;
    TestProcess process{{.argv = command, .environment = environment, .log_path = dir.path() + "/log"}};
    EXPECT_TRUE(eventually([&] { return !process.runs(); }));
    return process.log();
  };
  EXPECT_THAT(said({LUMEN_GAMESCOPE, "true"}, {}), ::testing::HasSubstr("xwayland"));
  EXPECT_THAT(said({LUMEN_GAMESCOPE}, {"DISPLAY=:99"}), ::testing::HasSubstr("no program"));
}

}  // namespace
}  // namespace lumen::gamescope
