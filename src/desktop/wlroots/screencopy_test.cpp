// Copies of an output's pictures against a compositor that answers as no real one can be made to: sway's
// headless outputs cannot be switched off.
#include "desktop/wlroots/screencopy.hpp"

#include <atomic>
#include <cstring>
#include <map>
#include <memory>

#include "desktop/wlroots/test_fake_compositor.hpp"

extern "C" const wl_interface zwlr_screencopy_manager_v1_interface;
extern "C" const wl_interface zwlr_screencopy_frame_v1_interface;

namespace lumen::wlroots {
namespace {

using namespace std::chrono_literals;

class PictureCompositor final : public FakeCompositor {
 public:
  PictureCompositor() {
    offer(zwlr_screencopy_manager_v1_interface, 3, bind_manager);
    start();
  }
  ~PictureCompositor() { stop(); }
  std::atomic<bool> asleep = true;
  std::atomic<int> asked = 0;
  std::atomic<std::uint32_t> format = WL_SHM_FORMAT_XRGB8888, pixel_bytes = 4;
  std::atomic<bool> upside_down = false;

 private:
  enum FrameEvent : std::uint32_t { kBuffer, kFlags, kReady, kFailed, kDamage, kDmabuf, kBufferDone };

  struct ManagerRequests {
    void (*capture_output)(wl_client*, wl_resource*, std::uint32_t id, int pointer, wl_resource* output);
    void (*capture_region)(wl_client*, wl_resource*, std::uint32_t id, int pointer, wl_resource* output, int,
                           int, int, int);
    void (*destroy)(wl_client*, wl_resource*);
  };
  struct FrameRequests {
    void (*copy)(wl_client*, wl_resource*, wl_resource* buffer);
    void (*destroy)(wl_client*, wl_resource*);
    void (*copy_with_damage)(wl_client*, wl_resource*, wl_resource* buffer);
  };

  static void bind_manager(wl_client* client, void* self, std::uint32_t version, std::uint32_t id) {
    static constexpr ManagerRequests kRequests{capture_output, nullptr, destroy};
    auto* manager =
        wl_resource_create(client, &zwlr_screencopy_manager_v1_interface, static_cast<int>(version), id);
    wl_resource_set_implementation(manager, &kRequests, self, nullptr);
  }
  static void capture_output(wl_client* client, wl_resource* manager, std::uint32_t id, int, wl_resource*) {
    static constexpr FrameRequests kRequests{copy, destroy, copy_later};
    auto& fake = *static_cast<PictureCompositor*>(wl_resource_get_user_data(manager));
    auto* frame = wl_resource_create(client, &zwlr_screencopy_frame_v1_interface, 3, id);
    wl_resource_set_implementation(frame, &kRequests, &fake, nullptr);
    ++fake.asked;
    if (fake.asleep) return wl_resource_post_event(frame, kFailed);
    wl_resource_post_event(frame, kBuffer, fake.format.load(), kFakeMode.width, kFakeMode.height,
                           kFakeMode.width * fake.pixel_bytes);
    wl_resource_post_event(frame, kBufferDone);
  }
  // Each byte tells its row and its place in the pixel.
  static void copy(wl_client*, wl_resource* frame, wl_resource* buffer) {
    const auto& fake = *static_cast<PictureCompositor*>(wl_resource_get_user_data(frame));
    auto* const shared = wl_shm_buffer_get(buffer);
    auto* const bytes = static_cast<std::uint8_t*>(wl_shm_buffer_get_data(shared));
    const std::size_t stride = kFakeMode.width * fake.pixel_bytes;
    for (std::size_t at = 0; at < stride * kFakeMode.height; ++at)
      bytes[at] = static_cast<std::uint8_t>(16 * (at / stride % 15) + at % stride % fake.pixel_bytes);
    wl_resource_post_event(frame, kFlags, fake.upside_down ? 1 : 0);
    wl_resource_post_event(frame, kReady, 0, 0, 0);
  }
  static void copy_later(wl_client*, wl_resource*, wl_resource*) {}  // nothing is drawn any more
};

class ScreencopyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    connection_ = *wayland::WaylandConnection::connect(compositor_.socket_path(), *loop_, {});
    Screencopy::Params params;
    ASSERT_NE(connection_->output_named(kFakeOutput), nullptr);
    params.output = connection_->output_named(kFakeOutput)->proxy;
    params.on_frame = [this](const BorrowedFrame& frame) {
      ++frames_;
      for (const std::size_t y : {std::size_t{0}, std::size_t{5}, std::size_t{kFakeMode.height} - 1}) {
        std::uint32_t pixel = 0;
        std::memcpy(&pixel, frame.pixels + y * frame.stride_bytes + std::size_t{4} * (kFakeMode.width - 1),
                    4);
        pixels_[y] = pixel & 0xFFFFFFU;
      }
    };
    params.on_failure = [this](const Error&) { ++failures_; };
    capture_ = *Screencopy::create(*connection_, *loop_, std::move(params));
  }
  bool run_until(const std::function<bool()>& done, Duration limit = 10s) {
    const auto end = SteadyTime{}.now() + limit;
    while (!done() && SteadyTime{}.now() < end) {
      loop_->call_at(SteadyTime{}.now() + 5ms, [this] { loop_->stop(); });
      loop_->run();
    }
    return done();
  }

