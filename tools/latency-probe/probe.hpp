// tools/latency-probe: one measurement of one subject: connects some times, then watches the scene and
// presses keys at moments that have nothing to do with its frames.
#pragma once

#include <string>

#include "tools/latency-probe/subject.hpp"

namespace lumen::probe {

struct ProbeParams {
  Mode mode{1280, 720, 60'000};
  Duration run_for = std::chrono::seconds{20}, warm_up = std::chrono::seconds{1};
  int connects = 5;            // measured before the stream; 0: none
  bool cold = false;           // nothing runs at the host before the first one
  double keys_per_second = 4;  // 0: none
  std::uint64_t seed = 1;
  bool window = false;  // present in a window, and measure that; on the main thread
};

// Fails with what the subject says, with `probe.no-frame` when no frame of the scene comes within 30 s, and
// with `probe.stopped` when `is_stopped` says so.
Result<ProbeRun> measure(Subject& subject, const ProbeParams& params, const std::function<bool()>& is_stopped,
                         Logger& log);

}  // namespace lumen::probe
