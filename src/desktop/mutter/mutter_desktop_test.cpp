// Against the real Mutter and the real GNOME Shell, headless.
#include "desktop/mutter/mutter_desktop.hpp"

#include <filesystem>

#include "contract/desktop_contract.hpp"
#include "desktop/dbus/connection.hpp"
#include "desktop/testing/test_session.hpp"

namespace lumen::contract {
namespace {

using namespace std::chrono_literals;
using desktop_test::PrivateSession;

constexpr auto kDisplay = "wayland-mutter";

class MutterRig final : public DesktopRig {
 public:
  explicit MutterRig(std::string program) : program_{std::move(program)} { restart_compositor(); }

  Result<std::unique_ptr<Desktop>> create(const DesktopParams& wanted, const DesktopEvents& events,
                                          EventLoop& loop, Logger& log) override {
    auto params = wanted;
    params.place = place();
    return mutter::create_mutter_desktop(params, events, loop, log);
  }
  std::string client_socket() override { return session_.runtime_dir() + "/" + kDisplay; }
  // Its monitors, as it tells them.
  std::string snapshot() override {
    auto bus = dbus::Connection::open(session_.bus_address(), SteadyTime{}.now() + 5s);
    if (!bus) return "no bus";
    const auto reply = (*bus)->call({"org.gnome.Mutter.DisplayConfig", "/org/gnome/Mutter/DisplayConfig",
                                     "org.gnome.Mutter.DisplayConfig", "GetCurrentState"},
                                    SteadyTime{}.now() + 5s, "");
    if (!reply) return describe(reply.error());
    std::uint32_t serial = 0;
    sd_bus_message_read(reply->get(), "u", &serial);
    std::string names;
    sd_bus_message_enter_container(reply->get(), 'a', "((ssss)a(siiddada{sv})a{sv})");
    while (sd_bus_message_enter_container(reply->get(), 'r', "(ssss)a(siiddada{sv})a{sv}") > 0) {
      const char* connector = nullptr;
      sd_bus_message_enter_container(reply->get(), 'r', "ssss");
      sd_bus_message_read(reply->get(), "s", &connector);
      names += std::string{connector} + " ";
      sd_bus_message_skip(reply->get(), "sss");
      sd_bus_message_exit_container(reply->get());
      sd_bus_message_skip(reply->get(), "a(siiddada{sv})a{sv}");
      sd_bus_message_exit_container(reply->get());
    }
    return names;
  }
  void kill_compositor() override { compositor_->end(); }
  void restart_compositor() override {
    std::filesystem::remove(client_socket());
    std::filesystem::remove(client_socket() + ".lock");
    compositor_ =
        session_.start({program_, "--headless", "--wayland", "--no-x11", "--wayland-display", kDisplay},
                       {"XDG_CURRENT_DESKTOP=GNOME", "XDG_SESSION_TYPE=wayland"});
    // The bus is asked, as the socket is there before anything else.
    const bool up = desktop_test::eventually(
        [&] { return !mutter::probe_mutter(place()).refusal && is_shown(); }, std::chrono::seconds{20});
    if (!up) ADD_FAILURE() << program_ << " did not start: " << compositor_->log();
  }
  DesktopPlace place() const {
    return {.runtime_dir = session_.runtime_dir(),
            .wayland_socket = session_.runtime_dir() + "/" + kDisplay,
            .session_bus = session_.bus_address(),
            .pipewire_socket = session_.pipewire_socket()};
  }
  PrivateSession& session() { return session_; }

 private:
  bool is_shown() { return desktop_test::socket_answers(client_socket()); }

  const std::string program_;
  PrivateSession session_;
  std::unique_ptr<desktop_test::TestProcess> compositor_;
};

DesktopCase mutter_case() {
  return {.name = "mutter", .make_rig = [] { return std::make_unique<MutterRig>("mutter"); }};
}

DesktopCase shell_case() {
  return {.name = "shell", .make_rig = [] { return std::make_unique<MutterRig>("gnome-shell"); }};
}

INSTANTIATE_TEST_SUITE_P(Mutter, DesktopContract, testing::Values(mutter_case(), shell_case()),
                         desktop_case_name);
INSTANTIATE_TEST_SUITE_P(Mutter, DesktopLossContract, testing::Values(mutter_case()), desktop_case_name);
INSTANTIATE_TEST_SUITE_P(Mutter, DesktopPairContract, testing::Values(mutter_case()), desktop_case_name);

}  // namespace
}  // namespace lumen::contract
