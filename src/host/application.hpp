// lumen/host: what runs on a session's desktop, from what the person wrote.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace lumen::host {

struct Application {
  std::string name;  // for people
  std::vector<std::string> command;
};

// "test-scene": our own program beside lumen-host. "plasma": KWin with the whole Plasma where it is
// installed, by lumen-plasma beside lumen-host. "desktop": the first of what this machine has: Plasma, a
// nested weston (panel, terminal, windows), foot (a terminal), xterm. Anything else: a command line, split at
// blanks as a shell would with quotes, nothing expanded. `app.not-found` and `app.no-plasma` name what to
// install.
Result<Application> resolve_application(const std::string& text, const std::string& program_dir);

// The desktop that a session is to show where a person said `use`, and the command that it runs there then.
struct Place {
  std::string use;
  std::vector<std::string> command;
};
// "gamescope" is a private desktop with the command inside gamescope, by lumen-gamescope in `program_dir`;
// all else is itself.
Place resolve_place(std::string use, std::vector<std::string> command, const std::string& program_dir);

// Splits at blanks; "double" and 'single' quotes keep blanks together. `app.quotes` when one stays open.
Result<std::vector<std::string>> split_command(const std::string& text);

}  // namespace lumen::host
