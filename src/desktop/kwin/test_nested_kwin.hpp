// Tests only: a real KWin as an application of our compositor, and clients inside it.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "desktop/embedded/embedded_desktop.hpp"
#include "desktop/embedded/test_desktop.hpp"
#include "desktop/testing/test_process.hpp"
#include "desktop/testing/test_stage.hpp"

namespace lumen::kwin {

using namespace desktop_test;  // NOLINT(google-build-using-namespace): tests only
using embedded::copy_of, embedded::SeenFrame, embedded::wrong_pixels;

// 0…65535 for pixel `pixel` of `side`, as a client says where it points.
inline std::uint16_t to_position(std::uint32_t pixel, std::uint32_t side) {
  return static_cast<std::uint16_t>((std::uint64_t{pixel} * 65'535 + (side - 1) / 2) / (side - 1));
}

class NestedKWinTest : public ::testing::Test {
 protected:
  // Our compositor with KWin in it: over when a program inside KWin runs.
  void start(const Mode& mode) {
    DesktopEvents events;
    events.on_frame = [this](const BorrowedFrame& frame) {
      ++frames_;
      take_note(frame);
      newest_ = std::make_unique<SeenFrame>(copy_of(frame));
    };
    events.on_window_mapped = [this] { ++windows_; };
    auto desktop = embedded::create_embedded_desktop(
        {.mode = mode, .runtime_dir = dir_.path(), .xkb_layout = {}, .xwayland = false}, events, *log_);
    ASSERT_TRUE(desktop) << describe(desktop.error());
    desktop_ = *std::move(desktop);
    stage_ = std::make_unique<Stage>(desktop_->fd(), [this] { desktop_->dispatch(); });
    start_kwin();
  }

  void start_kwin() {
    auto environment = desktop_->environment();
    environment.push_back("HOME=" + home_.path());
    environment.emplace_back("LANG=C.UTF-8");
    const auto told = home_.path() + "/display";
    // What runs inside says where KWin listens; its end ends KWin.
    const auto inside = "echo $$ $XDG_RUNTIME_DIR/$WAYLAND_DISPLAY > " + told + ".new; mv " + told + ".new " +
                        told + "; exec sleep 600";
    kwin_ = std::make_unique<TestProcess>(TestProcess::Params{.argv = {LUMEN_PLASMA, "sh", "-c", inside},
                                                              .environment = environment,
                                                              .log_path = home_.path() + "/log"});
    ASSERT_TRUE(stage_->run_until([&] { return !kwin_->runs() || std::ifstream{told}.good(); }))
        << kwin_->log();
    std::ifstream{told} >> inside_pid_ >> display_;
    ASSERT_FALSE(display_.empty()) << kwin_->log();
  }

  TestClient& client_inside() { return stage_->enter(display_); }
  TestClient& fullscreen_inside() {
    auto& app = client_inside();
    app.open_window({.fullscreen = true});
    const auto mode = desktop_->mode();
    EXPECT_TRUE(stage_->run_until([&] {
      return app.activated && app.configured_width == static_cast<int>(mode.width) &&
             app.configured_height == static_cast<int>(mode.height);
    })) << kwin_->log();
    return app;
  }
  // Draws test picture `seed` until it is what we see.
  bool sees(std::uint32_t seed) {
    return stage_->run_until([&] {
      const auto mode = desktop_->mode();
      return newest_ && newest_->frame.width == mode.width && newest_->frame.height == mode.height &&
             wrong_pixels(*newest_, seed) == 0;
    });
  }
  static bool has(const TestClient& app, const std::string& event) {
    return std::ranges::find(app.events, event) != app.events.end();
  }
  // The processes that bear this session's folder in their environment or command line.
  std::vector<std::string> things_of_kwin() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
      std::error_code gone;  // it may end while we look
      if (!std::filesystem::exists(entry.path() / "environ", gone)) continue;
      const auto holds = [&](const char* file) {
        std::ifstream in{entry.path() / file};
        const std::string text{std::istreambuf_iterator<char>{in}, {}};
        return text.find(dir_.path()) != std::string::npos;
      };
      if (holds("environ") || holds("cmdline")) found.push_back(entry.path());
    }
    return found;
  }
  static std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator{folder}) {
      names.push_back(entry.path().filename());
    }
    return names;
  }
  bool run_until(const std::function<bool()>& done) { return stage_->run_until(done); }

  // When colour `drawn_` is first seen all over.
  void take_note(const BorrowedFrame& frame) {
    if (drawn_ == 0 || seen_ == drawn_) return;
    const auto at = [&](std::uint32_t x, std::uint32_t y) {
      return *reinterpret_cast<const std::uint32_t*>(frame.pixels + y * frame.stride_bytes + x * 4) &
             0xFFFFFFU;
    };
    if (at(0, 0) != drawn_ || at(frame.width - 1, frame.height - 1) != drawn_) return;
    seen_ = drawn_;
    seen_at_ = SteadyTime{}.now();
  }

  TempDir dir_, home_;
  std::shared_ptr<Logger> log_ = make_null_logger();
  int frames_ = 0, windows_ = 0;
  std::uint32_t drawn_ = 0, seen_ = 0;
  Timestamp seen_at_;
  pid_t inside_pid_ = 0;
  std::string display_;
  std::unique_ptr<SeenFrame> newest_;
  std::unique_ptr<embedded::EmbeddedDesktop> desktop_;
  std::unique_ptr<TestProcess> kwin_;
  std::unique_ptr<Stage> stage_;  // its clients go before KWin does, KWin before the desktop
};

}  // namespace lumen::kwin
