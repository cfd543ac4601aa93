// Copies of an output's pictures against a compositor that answers as no real one can be made to: sway's
// headless outputs cannot be switched off.
#include "desktop/wlroots/screencopy.hpp"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include <gtest/gtest.h>
#include <wayland-server.h>

#include "base/fd.hpp"
#include "desktop/testing/test_stage.hpp"

extern "C" const wl_interface zwlr_screencopy_manager_v1_interface;
extern "C" const wl_interface zwlr_screencopy_frame_v1_interface;

namespace lumen::wlroots {
namespace {

using namespace std::chrono_literals;

constexpr Mode kMode{64, 48, 60'000};
enum class Answer { failed, damage_first, picture };

// One output, on a thread of its own.
class FakeCompositor {
 public:
  FakeCompositor() {
    UniqueFd listening{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_path().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listening.get(), 1), 0);
    EXPECT_EQ(wl_display_add_socket_fd(display_, listening.release()), 0);
    wl_display_init_shm(display_);
    output_ = wl_global_create(display_, &wl_output_interface, 4, this, bind_output);
    wl_global_create(display_, &zwlr_screencopy_manager_v1_interface, 3, this, bind_manager);
    woken_ = wl_event_loop_add_fd(wl_display_get_event_loop(display_), wake_.get(), WL_EVENT_READABLE,
                                  on_wake, this);
    thread_ = std::jthread{[this] { wl_display_run(display_); }};
  }
  FakeCompositor(const FakeCompositor&) = delete;
  FakeCompositor& operator=(const FakeCompositor&) = delete;
  ~FakeCompositor() {
    ask(kStop);
    thread_.join();
    wl_event_source_remove(woken_);
    wl_display_destroy_clients(display_);
    wl_display_destroy(display_);
  }

  std::string socket_path() const { return dir_.path() + "/socket"; }
  void remove_output() { ask(kRemoveOutput); }
  std::atomic<Answer> answer = Answer::picture;
  std::atomic<int> asked = 0;

 private:
  static constexpr std::uint64_t kStop = 1, kRemoveOutput = 1U << 16U;
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

  void ask(std::uint64_t what) const { EXPECT_EQ(::write(wake_.get(), &what, sizeof what), 8); }
  static int on_wake(int fd, std::uint32_t, void* self) {
    auto& fake = *static_cast<FakeCompositor*>(self);
    std::uint64_t what = 0;
    if (::read(fd, &what, sizeof what) != sizeof what) return 0;
    if (what >= kRemoveOutput) wl_global_remove(fake.output_);
    if ((what & kStop) != 0) wl_display_terminate(fake.display_);
    return 0;
  }

  static void bind_output(wl_client* client, void*, std::uint32_t version, std::uint32_t id) {
    static constexpr struct wl_output_interface kRequests{destroy};
    auto* output = wl_resource_create(client, &wl_output_interface, static_cast<int>(version), id);
    wl_resource_set_implementation(output, &kRequests, nullptr, nullptr);
    wl_output_send_mode(output, WL_OUTPUT_MODE_CURRENT, kMode.width, kMode.height, kMode.refresh_mhz);
    wl_output_send_name(output, "FAKE-1");
    wl_output_send_done(output);
  }
  static void bind_manager(wl_client* client, void* self, std::uint32_t version, std::uint32_t id) {
    static constexpr ManagerRequests kRequests{capture_output, nullptr, destroy};
    auto* manager =
        wl_resource_create(client, &zwlr_screencopy_manager_v1_interface, static_cast<int>(version), id);
    wl_resource_set_implementation(manager, &kRequests, self, nullptr);
  }
  static void destroy(wl_client*, wl_resource* resource) { wl_resource_destroy(resource); }

  static void capture_output(wl_client* client, wl_resource* manager, std::uint32_t id, int, wl_resource*) {
    static constexpr FrameRequests kRequests{copy, destroy, copy_later};
    auto& fake = *static_cast<FakeCompositor*>(wl_resource_get_user_data(manager));
    auto* frame = wl_resource_create(client, &zwlr_screencopy_frame_v1_interface, 3, id);
    wl_resource_set_implementation(frame, &kRequests, nullptr, nullptr);
    ++fake.asked;
    const auto answer = fake.answer.load();
    if (answer == Answer::damage_first) wl_resource_post_event(frame, kDamage, 0, 0, 1, 1);
    if (answer != Answer::picture) return wl_resource_post_event(frame, kFailed);
    wl_resource_post_event(frame, kBuffer, WL_SHM_FORMAT_XRGB8888, kMode.width, kMode.height,
                           kMode.width * 4);
    wl_resource_post_event(frame, kBufferDone);
  }
  static void copy(wl_client*, wl_resource* frame, wl_resource*) {
    wl_resource_post_event(frame, kFlags, 0);
    wl_resource_post_event(frame, kReady, 0, 0, 0);
  }
  static void copy_later(wl_client*, wl_resource*, wl_resource*) {}  // nothing is drawn any more

  desktop_test::TempDir dir_;
  UniqueFd wake_{::eventfd(0, EFD_CLOEXEC)};
  wl_display* display_ = wl_display_create();
  wl_global* output_ = nullptr;
  wl_event_source* woken_ = nullptr;
  std::jthread thread_;
};

class ScreencopyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    connection_ = *wayland::WaylandConnection::connect(compositor_.socket_path(), *loop_, {});
    Screencopy::Params params;
    ASSERT_NE(connection_->output_named("FAKE-1"), nullptr);
    params.output = connection_->output_named("FAKE-1")->proxy;
    params.on_frame = [this](const BorrowedFrame&) { ++frames_; };
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

  FakeCompositor compositor_;
  std::unique_ptr<EventLoop> loop_ = *EventLoop::create();
  std::unique_ptr<wayland::WaylandConnection> connection_;
  std::unique_ptr<Screencopy> capture_;
  int frames_ = 0, failures_ = 0;
};

TEST_F(ScreencopyTest, nothing_is_asked_of_an_output_that_is_gone) {
  compositor_.answer = Answer::failed;  // so that the next try is always under way
  bool gone = false;
  connection_->on_outputs_changed = [&] {
    gone = connection_->output_named("FAKE-1") == nullptr;
    if (gone) capture_->stop();
  };
  capture_->set_mode(kMode);
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
  compositor_.answer = Answer::failed;
  capture_->set_mode(kMode);
  run_until([] { return false; }, 3s);
  EXPECT_EQ(failures_, 0);
  const int before = compositor_.asked;
  run_until([] { return false; }, 1s);
  EXPECT_LE(compositor_.asked, before + 6);
  EXPECT_GE(compositor_.asked, before + 1);
  compositor_.answer = Answer::picture;
  EXPECT_TRUE(run_until([&] { return frames_ > 0; }));
  EXPECT_EQ(failures_, 0);
}

TEST_F(ScreencopyTest, damage_of_a_picture_that_was_not_asked_for_is_harmless) {
  compositor_.answer = Answer::damage_first;
  capture_->set_mode(kMode);
  ASSERT_TRUE(run_until([&] { return compositor_.asked > 3; }));
  compositor_.answer = Answer::picture;
  EXPECT_TRUE(run_until([&] { return frames_ > 0; }));
}

}  // namespace
}  // namespace lumen::wlroots
