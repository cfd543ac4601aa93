#include <gtest/gtest.h>

#include <algorithm>

#include "tools/loss-harness/report.hpp"
#include "tools/loss-harness/sessions.hpp"

namespace lumen::loss_harness {
namespace {

using simulation::Code;
using simulation::Recovery;

Plan small_plan() {
  Plan plan{.loss_percent = {2, 10}, .data_shards = {20}, .frames = 400, .in_bytes = true};
  plan.stream.idr_size = 2;
  plan.link = {.delay = std::chrono::milliseconds{5},
               .jitter = std::chrono::milliseconds{1},
               .reordered = 0.02,
               .duplicated = 0.02};
  return plan;
}

TEST(Sweep, in_bytes_loses_the_very_frames_that_are_counted) {
  const auto plan = small_plan();
  for (const double burst : {1.0, 5.0}) {
    const auto row =
        run(plan, {.loss_percent = 6, .mean_burst = burst, .data_shards = 20, .parity_percent = 20});
    ASSERT_TRUE(row.bytes);
    EXPECT_GT(row.lost, 0U);
    EXPECT_EQ(row.bytes->frames_delivered, row.frames - row.lost);
    EXPECT_EQ(row.bytes->wrong, 0U);
    EXPECT_GE(row.bytes->frames_repaired, row.mended) << "parity may overtake data that is not lost";
  }
}

TEST(Sweep, adapting_in_bytes_agrees_too) {
  const auto row = run(small_plan(), {.loss_percent = 4, .mean_burst = 3, .data_shards = 60});
  EXPECT_EQ(row.bytes->frames_delivered, row.frames - row.lost);
  EXPECT_EQ(row.bytes->wrong, 0U);
}

TEST(Sweep, has_a_case_for_each_combination_and_one_without_code) {
  Plan plan{.loss_percent = {1, 2},
            .codes = {Code::none, Code::leopard},
            .parity_percent = {10, std::nullopt},
            .recoveries = {Recovery::idr, Recovery::none}};
  EXPECT_EQ(cases_of(plan).size(), 2U * 2 * (1 + 2));
}

TEST(Sweep, predicts_what_one_block_of_fixed_parity_loses) {
  Plan plan{.frames = 20'000};
  const auto row = run(plan, {.loss_percent = 5, .mean_burst = 4, .data_shards = 30, .parity_percent = 20});
  ASSERT_TRUE(row.predicted);
  plan.stream.size_spread = 0.5;
  EXPECT_FALSE(run(plan, {.parity_percent = 20}).predicted);
}

TEST(Report, has_a_line_and_as_many_fields_for_each_row) {
  auto plan = small_plan();
  plan.in_bytes = false;
  const auto text = csv({run(plan, {}), run(plan, {.parity_percent = 20})});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_EQ(std::count(text.begin(), text.end(), ','), 3 * 20);
}

TEST(Report, draws_a_curve_for_what_differs_and_names_it_so) {
  std::vector<Row> rows;
  for (const double loss : {5.0, 1.0}) {
    for (const auto code : {Code::none, Code::leopard}) {
      rows.push_back(
          {.of = {.loss_percent = loss, .code = code, .parity_percent = 20}, .frames = 100, .lost = 7});
    }
  }
  const auto chart = chart_of(rows, XAxis::loss, YAxis::lost);
  ASSERT_EQ(chart.series.size(), 2U);
  EXPECT_EQ(chart.series[0].name, "no code");
  EXPECT_EQ(chart.series[1].name, "leopard, 20 %");
  EXPECT_EQ(chart.series[1].points[0].x, 1);
  EXPECT_DOUBLE_EQ(chart.series[1].points[1].y, 7);
}

TEST(Chart, escapes_text_and_stays_within_its_frame) {
  const auto svg = to_svg({.title = "a < b & c",
                           .series = {{"one", {{1, 0}, {10, 1e-3}, {100, 50}}}, {"two", {{1, 1}}}},
                           .x_log = true,
                           .y_log = true,
                           .y_floor = 1e-4});
  EXPECT_NE(svg.find("a &lt; b &amp; c"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
  EXPECT_NE(svg.find("class=\"hollow\""), std::string::npos) << "zero, on a logarithmic axis";
}

TEST(SessionTables, have_a_row_for_each_trouble_and_round_trip) {
  const auto text = session_tables(
      {.seeds = 1, .span = std::chrono::seconds{1}, .round_trips = {std::chrono::milliseconds{20}}});
  EXPECT_EQ(std::ranges::count(text, '\n'), 2 + 6 + 1 + 2 + 1);
  EXPECT_NE(text.find("| 5 % lost in bursts of 8 | 20 ms | "), std::string::npos);
}

TEST(Chart, of_nothing_or_one_point_is_a_chart_still) {
  EXPECT_EQ(to_svg({}).find("nan"), std::string::npos);
  const auto svg = to_svg({.series = {{"one", {{0, 0}}}}, .x_log = true});
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
}

}  // namespace
}  // namespace lumen::loss_harness
