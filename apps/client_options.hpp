// lumen/apps: what the options of both kinds of lumen-client have in common.
#pragma once

#include <cstdlib>
#include <iostream>
#include <string>

#include "base/result.hpp"
#include "base/runtime_dir.hpp"
#include "base/units.hpp"
#include "client/shell/settings.hpp"

namespace lumen::apps {

inline bool has_display() {
  // NOLINTBEGIN(concurrency-mt-unsafe): before any thread
  return std::getenv("DISPLAY") != nullptr || std::getenv("WAYLAND_DISPLAY") != nullptr;
  // NOLINTEND(concurrency-mt-unsafe)
}

inline Duration to_duration(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>{seconds});
}

inline client::OverlayLevel statistics_of(const std::string& name) {
  if (name == "compact") return client::OverlayLevel::compact;
  return name == "full" ? client::OverlayLevel::full : client::OverlayLevel::off;
}

// To the file, or to standard output when it is "-".
inline Status write_figures(const std::string& path, const std::string& json) {
  if (path != "-") return write_private_file(path, json);
  std::cout << json << std::flush;
  return {};
}

// `lumen-client HOST` without screens, to measure or where there is no display: pairs by text in the terminal
// if it has to, then streams.
struct PlainStream {
  std::string host, app, mode, png, stats_json, record, statistics, log_level;
  double seconds = 0, loss = 0;
  std::uint64_t seed = 1;
  bool headless = false, fullscreen = false, check = false, progress = false, silent = false,
       microphone = false;
};

}  // namespace lumen::apps
