// latency-probe: how long a picture takes from being drawn to being decoded, and a key from being pressed to
// being seen.
#include <poll.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include <CLI/CLI.hpp>

#include "apps/client_options.hpp"
#include "apps/program.hpp"
#include "tools/latency-probe/histogram.hpp"
#include "tools/latency-probe/own_host.hpp"
#include "tools/latency-probe/probe.hpp"
#include "tools/latency-probe/report.hpp"

namespace {

using namespace lumen;         // NOLINT(google-build-using-namespace)
using namespace lumen::probe;  // NOLINT(google-build-using-namespace)

constexpr const char* kFooter =
    R"(Without --connect and --gamestream it starts a host of its own with the test scene.
A host elsewhere must show lumen-test-scene; draw times mean something only where its clock is this machine's.
Examples:
  latency-probe --seconds 60 --svg latency.svg
  latency-probe --side-by-side --runs 5
  latency-probe --gamestream 192.168.1.20 --app "Test scene"    (pair first: lumen-client pair 192.168.1.20))";

struct Options {
  std::string mode = "1280x720@60", connect, gamestream, app, preset, csv, json, svg, log_level = "warning";
  double seconds = 20, keys = 4;
  int runs = 1, connects = 5;
  std::uint64_t seed = 1;
  bool side_by_side = false, window = false;
};

ProbeParams probe_params(const Options& options, const Mode& mode) {
  return {.mode = mode,
          .run_for = apps::to_duration(options.seconds),
          .connects = options.connects,
          .keys_per_second = options.keys,
          .seed = options.seed,
          .window = options.window};
}

class Program {
 public:
  Program(const Options& options, const Mode& mode)
      : options_{options},
        params_{probe_params(options, mode)},
        log_{make_logger("latency-probe", options.log_level)} {}

  Status go() {
    for (int i = 0; i < options_.runs; ++i) {
      LUMEN_CHECK_OK(one_round());
      ++params_.seed;
    }
    return {};
  }
  const std::vector<ProbeRun>& runs() const { return runs_; }

 private:
  Status one_round() {
    if (!options_.connect.empty()) {
      LUMEN_CHECK_OK(check_private_file(options_.connect));
      LUMEN_TRY(const auto text, read_small_file(options_.connect, 4096));
      LUMEN_TRY(auto connect, lumen1::parse_connect_info(text));
      LUMEN_CHECK_OK(add(*create_lumen_subject(std::move(connect)), false));
    } else if (options_.gamestream.empty() || options_.side_by_side) {
      LUMEN_CHECK_OK(own_host());
    }
    if (options_.gamestream.empty()) return {};
    LUMEN_TRY(auto address, client::parse_host_address(options_.gamestream));
    LUMEN_TRY(auto book, client::HostBook::open(client::default_book_folder()));
    return add(*create_game_subject(std::move(address), options_.app, book), false);
  }

  // With side_by_side and no other host, our own speaks GameStream as well.
  Status own_host() {
    std::error_code ignored;
    const auto folder = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
    const bool gamestream = options_.side_by_side && options_.gamestream.empty();
    LUMEN_TRY(const auto host,
              OwnHost::create({.program_dir = folder, .gamestream = gamestream, .preset = options_.preset}));
    LUMEN_TRY(auto connect, host->connect_info());
    LUMEN_CHECK_OK(add(*create_lumen_subject(std::move(connect)), true));
    if (!gamestream) return {};
    LUMEN_TRY(auto* const book, host->paired_book());
    return add(*create_game_subject(host->game_address(), options_.app, *book), true);
  }

  Status add(Subject& subject, bool cold) {
    params_.cold = cold;
    std::cerr << "Measuring " << subject.name() << " for " << options_.seconds << " s …\n";
    LUMEN_TRY(auto run, measure(subject, params_, [this] { return is_stopped(); }, *log_));
    runs_.push_back(std::move(run));
    return {};
  }

