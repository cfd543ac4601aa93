#include "tools/selftest/measure.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/runtime_dir.hpp"
#include "host/host.hpp"
#include "tools/selftest/bad_network.hpp"
#include "tools/selftest/running.hpp"

namespace lumen::selftest {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr Duration kClientGrace = 40s, kSampleInterval = 250ms, kSettle = 1s;
constexpr double kMaxFreezeMs = 1000;
constexpr double kMinDelivered = 0.99;  // share of the frames drawn that must arrive right

Timestamp now() { return SteadyTime{}.now(); }

// CPU and memory of host and session between the first sample after settling and the last one.
class UsageSampler {
 public:
  void sample(const json& status) {
    const auto& session = status["sessions"][0];
    if (!session.contains("picture") || session["picture"]["frames_encoded"] == 0) return;
    if (started_ == Timestamp{}) started_ = now();
    last_status_ = status;
    peak_host_ = std::max<std::uint64_t>(peak_host_, status["rss_bytes"]);
    peak_session_ = std::max<std::uint64_t>(peak_session_, session["picture"]["rss_bytes"]);
    if (now() - started_ < kSettle) return;
    const Point point{status["sampled_ns"], status["cpu_us"], session["picture"]["cpu_us"],
                      session["picture"]["encoder_cpu_us"], session["picture"]["convert_cpu_us"]};
    if (!first_) first_ = point;
    if (point.session_us >= first_->session_us) last_ = point;  // a restarted session counts from zero
  }

  void report(json& figures) const {
    if (last_status_.is_null()) return;
    const auto& session = last_status_["sessions"][0];
    figures["host_rss_bytes"] = peak_host_;
    figures["session_rss_bytes"] = peak_session_;
    figures["session_restarts"] = session["restarts"];
    figures["frames_overwritten"] = session["picture"]["frames_overwritten"];
    figures["host_send"] = session["send"];
    figures["host_client"] = session["client"];
    const auto parity = session["send"]["parity_shards"].get<double>();
    const auto data = session["send"]["data_shards"].get<double>();
    figures["parity_percent"] = data > 0 ? 100.0 * parity / data : 0.0;
    if (!first_ || last_->at_ns <= first_->at_ns) return;
    const double wall_us = static_cast<double>(last_->at_ns - first_->at_ns) / 1000.0;
    const auto percent = [wall_us](std::int64_t from, std::int64_t to) {
      return 100.0 * static_cast<double>(to - from) / wall_us;
    };
    const double encoder = percent(first_->encoder_us, last_->encoder_us);
    const double all = percent(first_->host_us + first_->session_us, last_->host_us + last_->session_us);
    figures["encoder_cpu_percent"] = encoder;
    figures["host_cpu_percent"] = all - encoder;
    figures["total_cpu_percent"] = all;
    figures["convert_cpu_percent"] = percent(first_->convert_us, last_->convert_us);
  }

 private:
  struct Point {
    std::int64_t at_ns, host_us, session_us, encoder_us, convert_us;
  };
  Timestamp started_{};
  std::optional<Point> first_, last_;
  json last_status_;
  std::uint64_t peak_host_ = 0, peak_session_ = 0;
};

Result<link::Child> start_host(const Params& params, const std::string& runtime) {
  link::SpawnParams spawn{.argv = {params.program_dir + "/lumen-host", "serve", "--app", params.application,
                                   "--port", "0", "--no-gamestream", "--no-lumen", "--log-level", "warning"},
                          .environment = {"XDG_RUNTIME_DIR=" + runtime}};
  if (!params.preset.empty()) spawn.argv.insert(spawn.argv.end(), {"--preset", params.preset});
  if (params.bitrate_kbps != 0)
    spawn.argv.insert(spawn.argv.end(), {"--bitrate-kbps", fmt::format("{}", params.bitrate_kbps)});
  return link::spawn(spawn);
}

Result<link::Child> start_client(const Params& params, const std::string& runtime, const std::string& connect,
                                 const std::string& stats) {
  link::SpawnParams spawn{.argv = {params.program_dir + "/lumen-client", "--headless", "--connect", connect,
                                   "--mode", params.mode, "--seconds", fmt::format("{}", params.seconds),
                                   "--loss", fmt::format("{}", params.loss_percent), "--stats-json", stats},
                          .environment = {"XDG_RUNTIME_DIR=" + runtime}};
  if (params.application == "test-scene") spawn.argv.emplace_back("--check");
  if (params.progress) spawn.argv.emplace_back("--progress");
  if (!params.png_path.empty()) spawn.argv.insert(spawn.argv.end(), {"--png", params.png_path});
  return link::spawn(spawn);
}

// Until the client has ended as it should.
Status watch_client(Running& client, const Params& params, const std::string& control, UsageSampler& usage) {
  const auto deadline = now() + kClientGrace +
                        std::chrono::duration_cast<Duration>(std::chrono::duration<double>{params.seconds});
  std::optional<std::string> how;
  while (!(how = client.wait(kSampleInterval)) && now() < deadline) {
    if (const auto status = status_of(control)) usage.sample(*status);
  }
  if (!how) return fail(ErrorCode::timed_out, "selftest.client", "lumen-client did not come to an end");
  if (*how == "exited with status 0") return {};
  return fail(ErrorCode::unavailable, "selftest.client", fmt::format("lumen-client {}", *how),
              "Its own message above says why");
}

}  // namespace

