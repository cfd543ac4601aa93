#include "tools/loss-harness/report.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

namespace lumen::loss_harness {
namespace {

double lost_share(const Row& row) {
  return row.frames == 0 ? 0 : static_cast<double>(row.lost) / static_cast<double>(row.frames);
}

// What tells cases apart: loss, burst, shards, code, parity, recovery.
std::array<std::string, 6> attributes(const Case& which) {
  return {fmt::format("{:g} % lost", which.loss_percent),
          which.mean_burst > 1 ? fmt::format("bursts of {:g}", which.mean_burst) : "no bursts",
          fmt::format("{} shards", which.data_shards),
          which.code == simulation::Code::none ? "no code" : name_of(which.code),
          which.code == simulation::Code::none ? "" : parity_of(which),
          "recovery " + name_of(which.recovery)};
}

std::size_t attribute_of(XAxis x) {
  constexpr std::array<std::size_t, 4> kAttribute{0, 1, 2, 4};
  return kAttribute[static_cast<std::size_t>(x)];
}

double x_of(const Row& row, XAxis x) {
  switch (x) {
    case XAxis::loss:
      return row.of.loss_percent;
    case XAxis::burst:
      return row.of.mean_burst;
    case XAxis::shards:
      return static_cast<double>(row.of.data_shards);
    case XAxis::parity:
      break;
  }
  return row.parity_percent;
}

double y_of(const Row& row, YAxis y) {
  switch (y) {
    case YAxis::lost:
      return 100 * lost_share(row);
    case YAxis::stalled:
      return std::chrono::duration<double>(row.stalled).count();
    case YAxis::stall_p99:
      return to_ms(row.stall_p99);
    case YAxis::parity:
      break;
  }
  return row.parity_percent;
}

std::string series_name(const Row& row, const std::vector<Row>& rows, XAxis x) {
  std::string name;
  const auto mine = attributes(row.of);
  for (std::size_t i = 0; i < mine.size(); ++i) {
    std::set<std::string> all;
    for (const auto& other : rows) all.insert(attributes(other.of)[i]);
    if (i == attribute_of(x) || all.size() < 2 || mine[i].empty()) continue;
    name += (name.empty() ? "" : ", ") + mine[i];
  }
  return name.empty() ? "frames" : name;
}

std::string optional_percent(const std::optional<double>& share) {
  return share ? fmt::format("{:.2g}", 100 * *share) : "-";
}

std::string byte_cell(const Row& row) {
  if (!row.bytes) return "";
  const auto lost = row.frames - row.bytes->frames_delivered;
  return fmt::format("  bytes: {} lost, {} wrong", lost, row.bytes->wrong);
}

}  // namespace

std::string table_head() {
  return fmt::format(
      "{:>6} {:>5} {:>6} {:<10} {:<8} {:<12} | {:>9} {:>8} {:>8} {:>8} {:>9} | {:>6} {:>7} {:>7} {:>8} | "
      "{:>6} {:>6}\n"
      "{:>6} {:>5} {:>6} {:<10} {:<8} {:<12} | {:>9} {:>8} {:>8} {:>8} {:>9} | {:>6} {:>7} {:>7} {:>8} | "
      "{:>6} {:>6}\n",
      "loss", "burst", "frame", "code", "parity", "recovery", "frames", "lost", "lost", "exactly", "mended",
      "stalls", "median", "p99", "total", "parity", "IDRs", "%", "", "shards", "", "", "", "", "", "%", "%",
      "", "", "ms", "ms", "s", "%", "%");
}

std::string table_row(const Row& row) {
  const auto& of = row.of;
  return fmt::format(
             "{:>6g} {:>5g} {:>6} {:<10} {:<8} {:<12} | {:>9} {:>8} {:>8.4f} {:>8} {:>9} | {:>6} {:>7.1f} "
             "{:>7.1f} "
             "{:>8.1f} | {:>6.1f} {:>6.1f}",
             of.loss_percent, of.mean_burst, of.data_shards, name_of(of.code), parity_of(of),
             name_of(of.recovery), row.frames, row.lost, 100 * lost_share(row),
             optional_percent(row.predicted), row.mended, row.stalls, to_ms(row.stall_median),
             to_ms(row.stall_p99), std::chrono::duration<double>(row.stalled).count(), row.parity_percent,
             row.recovery_percent) +
         byte_cell(row) + "\n";
}

std::string csv(const std::vector<Row>& rows) {
  std::string out =
      "loss_percent,mean_burst,data_shards,code,parity,recovery,frames,lost,predicted_share,mended,"
      "undecodable,"
      "requests,stalls,stall_median_ms,stall_p99_ms,stalled_s,parity_percent,most_parity_percent,idr_percent,"
      "datagram_loss_percent,digest\n";
  for (const auto& row : rows) {
    const auto& of = row.of;
    out += fmt::format(
        "{:g},{:g},{},{},{},{},{},{},{},{},{},{},{},{:.3f},{:.3f},{:.3f},{:.3f},{:.3f},{:.3f},{:.4f},{:016x}"
        "\n",
        of.loss_percent, of.mean_burst, of.data_shards, name_of(of.code),
        of.parity_percent ? fmt::format("{:g}", *of.parity_percent) : "adaptive", name_of(of.recovery),
        row.frames, row.lost, row.predicted ? fmt::format("{:.6g}", *row.predicted) : "", row.mended,
        row.undecodable, row.asks, row.stalls, to_ms(row.stall_median), to_ms(row.stall_p99),
        std::chrono::duration<double>(row.stalled).count(), row.parity_percent, row.most_parity_percent,
        row.recovery_percent, row.datagram_loss_percent, row.digest);
  }
  return out;
}

Chart chart_of(const std::vector<Row>& rows, XAxis x, YAxis y) {
  constexpr std::array kXLabels{"datagrams lost, %", "mean run of lost datagrams", "data shards of a frame",
                                "parity, % of the data"};
  constexpr std::array kYLabels{"frames lost, %", "picture stood still, s in all",
                                "stalls, ms at the 99th percentile", "parity, % of the data"};
  Chart chart{.x_label = kXLabels[static_cast<std::size_t>(x)],
              .y_label = kYLabels[static_cast<std::size_t>(y)],
              .x_log = x != XAxis::parity,
              .y_log = y == YAxis::lost};
  for (const auto& row : rows) {
    if (y == YAxis::lost && row.frames > 0) chart.y_floor = 100 / static_cast<double>(row.frames);
    const auto name = series_name(row, rows, x);
    auto found = std::find_if(chart.series.begin(), chart.series.end(),
                              [&](const Series& series) { return series.name == name; });
    if (found == chart.series.end()) found = chart.series.insert(found, Series{name, {}});
    found->points.push_back({x_of(row, x), y_of(row, y)});
  }
  for (auto& series : chart.series) {
    std::sort(series.points.begin(), series.points.end(), [](auto a, auto b) { return a.x < b.x; });
  }
  return chart;
}

}  // namespace lumen::loss_harness
