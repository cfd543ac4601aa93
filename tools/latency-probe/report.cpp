#include "tools/latency-probe/report.hpp"

#include <algorithm>
#include <functional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lumen::probe {
namespace {

struct Figure {
  const char* id;
  double (*of)(const Distribution&);
};
constexpr Figure kFigures[] = {
    {"p50", [](const Distribution& d) { return d.quantile(0.5); }},
    {"p95", [](const Distribution& d) { return d.quantile(0.95); }},
    {"p99", [](const Distribution& d) { return d.quantile(0.99); }},
    {"p999", [](const Distribution& d) { return d.quantile(0.999); }},
    {"max", [](const Distribution& d) { return d.max(); }},
};

// Names in the order of their first run, each with how many runs it has.
std::vector<std::string> names_of(const std::vector<ProbeRun>& runs) {
  std::vector<std::string> names;
  for (const auto& run : runs) {
    if (std::ranges::find(names, run.name) == names.end()) names.push_back(run.name);
  }
  return names;
}

// A stage of several runs, and for each figure its median over them.
struct MedianStage {
  std::string id, name;
  std::size_t runs = 0;
  std::vector<double> figures;
};

std::vector<MedianStage> medians_of(const std::vector<ProbeRun>& runs, const std::string& name) {
  std::vector<std::vector<Stage>> all;
  for (const auto& run : runs) {
    if (run.name == name) all.push_back(stages_of(run));
  }
  std::vector<MedianStage> medians;
  for (const auto& stage : all.front()) {
    std::vector<const Stage*> same;
    for (const auto& stages : all) {
      if (const auto* found = find_stage(stages, stage.id)) same.push_back(found);
    }
    MedianStage median_stage{stage.id, stage.name, same.size(), {}};
    for (const auto& figure : kFigures) {
      std::vector<double> values;
      for (const auto* one : same) values.push_back(figure.of(one->ms));
      median_stage.figures.push_back(median(std::move(values)));
    }
    medians.push_back(std::move(median_stage));
  }
  return medians;
}

constexpr auto* kHead = "    {:<30} {:>7} {:>8} {:>8} {:>8} {:>8} {:>8}\n";

std::string head(const char* first, const char* count) {
  return fmt::format(fmt::runtime(kHead), first, count, "p50", "p95", "p99", "p99.9", "max");
}

std::string row(const std::string& name, std::size_t count, const std::vector<double>& figures) {
  auto line = fmt::format("    {:<30} {:>7}", name, count);
  for (const auto figure : figures) line += fmt::format(" {:>8.2f}", figure);
  return line + "\n";
}

std::string table_of(const ProbeRun& run) {
  auto out = fmt::format("  {}: {}, {}, {}\n", run.name, run.host, run.mode, run.encoder);
  out += fmt::format(
      "    {:.1f} s: {} frames seen, {} lost; {} keys answered, {} not; load of the machine {:.2f} to "
      "{:.2f}\n",
      run.seconds, run.frames.size(), run.frames_lost, run.keys.size(), run.keys_lost, run.load_before,
      run.load_after);
  out += head("ms", "values");
  for (const auto& stage : stages_of(run)) {
    std::vector<double> figures;
    for (const auto& figure : kFigures) figures.push_back(figure.of(stage.ms));
    out += row(stage.name, stage.ms.count(), figures);
  }
  return out;
}

nlohmann::json to_json(const ProbeRun& run) {
  nlohmann::json stages;
  for (const auto& stage : stages_of(run)) {
    nlohmann::json figures{{"count", stage.ms.count()}, {"mean", stage.ms.mean()}};
    for (const auto& figure : kFigures) figures[figure.id] = figure.of(stage.ms);
    stages[stage.id] = std::move(figures);
  }
  return {{"name", run.name},
          {"host", run.host},
          {"mode", run.mode},
          {"encoder", run.encoder},
          {"seconds", run.seconds},
          {"frames", run.frames.size()},
          {"frames_lost", run.frames_lost},
          {"frames_unreadable", run.unreadable},
          {"keys", run.keys.size()},
          {"keys_lost", run.keys_lost},
          {"load", {run.load_before, run.load_after}},
          {"stages_ms", std::move(stages)}};
}

}  // namespace

std::string table(const std::vector<ProbeRun>& runs) {
  std::string out;
  for (const auto& run : runs) out += table_of(run) + "\n";
  for (const auto& name : names_of(runs)) {
    const auto count = std::ranges::count(runs, name, &ProbeRun::name);
    if (count < 2) continue;
    out += fmt::format("  {}: medians of {} runs\n", name, count) + head("ms", "runs");
    for (const auto& stage : medians_of(runs, name)) out += row(stage.name, stage.runs, stage.figures);
    out += "\n";
  }
  return out;
}

std::string csv(const std::vector<ProbeRun>& runs) {
  std::string out = "run,name,stage,index,ms\n";
  for (std::size_t number = 0; number < runs.size(); ++number) {
    for (const auto& stage : stages_of(runs[number])) {
      for (std::size_t i = 0; i < stage.ms.count(); ++i)
        out += fmt::format("{},{},{},{},{:.4f}\n", number + 1, runs[number].name, stage.id, i + 1,
                           stage.ms.values()[i]);
    }
  }
  return out;
}

std::string json(const std::vector<ProbeRun>& runs) {
  nlohmann::json all = nlohmann::json::array(), medians = nlohmann::json::object();
  for (const auto& run : runs) all.push_back(to_json(run));
  for (const auto& name : names_of(runs)) {
    for (const auto& stage : medians_of(runs, name)) {
      auto& entry = medians[name][stage.id];
      entry["runs"] = stage.runs;
      for (std::size_t i = 0; i < stage.figures.size(); ++i) entry[kFigures[i].id] = stage.figures[i];
    }
  }
  const nlohmann::json whole{{"runs", std::move(all)}, {"medians", std::move(medians)}};
  return whole.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace lumen::probe
