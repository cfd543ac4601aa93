#include "worker/idle_inhibitor.hpp"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "desktop/testing/test_session.hpp"

namespace lumen::worker {
namespace {

using desktop_test::eventually;

// A desktop that can be kept awake, on a thread of its own.
class FakeDesktop {
 public:
  FakeDesktop(const std::string& bus, bool gnome) {
    sd_bus* raw = nullptr;
    sd_bus_new(&raw);
    bus_.reset(raw);
    sd_bus_set_address(raw, bus.c_str());
    sd_bus_set_bus_client(raw, 1);
    EXPECT_GE(sd_bus_start(raw), 0);
    static const sd_bus_vtable kFreedesktop[] = {
        SD_BUS_VTABLE_START(0), SD_BUS_METHOD("Inhibit", "ss", "u", on_inhibit, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("UnInhibit", "u", "", on_release, SD_BUS_VTABLE_UNPRIVILEGED), SD_BUS_VTABLE_END};
    static const sd_bus_vtable kGnome[] = {
        SD_BUS_VTABLE_START(0), SD_BUS_METHOD("Inhibit", "susu", "u", on_inhibit, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Uninhibit", "u", "", on_release, SD_BUS_VTABLE_UNPRIVILEGED), SD_BUS_VTABLE_END};
    const char* name = gnome ? "org.gnome.SessionManager" : "org.freedesktop.ScreenSaver";
    const char* path = gnome ? "/org/gnome/SessionManager" : "/org/freedesktop/ScreenSaver";
    EXPECT_GE(sd_bus_add_object_vtable(raw, nullptr, path, name, gnome ? kGnome : kFreedesktop, this), 0);
    EXPECT_GE(sd_bus_request_name(raw, name, 0), 0);
    thread_ = std::thread{[this] {
      while (!stop_) {
        while (sd_bus_process(bus_.get(), nullptr) > 0) {
        }
        sd_bus_wait(bus_.get(), 10'000);
      }
    }};
  }
  ~FakeDesktop() {
    stop_ = true;
    thread_.join();
  }
  FakeDesktop(const FakeDesktop&) = delete;
  FakeDesktop& operator=(const FakeDesktop&) = delete;

  std::atomic<int> inhibited{0};
  std::atomic<std::uint32_t> released{0};

 private:
  static int on_inhibit(sd_bus_message* message, void* self, sd_bus_error*) {
    ++static_cast<FakeDesktop*>(self)->inhibited;
    return sd_bus_reply_method_return(message, "u", 77U);
  }
  static int on_release(sd_bus_message* message, void* self, sd_bus_error*) {
    std::uint32_t cookie = 0;
    sd_bus_message_read(message, "u", &cookie);
    static_cast<FakeDesktop*>(self)->released = cookie;
    return sd_bus_reply_method_return(message, "");
  }
  std::unique_ptr<sd_bus, dbus::Unref> bus_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

class IdleInhibition : public testing::TestWithParam<bool> {
 protected:
  desktop_test::PrivateSession session_{{.pipewire = false}};
};

TEST_P(IdleInhibition, lasts_as_long_as_the_object_does) {
  FakeDesktop desktop{session_.bus_address(), GetParam()};
  auto taken = IdleInhibitor::take(session_.bus_address());
  ASSERT_TRUE(taken) << describe(taken.error());
  EXPECT_EQ(desktop.inhibited, 1);
  EXPECT_EQ(desktop.released, 0U);
  taken->reset();
  EXPECT_TRUE(eventually([&] { return desktop.released == 77U; }));
}

INSTANTIATE_TEST_SUITE_P(Both, IdleInhibition, testing::Bool(),
                         [](const auto& each) { return each.param ? "gnome" : "freedesktop"; });

TEST(IdleInhibitor, says_when_nobody_knows_how) {
  const desktop_test::PrivateSession session{{.pipewire = false}};
  const auto taken = IdleInhibitor::take(session.bus_address());
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().id, "idle.nobody");
  EXPECT_FALSE(IdleInhibitor::take("unix:path=/nonexistent"));
}

}  // namespace
}  // namespace lumen::worker
