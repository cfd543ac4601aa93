// lumen/host: runs a program that tries what may crash or hang, a GPU's driver above all, in a process of its
// own and within a time.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"

namespace lumen::host {

struct ProbeRun {
  std::vector<std::string> argv;  // its output is ours
  Duration timeout = std::chrono::seconds{30};
};

// Blocks until it has ended: its exit status. `probe.hung` (and killed), `probe.crashed`, or as link::spawn()
// fails.
Result<int> run_probe(const ProbeRun& run);

}  // namespace lumen::host
