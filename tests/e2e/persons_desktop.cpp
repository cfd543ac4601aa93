#include "tests/e2e/persons_desktop.hpp"

#include <filesystem>

#include <gtest/gtest.h>

#include "desktop/dbus/connection.hpp"

namespace lumen::e2e {
namespace {

using namespace std::chrono_literals;

constexpr const char* kDisplay = "wayland-9";

}  // namespace

PersonsDesktop::PersonsDesktop(const Place& place) : session_{{.pipewire = true, .folder = place.path()}} {
  start_compositor();
}

void PersonsDesktop::start_compositor() {
  const auto socket = session_.runtime_dir() + "/" + kDisplay;
  std::filesystem::remove(socket);
  std::filesystem::remove(socket + ".lock");
  compositor_ =
      session_.start({"mutter", "--headless", "--wayland", "--no-x11", "--wayland-display", kDisplay},
                     {"XDG_CURRENT_DESKTOP=GNOME", "XDG_SESSION_TYPE=wayland"});
  EXPECT_TRUE(eventually([&] { return desktop_test::socket_answers(socket) && monitors() != "?"; }, 20s))
      << compositor_->log();
}

void PersonsDesktop::start_scene() {
  scene_ =
      session_.start({LUMEN_PROGRAM_DIR "/lumen-test-scene"}, {std::string{"WAYLAND_DISPLAY="} + kDisplay});
}

std::string PersonsDesktop::monitors() const {
  const auto deadline = SteadyTime{}.now() + 2s;
  auto bus = dbus::Connection::open(session_.bus_address(), deadline);
  if (!bus) return "?";
  const std::string name = "org.gnome.Mutter.DisplayConfig", path = "/org/gnome/Mutter/DisplayConfig";
  const auto state =
      (*bus)->call({name, path, "org.gnome.Mutter.DisplayConfig", "GetCurrentState"}, deadline, "");
  if (!state) return "?";
  auto* message = state->get();
  sd_bus_message_skip(message, "u");
  std::string names;
  sd_bus_message_enter_container(message, 'a', "((ssss)a(siiddada{sv})a{sv})");
  while (sd_bus_message_enter_container(message, 'r', "(ssss)a(siiddada{sv})a{sv}") > 0) {
    const char* connector = "";
    sd_bus_message_enter_container(message, 'r', "ssss");
    sd_bus_message_read(message, "s", &connector);
    names += std::string{connector} + " ";
    sd_bus_message_skip(message, "sss");
    sd_bus_message_exit_container(message);
    sd_bus_message_skip(message, "a(siiddada{sv})a{sv}");
    sd_bus_message_exit_container(message);
  }
  return names;
}

}  // namespace lumen::e2e
