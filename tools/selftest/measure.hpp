// lumen/tools/selftest: starts a host and a headless client in a private runtime folder, streams the test
// scene between them, and gathers what both measured.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.hpp"

namespace lumen::selftest {

struct Params {
  std::string program_dir;  // where lumen-host, lumen-session, lumen-client and lumen-test-scene are
  std::string mode = "1280x720@60", application = "test-scene";
  double seconds = 10, loss_percent = 0;
  std::string png_path;
  std::string preset;
  std::uint32_t bitrate_kbps = 0;  // of the encoder; 0: from the mode
  std::vector<std::string>
      network;  // what lumen-relay does between the two; empty: they are connected directly
  std::uint64_t network_seed = 1;
  bool progress = false;
};

// One JSON object as scripts/run --json prints it. An error when no stream came about.
Result<nlohmann::json> measure(const Params& params);

// What is wrong with the figures, for people; empty: every frame was right.
std::string verdict(const nlohmann::json& figures);

// The figures as a table for people.
std::string table(const nlohmann::json& figures, const std::string& wrong);

}  // namespace lumen::selftest
