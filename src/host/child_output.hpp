// lumen/host: what a program prints, for commands that a person waits for. Blocks; not for a running host.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"

namespace lumen::host {

// Standard output and error of `argv`, 256 KiB at most. `child.slow` when it does not end in time (then it is
// killed), `child.failed` when it ends with another status than 0, and as link::spawn() fails.
Result<std::string> output_of(const std::vector<std::string>& argv, Duration limit);

}  // namespace lumen::host
