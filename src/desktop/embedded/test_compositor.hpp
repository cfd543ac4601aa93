// Tests only: a compositor through its C header, what it called back, and a stage for its clients.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "desktop/embedded/compositor.h"
#include "desktop/testing/test_stage.hpp"

namespace lumen::embedded {

using namespace desktop_test;  // NOLINT(google-build-using-namespace): tests only

struct Shown {
  int frames = 0;
  std::int32_t width = 0, height = 0;
  bool client_buffer = false;
  std::uint32_t first_pixel = 0;
};

class CompositorTest : public ::testing::Test {
 protected:
  void start(lumen_comp_params params = {}) {
    lumen_comp_callbacks callbacks{};
    callbacks.frame = [](void* self, lumen_comp_output* output, const lumen_comp_frame* frame) {
      auto& shown = static_cast<CompositorTest*>(self)->shown_[output];
      ++shown.frames;
      shown.width = frame->width;
      shown.height = frame->height;
      shown.client_buffer = frame->client_buffer;
      shown.first_pixel = *static_cast<const std::uint32_t*>(frame->pixels) & 0xFFFFFFU;
    };
    callbacks.window_mapped = [](void* self) { ++static_cast<CompositorTest*>(self)->windows_; };
    callbacks.responding = [](void* self, bool responding) {
      static_cast<CompositorTest*>(self)->responding_.push_back(responding);
    };
    callbacks.clipboard_text = [](void* self, const char* utf8, std::size_t length) {
      static_cast<CompositorTest*>(self)->clipboard_ = std::make_unique<std::string>(utf8, length);
    };
    callbacks.log = [](void* self, bool, const char* line) {
      static_cast<CompositorTest*>(self)->log_.emplace_back(line);
    };
    params.socket_dir = dir_.path().c_str();
    lumen_comp_error error{};
    comp_.reset(lumen_comp_create(&params, &callbacks, this, &error));
    ASSERT_TRUE(comp_) << error.what;
    stage_ =
        std::make_unique<Stage>(lumen_comp_fd(comp_.get()), [this] { lumen_comp_dispatch(comp_.get()); });
  }
  lumen_comp_output* output(std::int32_t width = 320, std::int32_t height = 240) {
    const lumen_comp_mode mode{width, height, 60'000};
    return lumen_comp_output_create(comp_.get(), "TEST", &mode);
  }
  std::string socket_path() const { return dir_.path() + "/" + lumen_comp_wayland_display(comp_.get()); }
  TestClient& client() { return stage_->enter(socket_path()); }
  TestClient& client_with_window(const WindowOptions& options = {}) {
    auto& it = client();
    const int before = windows_;
    it.open_window(options);
    EXPECT_TRUE(stage_->run_until([&] { return windows_ > before && it.activated; }));
    return it;
  }
  bool run_until(const std::function<bool()>& done) { return stage_->run_until(done); }
  std::vector<std::string> take_events(TestClient& client) {
    stage_->run_for(std::chrono::milliseconds{20});
    return std::exchange(client.events, {});
  }
  bool shows(lumen_comp_output* output, TestClient& client, std::uint32_t seed) {
    client.draw(seed);
    return run_until(
        [&] { return shown_[output].client_buffer && shown_[output].first_pixel == test_pixel(seed, 0, 0); });
  }

  struct Deleter {
    void operator()(lumen_comp* comp) const { lumen_comp_destroy(comp); }
  };
  TempDir dir_;
  std::map<lumen_comp_output*, Shown> shown_;
  int windows_ = 0;
  std::vector<bool> responding_;
  std::unique_ptr<std::string> clipboard_;  // null: none came
  std::vector<std::string> log_;
  std::unique_ptr<lumen_comp, Deleter> comp_;
  std::unique_ptr<Stage> stage_;
};

}  // namespace lumen::embedded