  PictureCompositor compositor_;
  std::unique_ptr<EventLoop> loop_ = *EventLoop::create();
  std::unique_ptr<wayland::WaylandConnection> connection_;
  std::unique_ptr<Screencopy> capture_;
  int frames_ = 0, failures_ = 0;
  std::map<std::size_t, std::uint32_t> pixels_;  // the last of some rows
};

TEST_F(ScreencopyTest, pictures_of_other_orders_and_widths_of_pixels_are_straightened) {
  compositor_.asleep = false;
  const auto pixel = [](std::size_t row, std::uint32_t b, std::uint32_t g, std::uint32_t r) {
    const auto base = static_cast<std::uint32_t>(16 * (row % 15));
    return (base + b) | (base + g) << 8U | (base + r) << 16U;
  };
  struct Case {
    std::uint32_t format, bytes, b, g, r;
  };
  for (const auto& one : {Case{WL_SHM_FORMAT_XRGB8888, 4, 0, 1, 2}, Case{WL_SHM_FORMAT_XBGR8888, 4, 2, 1, 0},
                          Case{WL_SHM_FORMAT_RGB888, 3, 0, 1, 2}, Case{WL_SHM_FORMAT_BGR888, 3, 2, 1, 0},
                          Case{WL_SHM_FORMAT_RGBX8888, 4, 1, 2, 3}}) {
    for (const bool upside_down : {false, true}) {
      compositor_.format = one.format;
      compositor_.pixel_bytes = one.bytes;
      compositor_.upside_down = upside_down;
      capture_.reset();
      SetUp();
      frames_ = 0;
      capture_->set_mode(kFakeMode);
      ASSERT_TRUE(run_until([&] { return frames_ > 0; })) << std::hex << one.format;
      for (const auto& [row, got] : pixels_) {
        const auto from = upside_down ? kFakeMode.height - 1 - row : row;
        EXPECT_EQ(got, pixel(from, one.b, one.g, one.r)) << std::hex << one.format << " row " << row;
      }
      EXPECT_EQ(failures_, 0);
    }
  }
}

TEST_F(ScreencopyTest, nothing_is_asked_of_an_output_that_is_gone) {
  // It sleeps, so that the next try is always under way
  bool gone = false;
  connection_->on_outputs_changed = [&] {
    gone = connection_->output_named(kFakeOutput) == nullptr;
    if (gone) capture_->stop();
  };
  capture_->set_mode(kFakeMode);
  ASSERT_TRUE(run_until([&] { return compositor_.asked > 3; }));
  compositor_.remove_output();
  ASSERT_TRUE(run_until([&] { return gone; }));
  ASSERT_TRUE(connection_->roundtrip(1s));
  const int before = compositor_.asked;
  capture_->repaint();
  capture_->set_pointer_drawn(true);
  capture_->set_mode({128, 96, 60'000});
  run_until([] { return false; }, 100ms);
  ASSERT_TRUE(connection_->roundtrip(1s));
  EXPECT_EQ(compositor_.asked, before);
}

TEST_F(ScreencopyTest, an_output_that_sleeps_is_looked_at_now_and_then_until_it_wakes) {
  capture_->set_mode(kFakeMode);
  ASSERT_TRUE(run_until([&] { return compositor_.asked > 260; }, 20s));  // more than one mode takes to settle
  const auto begin = SteadyTime{}.now();
  ASSERT_TRUE(run_until([&] { return compositor_.asked > 264; }, 20s));
  EXPECT_GE(SteadyTime{}.now() - begin, 500ms);
  compositor_.asleep = false;
  EXPECT_TRUE(run_until([&] { return frames_ > 0; }));
  EXPECT_EQ(failures_, 0);
}

}  // namespace
}  // namespace lumen::wlroots
