#include <nlohmann/json.hpp>

#include "tools/impairment/relay.hpp"

namespace lumen::impairment {
namespace {

using nlohmann::json;

json to_json(const Direction& direction, double seconds) {
  const auto totals = direction.totals();
  const auto& queued = direction.queued();
  json moments = json::array();
  for (const auto& moment : direction.moments()) {
    moments.push_back({{"mbit", static_cast<double>(moment.passed_bytes) * 8e-6 /
                                    std::chrono::duration<double>(Direction::kMoment).count()},
                       {"queued_ms", to_ms(moment.queued)},
                       {"dropped", moment.dropped}});
  }
  return {{"datagrams", totals.datagrams},
          {"bytes", totals.bytes},
          {"passed", totals.passed},
          {"lost", totals.lost},
          {"overflowed", totals.overflowed},
          {"blacked_out", totals.blacked_out},
          {"reordered", totals.reordered},
          {"duplicated", totals.duplicated},
          {"mbit_per_second", seconds > 0 ? static_cast<double>(totals.passed_bytes) * 8e-6 / seconds : 0.0},
          {"queued_ms",
           {{"p50", to_ms(queued.quantile(0.5))},
            {"p99", to_ms(queued.quantile(0.99))},
            {"max", to_ms(queued.max())}}},
          {"tenths_of_a_second", std::move(moments)}};
}

}  // namespace

std::string to_json(const Relay& relay, Duration ran_for) {
  const auto seconds = std::chrono::duration<double>(ran_for).count();
  const json report{{"seconds", seconds},
                    {"clients", relay.clients()},
                    {"moves", relay.counters().moves},
                    {"refused", relay.counters().refused},
                    {"strangers", relay.counters().strangers},
                    {"up", to_json(relay.network().direction(Side::up), seconds)},
                    {"down", to_json(relay.network().direction(Side::down), seconds)}};
  return report.dump(2) + "\n";
}

}  // namespace lumen::impairment
