#include "tools/loss-harness/sessions.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "simulation/session/scenarios.hpp"

namespace lumen::loss_harness {
namespace {

using simulation::Figures;
using simulation::Scenario;
using simulation::Trouble;

struct Result {
  Figures middle, worst;
};

Result run_all(Scenario scenario, const SessionPlan& plan) {
  scenario.span = plan.span;
  scenario.recovery_span = std::min(scenario.recovery_span, plan.span);
  std::vector<Figures> figures;
  for (std::size_t seed = 1; seed <= plan.seeds; ++seed) figures.push_back(simulation::run(scenario, seed));
  return {simulation::median(figures), simulation::worst(figures)};
}

std::string loss_row(Trouble trouble, Duration round_trip, const SessionPlan& plan) {
  const auto [middle, worst] = run_all({.trouble = trouble, .round_trip = round_trip}, plan);
  if (trouble == Trouble::blackout) {
    return fmt::format("| {} | {:.0f} ms | back after {:.0f} ms ({:.0f}) | | {:.0f} % | {} |\n",
                       to_string(trouble), to_ms(round_trip), middle.back_after_ms, worst.back_after_ms,
                       middle.parity_percent, middle.rescued);
  }
  return fmt::format("| {} | {:.0f} ms | {} ({}) | {:.0f} ms ({:.0f}) | {:.0f} % | {} |\n",
                     to_string(trouble), to_ms(round_trip), middle.lost, worst.lost, middle.longest_freeze_ms,
                     worst.longest_freeze_ms, middle.parity_percent, middle.rescued);
}

std::string bottleneck_row(Duration round_trip, const SessionPlan& plan) {
  const auto [middle, worst] = run_all({.trouble = Trouble::bottleneck, .round_trip = round_trip}, plan);
  return fmt::format(
      "| {:.0f} ms | {:.0f} ms ({:.0f}) | {:.0f} ms ({:.0f}) | {:.1f} Mbit/s | {:.1f}…{:.1f} |\n",
      to_ms(round_trip), middle.drained_after_ms, worst.drained_after_ms, middle.queue_after_ms,
      worst.queue_after_ms, middle.kbps / 1000, middle.kbps_low / 1000, middle.kbps_high / 1000);
}

}  // namespace

std::string session_tables(const SessionPlan& plan) {
  std::string text =
      "| | round trip | frames lost | longest freeze | parity | frames that came again |\n"
      "|---|--:|--:|--:|--:|--:|\n";
  for (const auto trouble : {Trouble::none, Trouble::uniform_2, Trouble::uniform_5, Trouble::bursts_5,
                             Trouble::uniform_8, Trouble::blackout}) {
    for (const auto round_trip : plan.round_trips) text += loss_row(trouble, round_trip, plan);
  }
  text +=
      "\n| round trip | queue below 50 ms for good after | longest queue from then on "
      "| of 10 Mbit/s the encoder gets | between |\n|--:|--:|--:|--:|--:|\n";
  for (const auto round_trip : plan.round_trips) text += bottleneck_row(round_trip, plan);
  return text;
}

}  // namespace lumen::loss_harness
