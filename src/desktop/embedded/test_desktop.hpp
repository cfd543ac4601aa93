// Tests only: a desktop as the rest of Lumen sees it, the frames it gave, and a stage for its clients.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "desktop/embedded/embedded_desktop.hpp"
#include "desktop/testing/test_stage.hpp"
#include "interface/clipboard.hpp"

namespace lumen::embedded {

using namespace desktop_test;  // NOLINT(google-build-using-namespace): tests only

struct SeenFrame {
  BorrowedFrame frame;  // without its pixels and damage
  std::vector<Rect> damage;
  std::vector<std::uint32_t> pixels;

  std::uint32_t at(std::uint32_t x, std::uint32_t y) const { return pixels[y * frame.width + x] & 0xFFFFFFU; }
};

inline SeenFrame copy_of(const BorrowedFrame& frame) {
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
inline std::size_t wrong_pixels(const SeenFrame& seen, std::uint32_t seed) {
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
    events.on_pointer = on_pointer_;
    EmbeddedParams params{.mode = mode, .runtime_dir = dir_.path(), .xkb_layout = {}};
    params.xwayland = false;
    params.pointer_drawn = pointer_drawn;
    auto desktop = create_embedded_desktop(params, events, *log_);
    ASSERT_TRUE(desktop) << describe(desktop.error());
    desktop_ = *std::move(desktop);
    desktop_->clipboard()->watch([this](const std::string& text) { clipboard_ = text; });
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
    stage_->run_for(std::chrono::milliseconds{20});
    return std::exchange(client.events, {});
  }

  TempDir dir_;
  std::shared_ptr<Logger> log_ = make_null_logger();
  int frames_ = 0, windows_ = 0;
  std::unique_ptr<SeenFrame> newest_;
  std::string clipboard_;
  std::function<void(const BorrowedPointer&)> on_pointer_;
  std::unique_ptr<EmbeddedDesktop> desktop_;
  std::unique_ptr<Stage> stage_;  // its clients go before the desktop does
};

}  // namespace lumen::embedded
