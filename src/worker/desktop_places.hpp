// lumen/worker: where this user's desktops listen, from the environment and the runtime folder. A host that
// was started by the system rather than from a desktop has little in its environment.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "interface/desktop.hpp"

namespace lumen::worker {

// Reads one variable; empty: not set.
using Environment = std::function<std::string(const char* name)>;
Environment process_environment();

// One place for each Wayland socket that somebody listens on, that of the environment first; one without a
// Wayland socket when there is only a bus. At most eight. Nothing is asked of anybody but whether he listens.
std::vector<DesktopPlace> find_places(const Environment& environment);

}  // namespace lumen::worker
