// Tests only: a compositor that answers as no real one can be made to.
#pragma once

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <wayland-server.h>

#include "base/fd.hpp"
#include "desktop/testing/test_stage.hpp"
#include "media/mode.hpp"

namespace lumen::wlroots {

inline constexpr Mode kFakeMode{64, 48, 60'000};
inline constexpr const char* kFakeOutput = "HEADLESS-1";

// Tests only. Has one output, and what a test gives it; on a thread of its own.
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
    for (const auto format :
         {WL_SHM_FORMAT_XBGR8888, WL_SHM_FORMAT_RGBX8888, WL_SHM_FORMAT_RGB888, WL_SHM_FORMAT_BGR888})
      wl_display_add_shm_format(display_, format);
    output_ = wl_global_create(display_, &wl_output_interface, 4, this, bind_output);
    woken_ = wl_event_loop_add_fd(wl_display_get_event_loop(display_), wake_.get(), WL_EVENT_READABLE,
                                  on_wake, this);
  }
  FakeCompositor(const FakeCompositor&) = delete;
  FakeCompositor& operator=(const FakeCompositor&) = delete;
  ~FakeCompositor() {
    wl_event_source_remove(woken_);
    wl_display_destroy_clients(display_);
    wl_display_destroy(display_);
  }

  std::string socket_path() const { return dir_.path() + "/socket"; }
  void remove_output() { ask(kRemoveOutput); }

 protected:
  // What it offers beside the output; before start().
  void offer(const wl_interface& interface, int version, wl_global_bind_func_t bind) {
    wl_global_create(display_, &interface, version, this, bind);
  }
  void start() {
    thread_ = std::jthread{[this] { wl_display_run(display_); }};
  }
  // The thread is over: before what it uses is destroyed.
  void stop() {
    ask(kStop);
    thread_.join();
  }
  static void destroy(wl_client*, wl_resource* resource) { wl_resource_destroy(resource); }

 private:
  static constexpr std::uint64_t kStop = 1, kRemoveOutput = 1U << 16U;
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
    wl_output_send_mode(output, WL_OUTPUT_MODE_CURRENT, kFakeMode.width, kFakeMode.height,
                        kFakeMode.refresh_mhz);
    wl_output_send_name(output, kFakeOutput);
    wl_output_send_done(output);
  }
  desktop_test::TempDir dir_;
  UniqueFd wake_{::eventfd(0, EFD_CLOEXEC)};
  wl_display* display_ = wl_display_create();
  wl_global* output_ = nullptr;
  wl_event_source* woken_ = nullptr;
  std::jthread thread_;
};

}  // namespace lumen::wlroots
