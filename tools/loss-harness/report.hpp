// tools/loss-harness: what the sweep found, as a table, as CSV and as a chart. Pure.
#pragma once

#include <string>
#include <vector>

#include "tools/loss-harness/chart.hpp"
#include "tools/loss-harness/sweep.hpp"

namespace lumen::loss_harness {

enum class XAxis : std::uint8_t { loss, burst, shards, parity };
enum class YAxis : std::uint8_t { lost, stalled, stall_p99, parity };

std::string table_head();
std::string table_row(const Row& row);
std::string csv(const std::vector<Row>& rows);
// One curve for each combination of what is not on the x axis, named after what differs.
Chart chart_of(const std::vector<Row>& rows, XAxis x, YAxis y);

}  // namespace lumen::loss_harness
