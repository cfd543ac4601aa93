// loss-harness: what parity, codes and recovery make of lost datagrams, on a simulated link.
#include <fstream>
#include <iostream>
#include <map>

#include <CLI/CLI.hpp>

#include "tools/loss-harness/report.hpp"
#include "tools/loss-harness/sessions.hpp"

namespace {

using namespace lumen;                // NOLINT(google-build-using-namespace)
using namespace lumen::loss_harness;  // NOLINT(google-build-using-namespace)

struct Options {
  Plan plan;
  std::vector<std::string> parity{"20"};
  double fps = 60, delay_ms = 20, jitter_ms = 0, reordered = 0, duplicated = 0, rate_mbit = 0, queue_kb = 256;
  XAxis x = XAxis::loss;
  YAxis y = YAxis::lost;
  std::string csv_path, svg_path, title;
  std::size_t session_seeds = 0, session_seconds = 60;
};

const std::map<std::string, simulation::Code> kCodes{{"none", simulation::Code::none},
                                                     {"gamestream", simulation::Code::gamestream},
                                                     {"leopard", simulation::Code::leopard}};
const std::map<std::string, simulation::Recovery> kRecoveries{
    {"none", simulation::Recovery::none},
    {"idr", simulation::Recovery::idr},
    {"invalidation", simulation::Recovery::invalidation}};
const std::map<std::string, XAxis> kXAxes{
    {"loss", XAxis::loss}, {"burst", XAxis::burst}, {"shards", XAxis::shards}, {"parity", XAxis::parity}};
const std::map<std::string, YAxis> kYAxes{{"lost", YAxis::lost},
                                          {"stalled", YAxis::stalled},
                                          {"stall-p99", YAxis::stall_p99},
                                          {"parity", YAxis::parity}};

void add_sweep(CLI::App& app, Options& o) {
  auto& plan = o.plan;
  app.add_option("--loss", plan.loss_percent, "percent of the datagrams, list")
      ->delimiter(',')
      ->check(CLI::Range(0.0, 95.0));
  app.add_option("--burst", plan.mean_burst, "mean run of lost datagrams, list; 1: independent")
      ->delimiter(',')
      ->check(CLI::Range(1.0, 1e4));
  app.add_option("--shards", plan.data_shards, "data datagrams of a frame, list")
      ->delimiter(',')
      ->check(CLI::Range(1, 60'000));
  app.add_option("--code", plan.codes, "none, gamestream, leopard; list")
      ->delimiter(',')
      ->transform(CLI::CheckedTransformer(kCodes));
  app.add_option("--parity", o.parity, "percent of the data or `adaptive`, list")
      ->delimiter(',')
      ->check(CLI::Range(0.0, 255.0) | CLI::IsMember({"adaptive"}));
  app.add_option("--recovery", plan.recoveries, "none, idr, invalidation; list")
      ->delimiter(',')
      ->transform(CLI::CheckedTransformer(kRecoveries));
  app.add_option("--frames", plan.frames, "per combination")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  app.add_option("--seed", plan.seed, "of losses and frame sizes")->capture_default_str();
  app.add_flag("--bytes", plan.in_bytes, "carry real bytes through lumen/1's own code as well; slow");
}

void add_stream(CLI::App& app, Options& o) {
  auto& stream = o.plan.stream;
  app.add_option("--fps", o.fps, "frames a second")->check(CLI::Range(1.0, 1000.0))->capture_default_str();
  app.add_option("--spread", stream.size_spread, "frame sizes within plus or minus this share")
      ->check(CLI::Range(0.0, 0.95));
  app.add_option("--idr-size", stream.idr_size, "of an IDR, in ordinary frames")
      ->check(CLI::Range(1.0, 50.0))
      ->capture_default_str();
  app.add_option("--idr-every", stream.idr_every, "frames, with recovery `none`")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--max-parity", stream.parity.max_percent, "ceiling of adaptive parity, percent")
      ->check(CLI::Range(0.0, 1000.0))
      ->capture_default_str();
}

void add_link(CLI::App& app, Options& o) {
  const auto positive = CLI::Range(0.0, 1e6);
  app.add_option("--delay-ms", o.delay_ms, "one way")->check(positive)->capture_default_str();
  app.add_option("--jitter-ms", o.jitter_ms, "up to this much more")->check(positive);
  app.add_option("--reorder", o.reordered, "percent that others overtake")->check(CLI::Range(0.0, 100.0));
  app.add_option("--duplicate", o.duplicated, "percent that arrive twice")->check(CLI::Range(0.0, 100.0));
  app.add_option("--rate-mbit", o.rate_mbit, "of a bottleneck; 0: none")->check(positive);
  app.add_option("--queue-kb", o.queue_kb, "that wait in front of it")
      ->check(positive)
      ->capture_default_str();
}

void add_output(CLI::App& app, Options& o) {
  app.add_option("--csv", o.csv_path, "write all figures there");
  app.add_option("--svg", o.svg_path, "draw a chart there");
  app.add_option("--x", o.x, "of the chart: loss, burst, shards, parity")
      ->transform(CLI::CheckedTransformer(kXAxes));
  app.add_option("--y", o.y, "of the chart: lost, stalled, stall-p99, parity")
      ->transform(CLI::CheckedTransformer(kYAxes));
  app.add_option("--title", o.title, "of the chart");
}

void add_sessions(CLI::App& app, Options& o) {
  app.add_option("--sessions", o.session_seeds,
                 "instead: whole sessions over bad networks, over so many seeds")
      ->check(CLI::Range(1, 10'000));
  app.add_option("--seconds", o.session_seconds, "of each session, in virtual time")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
}

Duration milliseconds(double ms) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(ms));
}

void take_over(Options& o) {
  o.plan.parity_percent.clear();
  for (const auto& text : o.parity) {
    o.plan.parity_percent.push_back(text == "adaptive" ? std::nullopt : std::optional{std::stod(text)});
  }
  o.plan.stream.interval = milliseconds(1000 / o.fps);
  auto& link = o.plan.link;
  link.delay = milliseconds(o.delay_ms);
  link.jitter = milliseconds(o.jitter_ms);
  link.reordered = o.reordered / 100;
  link.duplicated = o.duplicated / 100;
  link.rate = BitsPerSecond{static_cast<std::uint64_t>(o.rate_mbit * 1e6)};
  link.queue = Bytes{static_cast<std::uint64_t>(o.queue_kb * 1024)};
}

bool write(const std::string& path, const std::string& text) {
  if (path.empty()) return true;
  std::ofstream file{path, std::ios::binary};
  file << text;
  file.close();
  if (!file)
    std::cerr << "loss-harness: " << path << " cannot be written. Choose another path [file.write]\n";
  return !file.fail();
}

// Whether lumen/1's own code agrees with the count.
bool agrees(const Row& row) {
  return !row.bytes || (row.bytes->wrong == 0 && row.frames - row.bytes->frames_delivered == row.lost);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"What parity, codes and recovery make of lost datagrams, on a simulated link"};
  Options options;
  options.plan.stream.idr_every = 120;
  add_sweep(app, options);
  add_stream(app, options);
  add_link(app, options);
  add_output(app, options);
  add_sessions(app, options);
  CLI11_PARSE(app, argc, argv);
  if (options.session_seeds > 0) {
    std::cout << session_tables({options.session_seeds, std::chrono::seconds{options.session_seconds}});
    return 0;
  }
  take_over(options);

  std::vector<Row> rows;
  bool all_agree = true;
  std::cout << table_head();
  for (const auto& which : cases_of(options.plan)) {
    rows.push_back(run(options.plan, which));
    all_agree = all_agree && agrees(rows.back());
    std::cout << table_row(rows.back()) << std::flush;
  }
  auto chart = chart_of(rows, options.x, options.y);
  chart.title = options.title;
  const bool written = write(options.csv_path, csv(rows)) && write(options.svg_path, to_svg(chart));
  if (!all_agree) std::cerr << "loss-harness: the bytes do not agree with the count\n";
  if (!written) return 1;
  return all_agree ? 0 : 3;
}
