// lumen-test-scene: its command line.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/units.hpp"

namespace lumen::scene {

struct Options {
  std::optional<double> rate_hz;  // none: one frame per frame callback
  bool still = false;             // draw once, then only on input
  bool print_events = false;
  bool help = false;
  std::optional<Duration> exit_after, hang_after;
  int exit_status = 0;  // with exit_after
  std::string app_id = "lumen-test-scene";
};

// Fails with `scene.option`.
Result<Options> parse_options(int argc, char** argv);

std::string_view usage();

}  // namespace lumen::scene
