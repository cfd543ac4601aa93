#include "tools/latency-probe/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace lumen::probe {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

ProbeRun run_of(const std::string& name, std::initializer_list<int> totals_ms) {
  ProbeRun run{.name = name, .mode = "1280x720@60", .encoder = "libx264", .host = "a desktop"};
  for (const auto total : totals_ms)
    run.frames.push_back({.decode = milliseconds{1}, .total = milliseconds{total}});
  run.frames_lost = 2;
  run.seconds = 10;
  return run;
}

TEST(ProbeReport, json_has_every_stage_of_every_run_and_the_medians_over_runs_of_a_name) {
  const auto report = nlohmann::json::parse(json({run_of("lumen/1", {5, 6, 7}), run_of("lumen/1", {8, 9, 10}),
                                                  run_of("lumen/1", {6, 7, 8}), run_of("GameStream", {20})}));
  ASSERT_EQ(report["runs"].size(), 4U);
  EXPECT_EQ(report["runs"][0]["stages_ms"]["draw_to_decoded"]["p50"], 6);
  EXPECT_EQ(report["runs"][0]["stages_ms"]["draw_to_decoded"]["max"], 7);
  EXPECT_EQ(report["runs"][0]["frames_lost"], 2);
  EXPECT_EQ(report["medians"]["lumen/1"]["draw_to_decoded"]["p50"], 7);
  EXPECT_EQ(report["medians"]["lumen/1"]["draw_to_decoded"]["runs"], 3);
  EXPECT_EQ(report["medians"]["GameStream"]["draw_to_decoded"]["p999"], 20);
}

TEST(ProbeReport, csv_has_one_value_a_line) {
  const auto text = csv({run_of("lumen/1", {6, 5})});
  EXPECT_THAT(text, HasSubstr("run,name,stage,index,ms\n"));
  EXPECT_THAT(text, HasSubstr("1,lumen/1,draw_to_decoded,1,5.0000\n1,lumen/1,draw_to_decoded,2,6.0000\n"));
}

TEST(ProbeReport, the_table_names_medians_only_where_there_are_several_runs) {
  EXPECT_THAT(table({run_of("lumen/1", {5})}), Not(HasSubstr("medians")));
  const auto text = table({run_of("lumen/1", {5}), run_of("GameStream", {20}), run_of("lumen/1", {7})});
  EXPECT_THAT(text, HasSubstr("lumen/1: medians of 2 runs"));
  EXPECT_THAT(text, Not(HasSubstr("GameStream: medians")));
  EXPECT_THAT(text, HasSubstr("draw to decoded"));
}

TEST(ProbeReport, of_nothing_is_empty_but_whole) {
  EXPECT_EQ(table({}), "");
  EXPECT_EQ(nlohmann::json::parse(json({}))["runs"].size(), 0U);
}

TEST(ProbeReport, a_host_with_broken_text_does_not_break_the_json) {
  auto run = run_of("lumen/1", {5});
  run.host = "\xff\xfe";
  EXPECT_FALSE(nlohmann::json::parse(json({run}), nullptr, false).is_discarded());
}

}  // namespace
}  // namespace lumen::probe
