// lumen/host: how an application of host.toml is run for a client: its command, its environment, its desktop.
// Pure.
#pragma once

#include <string>
#include <vector>

#include "host/config.hpp"
#include "host/session_slot.hpp"
#include "media/mode.hpp"

namespace lumen::host {

// What all slots of a host have in common.
struct SlotSettings {
  std::string session_program, preset, log_level;
  double scale = 1;         // of a virtual display on a person's desktop
  std::string restore_dir;  // where sessions write down what is to be undone
};

// "NAME=value" for the application and for what runs before and after it.
std::vector<std::string> app_environment(const AppEntry& app, const std::string& client_name,
                                         const Mode& mode);
// `runtime_dir`: of this slot alone.
SlotParams app_slot(const AppEntry& app, std::vector<std::string> environment, std::string runtime_dir,
                    const SlotSettings& settings);

// All that clients can start: "Desktop" first, which shows `use` and runs `command` where that is private.
std::vector<AppEntry> all_apps(std::vector<std::string> command, std::string use,
                               const std::vector<AppEntry>& apps);

}  // namespace lumen::host
