#include "simulation/session/scenarios.hpp"

#include <algorithm>

namespace lumen::simulation {
namespace {

using namespace std::chrono_literals;

constexpr Duration kBlackout = 300ms, kBlackoutEvery = 5s, kDropAt = 5s, kSettled = 3s;
constexpr BitsPerSecond kWide{50'000'000}, kNarrow{10'000'000};
constexpr std::uint32_t kWideKbps = 40'000;  // with its parity, nearly all of kWide
constexpr Duration kAcceptedQueue = 50ms;

LinkParams link_of(const Scenario& scenario) {
  LinkParams link{.delay = scenario.round_trip / 2, .jitter = scenario.jitter};
  switch (scenario.trouble) {
    case Trouble::none:
    case Trouble::blackout:
      break;
    case Trouble::uniform_2:
      link.loss = {.loss = 0.02};
      break;
    case Trouble::uniform_5:
      link.loss = {.loss = 0.05};
      break;
    case Trouble::bursts_5:
      link.loss = {.loss = 0.05, .mean_burst = 8};
      break;
    case Trouble::uniform_8:
      link.loss = {.loss = 0.08};
      break;
    case Trouble::bottleneck:
      link.rate = kWide;
      link.queue = Bytes{512 * 1024};
      break;
  }
  return link;
}

SessionParams params_of(const Scenario& scenario) {
  SessionParams params{
      .bitrate_kbps = scenario.bitrate_kbps, .down = link_of(scenario), .up = link_of(scenario)};
  params.up.rate = {};
  params.sender.parity = scenario.parity;
  if (scenario.trouble == Trouble::bottleneck) params.bitrate_kbps = kWideKbps;
  // Something moves for a tenth of a second, twice a second.
  if (scenario.still) params.moves = [](Duration since) { return since % 500ms < 100ms; };
  return params;
}

// The first picture that was encoded after `moment`, or shown after it.
double shown_after_ms(const SessionRun& run, Timestamp moment) {
  for (const auto& picture : run.shown()) {
    if (picture.shown > moment) return to_ms(picture.shown - moment);
  }
  return to_ms(run.now() - moment);
}

void go_dark_again_and_again(SessionRun& run, const Scenario& scenario, Figures& figures) {
  const auto light = link_of(scenario);
  auto dark = light;
  dark.loss = {.loss = 1};
  std::vector<Timestamp> returns;
  Random phase{run.encoded()};
  while (run.since_begin() < scenario.span) {
    run.run(kBlackoutEvery + phase.up_to(20ms));
    run.set_links(dark, dark);
    run.run(kBlackout);
    run.set_links(light, light);
    returns.push_back(run.now());
  }
  run.run(1s);
  for (const auto moment : returns) {
    figures.back_after_ms = std::max(figures.back_after_ms, shown_after_ms(run, moment));
  }
}

double drained_after_ms(const SessionRun& run, Timestamp drop, Timestamp end) {
  auto last_full = drop;
  for (const auto& seen : run.observations()) {
    if (seen.at >= drop && seen.at < end && seen.queue > kAcceptedQueue) last_full = seen.at;
  }
  return to_ms(last_full - drop);
}

void squeeze(SessionRun& run, const Scenario& scenario, Figures& figures) {
  const auto wide = link_of(scenario);
  auto narrow = wide, up = wide;
  narrow.rate = kNarrow;
  up.rate = {};
  run.run(kDropAt);
  const auto drop = run.now();
  run.set_links(narrow, up);
  run.run(scenario.span);
  const auto end = run.now();
  run.set_links(wide, up);
  run.run(scenario.recovery_span);
  figures.drained_after_ms = drained_after_ms(run, drop, end);
  figures.queue_most_ms = to_ms(run.most_queue(drop, end));
  figures.queue_after_ms = to_ms(run.most_queue(drop + kSettled, end));
  figures.kbps = run.mean_kbps(drop + kSettled, end);
  figures.kbps_low = 1e9;
  for (const auto& seen : run.observations()) {
    if (seen.at < drop + kSettled || seen.at >= end) continue;
    figures.kbps_low = std::min<double>(figures.kbps_low, seen.bitrate_kbps);
    figures.kbps_high = std::max<double>(figures.kbps_high, seen.bitrate_kbps);
  }
  figures.kbps_recovered = run.observations().back().bitrate_kbps;
}

void account(const SessionRun& run, const Scenario& scenario, Figures& figures) {
  const auto learned = SessionRun::kBegin + kLearning;
  const auto latency = run.latency();
  const auto host = run.host_stats().sender;
  figures.frames = run.encoded();
  figures.lost = run.lost_since(learned);
  figures.lost_learning = run.lost() - figures.lost;
  figures.longest_freeze_ms = to_ms(run.longest_freeze(learned, SessionRun::kBegin + scenario.span));
  figures.latency_p50_ms = to_ms(latency.quantile(0.5));
  figures.latency_p99_ms = to_ms(latency.quantile(0.99));
  figures.parity_percent =
      100.0 * static_cast<double>(host.parity_shards) / static_cast<double>(host.data_shards);
  figures.overhead = static_cast<double>(host.datagrams) / static_cast<double>(host.data_shards);
  figures.rescued = run.client_stats().reassembly.frames_rescued;
  figures.idr = host.idr;
}

template <class Pick>
Figures combine(const std::vector<Figures>& all, Pick pick) {
  Figures result;
  const auto each = [&](auto member) {
    std::vector<double> values;
    for (const auto& figures : all) values.push_back(static_cast<double>(figures.*member));
    using Value = std::remove_reference_t<decltype(result.*member)>;
    result.*member = static_cast<Value>(pick(values));
  };
  for (auto member :
       {&Figures::frames, &Figures::lost, &Figures::lost_learning, &Figures::rescued, &Figures::idr})
    each(member);
  for (auto member : {&Figures::longest_freeze_ms, &Figures::latency_p50_ms, &Figures::latency_p99_ms,
                      &Figures::parity_percent, &Figures::overhead, &Figures::back_after_ms,
                      &Figures::drained_after_ms, &Figures::queue_after_ms, &Figures::queue_most_ms,
                      &Figures::kbps, &Figures::kbps_low, &Figures::kbps_high, &Figures::kbps_recovered})
    each(member);
  return result;
}

}  // namespace

const char* to_string(Trouble trouble) {
  switch (trouble) {
    case Trouble::none:
      return "none";
    case Trouble::uniform_2:
      return "2 % lost";
    case Trouble::uniform_5:
      return "5 % lost";
    case Trouble::bursts_5:
      return "5 % lost in bursts of 8";
    case Trouble::uniform_8:
      return "8 % lost";
    case Trouble::blackout:
      return "blackouts of 300 ms";
    case Trouble::bottleneck:
      return "50 to 10 Mbit/s";
  }
  return "unknown";
}

Figures run(const Scenario& scenario, std::uint64_t seed) {
  SessionRun run{params_of(scenario), seed};
  Figures figures;
  if (scenario.trouble == Trouble::blackout) {
    go_dark_again_and_again(run, scenario, figures);
  } else if (scenario.trouble == Trouble::bottleneck) {
    squeeze(run, scenario, figures);
  } else {
    run.run(scenario.span);
  }
  account(run, scenario, figures);
  return figures;
}

Figures median(std::vector<Figures> figures) {
  return combine(figures, [](std::vector<double>& values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
  });
}

Figures worst(const std::vector<Figures>& figures) {
  return combine(figures,
                 [](std::vector<double>& values) { return *std::max_element(values.begin(), values.end()); });
}

}  // namespace lumen::simulation
