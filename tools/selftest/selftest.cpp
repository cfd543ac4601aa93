// lumen-selftest: streams a desktop on this very machine and says whether every frame was right.
#include <filesystem>
#include <iostream>

#include <CLI/CLI.hpp>

#include "apps/program.hpp"
#include "base/runtime_dir.hpp"
#include "media/mode.hpp"
#include "tools/selftest/measure.hpp"

int main(int argc, char** argv) {
  CLI::App app{"Lumen self-test: streams a desktop on this machine and checks every frame"};
  lumen::selftest::Params params;
  std::string json_path;
  bool as_json = false;
  app.add_option("--mode", params.mode, "WIDTHxHEIGHT@HZ")->capture_default_str();
  app.add_option("--seconds", params.seconds, "how long to stream")
      ->check(CLI::Range(1.0, 86'400.0))
      ->capture_default_str();
  app.add_option("--loss", params.loss_percent, "percent of the datagrams to drop")
      ->check(CLI::Range(0.0, 100.0));
  app.add_option("--network", params.network,
                 "what lumen-relay does between host and client, see its --help; list");
  app.add_option("--network-seed", params.network_seed, "of what is random in it");
  app.add_option("--app", params.application, "what runs on the desktop; only test-scene can be checked")
      ->capture_default_str();
  app.add_option("--bitrate", params.bitrate_kbps, "kbit/s of the encoder; 0: from the mode");
  app.add_option("--preset", params.preset, "libx264 preset");
  app.add_option("--png", params.png_path, "write the last decoded picture there");
  app.add_option("--write-json", json_path, "write the figures there");
  app.add_flag("--json", as_json, "print the figures as one JSON object instead of the table");
  CLI11_PARSE(app, argc, argv);

  const auto mode = lumen::parse_mode(params.mode);
  if (!mode) return lumen::apps::complain("lumen-selftest", mode.error());
  params.mode = lumen::to_string(*mode);
  params.progress = !as_json;
  std::error_code ignored;
  params.program_dir = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  if (!as_json) std::cerr << "Streaming " << params.mode << " for " << params.seconds << " s …\n";
  const auto figures = lumen::selftest::measure(params);
  if (!figures) return lumen::apps::complain("lumen-selftest", figures.error());
  const auto text = figures->dump(2) + "\n";
  if (!json_path.empty()) {
    if (const auto written = lumen::write_private_file(json_path, text); !written) {
      return lumen::apps::complain("lumen-selftest", written.error());
    }
  }
  const auto wrong = lumen::selftest::verdict(*figures);
  std::cout << (as_json ? text : lumen::selftest::table(*figures, wrong));
  if (wrong.empty()) return 0;
  if (as_json) std::cerr << "lumen-selftest: " << wrong << "\n";
  return 3;
}
