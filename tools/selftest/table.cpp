#include <fmt/format.h>

#include "tools/selftest/measure.hpp"

namespace lumen::selftest {
namespace {

using nlohmann::json;

std::string latency_row(const char* name, const json& values) {
  return fmt::format("    {:<20} {:7.2f} {:7.2f} {:7.2f} {:7.2f}\n", name, values["p50"].get<double>(),
                     values["p95"].get<double>(), values["p99"].get<double>(), values["p999"].get<double>());
}

std::string latency_rows(const json& figures) {
  const auto& stages = figures["stages_ms"];
  return fmt::format("  latency in ms              p50     p95     p99   p99.9\n") +
         latency_row("convert", stages["convert"]) + latency_row("encode", stages["encode"]) +
         latency_row("protect and send", stages["protect_and_send"]) +
         latency_row("receive and recover", stages["receive_and_recover"]) +
         latency_row("decode", stages["decode"]) +
         latency_row("drawn to decoded", figures["draw_to_decoded_ms"]);
}

std::string loss_row(const json& figures) {
  return fmt::format(
      "  loss         {} % injected: {} datagrams dropped, {} shards recovered in {} frames; {} frames lost; "
      "{} IDR\n",
      figures["loss_percent"].get<double>(), figures["datagrams_dropped_by_injection"].get<std::uint64_t>(),
      figures["shards_repaired"].get<std::uint64_t>(), figures["access_units_repaired"].get<std::uint64_t>(),
      figures["access_units_lost"].get<std::uint64_t>(), figures["idr_count"].get<std::uint64_t>());
}

std::string usage_rows(const json& figures) {
  std::string rows;
  if (figures.contains("total_cpu_percent")) {
    rows += fmt::format(
        "  CPU          {:.1f} % of one core: {:.1f} % encoder, {:.1f} % all else (conversion {:.1f} %)\n",
        figures["total_cpu_percent"].get<double>(), figures["encoder_cpu_percent"].get<double>(),
        figures["host_cpu_percent"].get<double>(), figures["convert_cpu_percent"].get<double>());
  }
  if (figures.contains("host_rss_bytes")) {
    rows += fmt::format("  memory       lumen-host {:.0f} MB, lumen-session {:.0f} MB\n",
                        figures["host_rss_bytes"].get<double>() / 1e6,
                        figures["session_rss_bytes"].get<double>() / 1e6);
  }
  return rows;
}

}  // namespace

std::string table(const json& figures, const std::string& wrong) {
  const auto text = [&figures](const char* name) { return figures[name].get<std::string>(); };
  const auto megabits =
      figures["bytes"].get<double>() * 8e-6 / std::max(1.0, figures["seconds"].get<double>());
  auto out =
      fmt::format("\nLumen self-test: {}{}\n\n", wrong.empty() ? "every frame was right" : "FAILED: ", wrong);
  out += fmt::format("  display      {} at {}\n", text("display"), text("mode"));
  out += fmt::format("  capture      {}\n", text("capture"));
  out += fmt::format("  encoder      {} ({})\n", text("encoder"), text("encoder_reason"));
  out += fmt::format("  frames       {} drawn, {} correct, {} lost; {:.2f} per second delivered\n",
                     figures["frames_drawn"].get<std::uint64_t>(),
                     figures["frames_correct"].get<std::uint64_t>(),
                     figures["frames_lost"].get<std::uint64_t>(), figures["frames_per_second"].get<double>());
  out += fmt::format("  network      {:.1f} Mbit/s, parity {:.0f} % of the data; encrypted\n", megabits,
                     figures.value("parity_percent", 0.0));
  out += loss_row(figures);
  out += latency_rows(figures);
  out += usage_rows(figures);
  if (!text("png").empty()) out += fmt::format("  last picture {}\n", text("png"));
  return out;
}

}  // namespace lumen::selftest
