#include "host/app_run.hpp"

#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "host/application.hpp"

namespace lumen::host {

std::vector<std::string> app_environment(const AppEntry& app, const std::string& client_name,
                                         const Mode& mode) {
  std::vector<std::string> all{fmt::format("LUMEN_CLIENT_NAME={}", client_name),
                               fmt::format("LUMEN_CLIENT_WIDTH={}", mode.width),
                               fmt::format("LUMEN_CLIENT_HEIGHT={}", mode.height),
                               fmt::format("LUMEN_CLIENT_FPS={}", (mode.refresh_mhz + 500) / 1000),
                               fmt::format("LUMEN_APP={}", app.title)};
  for (const auto& [name, value] : app.environment) all.push_back(fmt::format("{}={}", name, value));
  return all;
}

SlotParams app_slot(const AppEntry& app, std::vector<std::string> environment, std::string runtime_dir,
                    const SlotSettings& settings) {
  auto command = app.command;
  if (!app.working_dir.empty()) command.insert(command.begin(), {"env", "-C", app.working_dir});
  auto marker = link::make_marker(runtime_dir);
  const auto program_dir = std::filesystem::path{settings.session_program}.parent_path().string();
  auto place = resolve_place(app.desktop, std::move(command), program_dir);
  return {.program = settings.session_program,
          .command = std::move(place.command),
          .runtime_dir = std::move(runtime_dir),
          .marker = std::move(marker),
          .environment = std::move(environment),
          .audio = AudioFormat{},
          .preset = settings.preset,
          .log_level = settings.log_level,
          .desktop = {.use = std::move(place.use),
                      .scale = static_cast<float>(settings.scale),
                      .command_is_desktop = app.is_desktop,
                      .restore_dir = settings.restore_dir}};
}

std::vector<AppEntry> all_apps(std::vector<std::string> command, std::string use,
                               const std::vector<AppEntry>& apps) {
  std::vector<AppEntry> entries{{.id = app_id("Desktop"),
                                 .title = "Desktop",
                                 .command = std::move(command),
                                 .desktop = std::move(use),
                                 .is_desktop = true}};
  entries.insert(entries.end(), apps.begin(), apps.end());
  return entries;
}

}  // namespace lumen::host