  bool is_stopped() const {
    pollfd waiter{signals_.get(), POLLIN, 0};
    return poll(&waiter, 1, 0) == 1;
  }

  const Options& options_;
  UniqueFd signals_ = apps::take_signals({SIGTERM, SIGINT});
  ProbeParams params_;
  std::shared_ptr<Logger> log_;
  std::vector<ProbeRun> runs_;
};

// One series for each name, all its runs together.
Panel panel(const char* title, const char* stage, const std::vector<ProbeRun>& runs) {
  Panel panel{title, "ms", {}};
  for (const auto& run : runs) {
    const auto stages = stages_of(run);
    const auto* found = find_stage(stages, stage);
    if (found == nullptr) continue;
    auto same = std::ranges::find(panel.series, run.name, &Bars::name);
    if (same == panel.series.end()) same = panel.series.insert(same, Bars{run.name, {}});
    same->values.insert(same->values.end(), found->ms.values().begin(), found->ms.values().end());
  }
  return panel;
}

std::string drawing(const std::vector<ProbeRun>& runs) {
  return to_svg({panel("Drawn to decoded", "draw_to_decoded", runs),
                 panel("Drawn to presented", "draw_to_presented", runs),
                 panel("Key to pixel", "key_to_pixel", runs)});
}

Status write(const std::string& path, const std::string& text) {
  if (path.empty()) return {};
  if (path == "-") {
    std::cout << text << std::flush;
    return {};
  }
  std::ofstream file{path, std::ios::binary};
  file << text;
  file.close();
  if (file) return {};
  return fail(ErrorCode::invalid_argument, "file.write", path + " cannot be written", "Choose another path");
}

Status run(const Options& options) {
  LUMEN_TRY(const auto mode, parse_mode(options.mode));
  Program program{options, mode};
  const auto measured = program.go();
  const auto& runs = program.runs();  // what was measured before something failed is worth something
  if (!runs.empty()) {
    if (options.json != "-" && options.csv != "-") std::cout << "\n" << table(runs);
    LUMEN_CHECK_OK(write(options.csv, csv(runs)));
    LUMEN_CHECK_OK(write(options.json, json(runs)));
    LUMEN_CHECK_OK(write(options.svg, drawing(runs)));
  }
  return measured;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Measures a stream from drawn to decoded pixels, and from a key to the pixels that answer it"};
  Options options;
  app.add_option("--mode", options.mode, "WIDTHxHEIGHT@HZ")->capture_default_str();
  app.add_option("--seconds", options.seconds, "of each measurement")
      ->check(CLI::Range(1.0, 86'400.0))
      ->capture_default_str();
  app.add_option("--runs", options.runs, "so many, then medians")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--connects", options.connects, "connections to be timed before each")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  app.add_option("--keys", options.keys, "keys pressed a second; 0: none")
      ->check(CLI::Range(0.0, 10.0))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "of the moments at which they are");
  app.add_option("--connect", options.connect, "connect file of a lumen-host that shows the test scene");
  app.add_option("--gamestream", options.gamestream,
                 "a GameStream host, paired before: ADDRESS or ADDRESS:PORT");
  app.add_option("--app", options.app, "its application that shows the test scene");
  app.add_flag("--side-by-side", options.side_by_side, "lumen/1 and GameStream, one after the other");
  app.add_flag("--window", options.window, "present in a window, and measure that too");
  app.add_option("--preset", options.preset, "libx264 preset of the host that is started");
  app.add_option("--csv", options.csv, "write every value there; - is standard output");
  app.add_option("--json", options.json, "write the figures there; - is standard output");
  app.add_option("--svg", options.svg, "draw histograms there");
  app.add_option("--log-level", options.log_level, "trace, debug, info, warning, error or off")
      ->capture_default_str();
  app.footer(kFooter);
  CLI11_PARSE(app, argc, argv);
  const auto status = run(options);
  return status ? 0 : apps::complain("latency-probe", status.error());
}
