// tools/loss-harness: whole sessions over bad networks (simulation/session), as two tables.
#pragma once

#include <string>
#include <vector>

#include "base/units.hpp"

namespace lumen::loss_harness {

struct SessionPlan {
  std::size_t seeds = 8;
  Duration span = std::chrono::seconds{60};
  std::vector<Duration> round_trips{std::chrono::milliseconds{2}, std::chrono::milliseconds{20},
                                    std::chrono::milliseconds{40}};
};

// Markdown. Takes seconds for each minute of a seed.
std::string session_tables(const SessionPlan& plan);

}  // namespace lumen::loss_harness
