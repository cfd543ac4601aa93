// lumen-client: its screens, or straight to a host's desktop; with --connect or --headless a desktop of
// lumen-host by its connect file, shown or measured; with a sub-command a client of any GameStream host.
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <iostream>

#include <CLI/CLI.hpp>

#include "apps/client_options.hpp"
#include "apps/game_commands.hpp"
#include "apps/lumen_commands.hpp"
#include "apps/program.hpp"
#include "apps/screen_commands.hpp"
#include "base/runtime_dir.hpp"
#include "client/client.hpp"

namespace {

using lumen::apps::has_display;
using lumen::apps::to_duration;

struct Options {
  std::string connect_path = lumen::runtime_root() + "/connect";
  std::string mode = "1280x720@60", then_mode, png, stats_json, record, statistics = "off",
              log_level = "warning";
  std::string host, app;
  double seconds = 0, loss = 0, then_after = 0;
  std::uint64_t seed = 1;
  bool headless = false, fullscreen = false, check = false, progress = false, microphone = false,
       silent = false, lumen = false, here = false;
};

constexpr std::size_t kMaxConnectFile = 4096;  // bytes

lumen::Result<lumen::client::ClientParams> make_params(const Options& options) {
  LUMEN_CHECK_OK(lumen::check_private_file(options.connect_path));
  LUMEN_TRY(const auto text, lumen::read_small_file(options.connect_path, kMaxConnectFile));
  LUMEN_TRY(auto connect, lumen::lumen1::parse_connect_info(text));
  LUMEN_TRY(const auto mode, lumen::parse_mode(options.mode));
  lumen::client::ClientParams params{.connect = std::move(connect),
                                     .mode = mode,
                                     .headless = options.headless || !has_display(),
                                     .fullscreen = options.fullscreen,
                                     .sound = !options.silent,
                                     .microphone = options.microphone,
                                     .check = options.check,
                                     .loss_percent = options.loss,
                                     .loss_seed = options.seed,
                                     .png_path = options.png,
                                     .record_path = options.record,
                                     .statistics = lumen::apps::statistics_of(options.statistics),
                                     .progress = options.progress};
  if (options.seconds > 0) params.run_for = to_duration(options.seconds);
  if (!options.then_mode.empty()) {
    LUMEN_TRY(params.then_mode, lumen::parse_mode(options.then_mode));
    params.then_after = to_duration(options.then_after);
  }
  return params;
}

int run_connected(const Options& options) {
  const auto log = lumen::make_logger("lumen-client", options.log_level);
  auto params = make_params(options);
  if (!params) {
    if (params.error().id == "file.read") {
      params.error().remedy =
          "Start the host first (lumen-host serve), or name its connect file with --connect";
    }
    return lumen::apps::complain("lumen-client", params.error());
  }
  if (params->headless && !options.headless) log->warn("no display here: streaming without a window");
  const auto signals = lumen::apps::take_signals({SIGTERM, SIGINT});
  const auto outcome = lumen::client::run_client(*params, signals.get(), *log);
  if (options.progress) std::cerr << "\n";
  const auto json = lumen::client::to_json(outcome.report);
  if (!options.stats_json.empty()) {
    if (const auto written = lumen::apps::write_figures(options.stats_json, json); !written)
      return lumen::apps::complain("lumen-client", written.error());
  }
  if (!outcome.status) return lumen::apps::complain("lumen-client", outcome.status.error());
  return 0;
}

int run_plainly(const Options& options) {
  const lumen::apps::PlainStream wanted{.host = options.host,
                                        .app = options.app,
                                        .mode = options.mode,
                                        .png = options.png,
                                        .stats_json = options.stats_json,
                                        .record = options.record,
                                        .statistics = options.statistics,
                                        .log_level = options.log_level,
                                        .seconds = options.seconds,
                                        .loss = options.loss,
                                        .seed = options.seed,
                                        .headless = options.headless || !has_display(),
                                        .fullscreen = options.fullscreen,
                                        .check = options.check,
                                        .progress = options.progress,
                                        .silent = options.silent,
                                        .microphone = options.microphone};
  const auto choice =
      options.lumen ? lumen::apps::ProtocolChoice::lumen1 : lumen::apps::ProtocolChoice::automatic;
  const auto status = lumen::apps::stream_lumen(wanted, choice);
  return status ? *status : lumen::apps::stream_plainly(wanted);
}

// Options that say what to do with one stream leave no room for screens.
constexpr std::array kMeasuring{"--headless", "--seconds", "--check",     "--png",  "--stats-json",
                                "--progress", "--loss",    "--then-mode", "--seed", "--then-after"};

int run(const CLI::App& app, const Options& options) {
  const auto is_given = [&](const char* name) { return app.count(name) > 0; };
  const bool measures = std::ranges::any_of(kMeasuring, is_given) || !has_display();
  if (options.here || is_given("--connect")) return run_connected(options);
  if (options.host.empty() && (measures || is_given("--mode"))) return run_connected(options);
  if (measures) return run_plainly(options);
  lumen::apps::ScreenOptions screens{.host = options.host,
                                     .app = options.app,
                                     .record = options.record,
                                     .fullscreen = std::nullopt,
                                     .log_level = options.log_level};
  if (is_given("--mode")) screens.mode = options.mode;
  if (is_given("--statistics")) screens.statistics = options.statistics;
  if (is_given("--fullscreen")) screens.fullscreen = options.fullscreen;
  return lumen::apps::run_screens(screens);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Lumen client: shows a desktop of lumen-host"};
  Options options;
  app.add_option("host", options.host,
                 "name or address of a computer: shows its desktop, pairs first if needed");
  app.add_option("--app", options.app, "what to show of that host; default: what runs, else the desktop");
  app.add_flag("--here", options.here, "the desktop that lumen-host serves on this machine, without pairing");
  app.add_option("--connect", options.connect_path, "connect file that lumen-host of this machine wrote")
      ->capture_default_str();
  app.add_option("--mode", options.mode, "the display you want, WIDTHxHEIGHT@HZ")->capture_default_str();
  app.add_flag("--headless", options.headless, "no window");
  app.add_flag("--fullscreen,!--window", options.fullscreen,
               "full screen (Ctrl+Alt+F toggles, Ctrl+Alt+Q leaves)");
  app.add_flag("--lumen", options.lumen, "speak lumen/1, also at a port that is not its usual one");
  app.add_flag("--silent", options.silent, "do not play the sound");
  app.add_flag("--microphone", options.microphone,
               "let programs over there record from this machine's microphone");
  app.add_option("--seconds", options.seconds, "stop after so many seconds of streaming")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--then-mode", options.then_mode, "change to this mode while streaming");
  app.add_option("--then-after", options.then_after, "seconds before --then-mode")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--loss", options.loss, "drop so many percent of the datagrams that arrive")
      ->check(CLI::Range(0.0, 100.0));
  app.add_option("--seed", options.seed, "seed of --loss");
  app.add_flag("--check", options.check, "verify every frame of the test scene");
  app.add_flag("--progress", options.progress, "a line a second");
  app.add_option("--png", options.png, "write the last picture there");
  app.add_option("--stats-json", options.stats_json, "write the figures there; - is standard output");
  app.add_option("--record", options.record, "write the received access units there, as players read them");
  app.add_option("--statistics", options.statistics, "figures over the picture: off, compact or full")
      ->check(CLI::IsMember({"off", "compact", "full"}))
      ->capture_default_str();
  app.add_option("--log-level", options.log_level, "trace, debug, info, warning, error or off")
      ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}))
      ->capture_default_str();
  const lumen::apps::GameCommands game{app};
  const lumen::apps::DoctorCommand doctor{app};
  CLI11_PARSE(app, argc, argv);
  if (const auto status = game.run()) return *status;
  if (const auto status = doctor.run()) return *status;
  return run(app, options);
}
