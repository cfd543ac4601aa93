#include "desktop/testing/test_sway.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

namespace lumen::desktop_test {
namespace {

constexpr uid_t kNobody = 65'534;

// The name of a Wayland socket is its compositor's choice.
std::string find_wayland_socket(const std::string& folder) {
  for (const auto& entry : std::filesystem::directory_iterator{folder}) {
    const auto name = entry.path().filename().string();
    if (name.starts_with("wayland-") && entry.is_socket()) return entry.path();
  }
  return {};
}

}  // namespace

uid_t unprivileged_user() { return ::getuid() == 0 ? kNobody : 0; }

void give_to_unprivileged_user(const std::string& folder) {
  const auto user = unprivileged_user();
  if (user == 0) return;
  if (::chown(folder.c_str(), user, user) != 0 || ::chmod(folder.c_str(), 0700) != 0) {
    std::perror("chown");
  }
}

std::unique_ptr<SwayProcess> SwayProcess::start(const SwayOptions& options) {
  std::unique_ptr<SwayProcess> sway{new SwayProcess};
  const auto& folder = sway->dir_.path();
  const auto config = folder + "/config", log = folder + "/log";
  std::ofstream lines{config};
  lines << "default_border none\nswaybg_command -\nxwayland disable\n";
  for (const auto& line : options.config) lines << line << '\n';
  lines.close();
  std::ofstream{log}.close();
  ::chmod(log.c_str(), 0666);
  give_to_unprivileged_user(folder);
  sway->place_.runtime_dir = folder;
  sway->place_.ipc_socket = folder + "/sway.sock";
  sway->place_.current_desktop = "sway";
  sway->process_ = std::make_unique<TestProcess>(TestProcess::Params{
      .argv = {"sway", "-c", config},
      .environment = {"XDG_RUNTIME_DIR=" + folder, "HOME=" + folder, "SWAYSOCK=" + sway->place_.ipc_socket,
                      "WLR_BACKENDS=headless", "WLR_LIBINPUT_NO_DEVICES=1", "WLR_RENDERER=pixman",
                      fmt::format("WLR_HEADLESS_OUTPUTS={}", options.outputs)},
      .log_path = log,
      .run_as = unprivileged_user()});
  const bool up = eventually([&] {
    sway->place_.wayland_socket = find_wayland_socket(folder);
    return !sway->place_.wayland_socket.empty() && std::filesystem::exists(sway->place_.ipc_socket);
  });
  if (up) return sway;
  std::fputs(sway->log().c_str(), stderr);
  return nullptr;
}

}  // namespace lumen::desktop_test
