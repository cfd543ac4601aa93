// tools/latency-probe: measurements as text for people, CSV and JSON. Pure.
#pragma once

#include <string>
#include <vector>

#include "tools/latency-probe/samples.hpp"

namespace lumen::probe {

// One table a run, all stages; behind them, when there are several runs of a name, the medians of their
// figures.
std::string table(const std::vector<ProbeRun>& runs);
// One value a line: run,name,stage,index,ms.
std::string csv(const std::vector<ProbeRun>& runs);
// {"runs": [{…, "stages_ms": {ID: {"count", "p50", "p95", "p99", "p999", "max", "mean"}}}], "medians": {NAME:
// {ID: {…}}}}
std::string json(const std::vector<ProbeRun>& runs);

}  // namespace lumen::probe
