// lumen/desktop/gamescope: whether gamescope would start here, for lists of what a machine can show. The
// session itself is a private desktop with lumen-gamescope in it (apps/lumen-gamescope).
#pragma once

#include <string>

#include "gpu/vulkan/device.hpp"
#include "interface/desktop.hpp"

namespace lumen::gamescope {

// The program, by `path` (folders with colons between them) or in Debian's /usr/games. Empty: it is not
// there.
std::string find_gamescope(const std::string& path);

// Whether one of the machine's GPUs will do for a gamescope nested in the session's compositor:
// `gamescope.no-vulkan`, `gamescope.no-gpu`, or why the loader names none. Changes nothing.
Status examine_devices(const Result<std::vector<gpu::vulkan::DeviceFacts>>& devices);

// As interface/desktop.hpp says of a probe; also `gamescope.absent`. Loads the drivers of this machine's
// GPUs, which may take some 100 ms.
DesktopProbe probe_gamescope(const std::string& path);

}  // namespace lumen::gamescope
