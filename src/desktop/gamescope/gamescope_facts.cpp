#include "desktop/gamescope/gamescope_facts.hpp"

#include <unistd.h>

#include <sstream>

#include <fmt/format.h>

namespace lumen::gamescope {
namespace {

Status examine(const std::string& program) {
  if (program.empty()) {
    return fail(ErrorCode::unavailable, "gamescope.absent", "gamescope is not installed",
                "Install it: apt-get install gamescope");
  }
  const auto get = gpu::vulkan::load_loader();
  if (!get) return examine_devices(tl::unexpected{get.error()});
  return examine_devices(gpu::vulkan::list_devices(*get));
}

}  // namespace

std::string find_gamescope(const std::string& path) {
  std::istringstream folders{path + ":/usr/games"};
  for (std::string folder; std::getline(folders, folder, ':');) {
    auto program = folder + "/gamescope";
    if (access(program.c_str(), X_OK) == 0) return program;
  }
  return {};
}

Status examine_devices(const Result<std::vector<gpu::vulkan::DeviceFacts>>& devices) {
  if (!devices || devices->empty()) {
    return fail(ErrorCode::unavailable, "gamescope.no-vulkan",
                devices ? "Vulkan names no GPU here" : devices.error().what,
                "Install the GPU's Vulkan driver (Mesa: mesa-vulkan-drivers)");
  }
  std::string names;
  for (const auto& device : *devices) {
    if (device.has_render_node && device.exports_dmabufs) return {};
    names += (names.empty() ? "" : ", ") + device.name;
  }
  return fail(
      ErrorCode::unsupported, "gamescope.no-gpu",
      fmt::format("gamescope wants a GPU with a render node and dmabufs, which this is not: {}", names),
      "Use a private desktop here");
}

DesktopProbe probe_gamescope(const std::string& path) {
  DesktopProbe probe{.backend = "gamescope",
                     .name = "a private desktop with the application in gamescope",
                     .refusal = std::nullopt,
                     .abilities = {.touch = true, .sub_pixel = false, .pointer_apart = false}};
  if (const auto examined = examine(find_gamescope(path)); !examined) probe.refusal = examined.error();
  return probe;
}

}  // namespace lumen::gamescope
