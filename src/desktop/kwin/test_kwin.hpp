// Tests only: a real KWin on a virtual framebuffer (kwin_wayland --virtual), on a bus and in a folder of its
// own.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "desktop/testing/test_process.hpp"
#include "desktop/testing/test_stage.hpp"
#include "interface/desktop.hpp"

namespace lumen::kwin {

using namespace desktop_test;  // NOLINT(google-build-using-namespace): tests only

struct TestKWinOptions {
  bool opengl = true;
  bool all_permitted = true;       // to every program; else as .desktop files say
  std::vector<std::string> files;  // .desktop files by their text, installed before KWin starts
};

class TestKWin {
 public:
  explicit TestKWin(const TestKWinOptions& options = {}) {
    const auto bus = "unix:path=" + dir_.path() + "/bus";
    place_ = {.runtime_dir = dir_.path(),
              .wayland_socket = dir_.path() + "/wayland-k",
              .ipc_socket = {},
              .session_bus = bus,
              .pipewire_socket = dir_.path() + "/pipewire-0",
              .current_desktop = "KDE"};
    std::filesystem::create_directories(dir_.path() + "/applications");
    for (const auto& text : options.files) {
      std::ofstream{dir_.path() + "/applications/test-" + std::to_string(++files_) + ".desktop"} << text;
    }
    // The file itself may not run in a container: it wants to raise its priority. A copy does not.
    const auto program = dir_.path() + "/kwin_wayland";
    std::filesystem::copy_file("/usr/bin/kwin_wayland", program);
    const auto environment = environment_of(options);
    bus_ = std::make_unique<TestProcess>(TestProcess::Params{
        .argv = {"dbus-daemon", "--session", "--nofork", "--nopidfile", "--address=" + bus},
        .environment = environment,
        .log_path = dir_.path() + "/bus.log"});
    EXPECT_TRUE(eventually([&] { return std::filesystem::is_socket(dir_.path() + "/bus"); })) << bus_->log();
    kwin_ = std::make_unique<TestProcess>(TestProcess::Params{
        .argv = {program, "--virtual", "--width", "1280", "--height", "720", "--no-lockscreen",
                 "--no-global-shortcuts", "--no-kactivities", "--socket", "wayland-k"},
        .environment = environment,
        .log_path = dir_.path() + "/kwin.log"});
    EXPECT_TRUE(eventually([&] { return std::filesystem::is_socket(place_.wayland_socket); })) << log();
  }

  const DesktopPlace& place() const { return place_; }
  std::string log() const { return kwin_->log(); }
  bool runs() { return kwin_->runs(); }
  TestProcess& process() { return *kwin_; }

 private:
  std::vector<std::string> environment_of(const TestKWinOptions& options) const {
    std::vector<std::string> environment{
        "XDG_RUNTIME_DIR=" + dir_.path(), "HOME=" + dir_.path(),
        "XDG_DATA_HOME=" + dir_.path(),   "DBUS_SESSION_BUS_ADDRESS=" + place_.session_bus,
        "XDG_CURRENT_DESKTOP=KDE",        "LANG=C.UTF-8",
        "LIBGL_ALWAYS_SOFTWARE=1",        std::string{"KWIN_COMPOSE="} + (options.opengl ? "O2" : "Q")};
    if (options.all_permitted) environment.emplace_back("KWIN_WAYLAND_NO_PERMISSION_CHECKS=1");
    return environment;
  }

  TempDir dir_;
  DesktopPlace place_;
  int files_ = 0;
  std::unique_ptr<TestProcess> bus_, kwin_;
};

}  // namespace lumen::kwin