Result<json> measure(const Params& params) {
  LUMEN_TRY(const auto folder, TemporaryDir::create());
  const auto& runtime = folder.path();
  const auto control = host::Host::control_path(runtime + "/lumen");
  const auto stats_path = runtime + "/client.json";
  LUMEN_TRY(auto host_child, start_host(params, runtime));
  Running host{std::move(host_child)};
  LUMEN_CHECK_OK(wait_for_host(host, control));
  auto connect_file = host::Host::connect_file(runtime + "/lumen", 0);
  std::unique_ptr<BadNetwork> network;
  if (!params.network.empty()) {
    LUMEN_TRY(network, BadNetwork::create({.program_dir = params.program_dir,
                                           .folder = runtime,
                                           .connect_file = connect_file,
                                           .statements = params.network,
                                           .seed = params.network_seed}));
    connect_file = network->connect_file();
  }
  LUMEN_TRY(auto client_child, start_client(params, runtime, connect_file, stats_path));
  Running client{std::move(client_child)};

  UsageSampler usage;
  LUMEN_CHECK_OK(watch_client(client, params, control, usage));
  LUMEN_TRY(const auto text, read_small_file(stats_path, 1U << 20U));
  auto figures = json::parse(text, nullptr, false);
  if (figures.is_discarded())
    return fail(ErrorCode::internal, "selftest.stats", "the client's figures are damaged");
  figures["asked_mode"] = params.mode;
  figures["application"] = params.application;
  figures["loss_percent"] = params.loss_percent;
  figures["png"] = params.png_path;
  usage.report(figures);
  if (network) {
    LUMEN_TRY(figures["network"], network->finish());
  }
  return figures;
}

std::string verdict(const json& figures) {
  if (figures["application"] != "test-scene") return {};
  const auto count = [&figures](const char* name) { return figures[name].get<std::uint64_t>(); };
  const auto drawn = count("frames_drawn");
  if (drawn == 0) return "no frame of the test scene was recognised";
  for (const auto* bad :
       {"frames_unreadable", "frames_wrong_color", "frames_wrong_size", "frames_out_of_order"}) {
    if (count(bad) > 0) return fmt::format("{}: {}", bad, count(bad));
  }
  if (figures["ms_since_last_frame"] > kMaxFreezeMs || figures["longest_freeze_ms"] > kMaxFreezeMs) {
    return "the picture stood still for more than a second";
  }
  if (figures.value("session_restarts", 0) > 0) return "the session process had to be restarted";
  if (figures["mode"] != figures["asked_mode"]) {
    return fmt::format("the display is {} instead of {}", figures["mode"].get<std::string>(),
                       figures["asked_mode"].get<std::string>());
  }
  const auto share = static_cast<double>(count("frames_correct")) / static_cast<double>(drawn);
  if (share < kMinDelivered) {
    return fmt::format("only {:.2f} % of the {} frames drawn arrived", 100.0 * share, drawn);
  }
  return {};
}

}  // namespace lumen::selftest
