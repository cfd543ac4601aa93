#include "tools/latency-probe/samples.hpp"

#include <gtest/gtest.h>

namespace lumen::probe {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(Distribution, a_quantile_is_a_value_that_was_measured) {
  const Distribution ten{{7, 1, 10, 3, 5, 2, 9, 4, 8, 6}};
  EXPECT_EQ(ten.quantile(0.5), 5);
  EXPECT_EQ(ten.quantile(0.95), 10);
  EXPECT_EQ(ten.quantile(0.9), 9);
  EXPECT_EQ(ten.quantile(0), 1);
  EXPECT_EQ(ten.quantile(1), 10);
  EXPECT_EQ(ten.max(), 10);
  EXPECT_DOUBLE_EQ(ten.mean(), 5.5);
}

TEST(Distribution, of_a_thousand_values_the_thousandth_part_is_the_second_largest) {
  std::vector<double> values;
  for (int i = 1; i <= 1000; ++i) values.push_back(i);
  EXPECT_EQ(Distribution{values}.quantile(0.999), 999);
}

TEST(Distribution, of_nothing_is_zero) {
  EXPECT_EQ(Distribution{}.quantile(0.5), 0);
  EXPECT_EQ(Distribution{}.max(), 0);
  EXPECT_EQ(Distribution{}.mean(), 0);
  EXPECT_EQ(median({}), 0);
}

ProbeRun run_with(std::vector<FrameSample> frames) {
  ProbeRun run;
  run.frames = std::move(frames);
  return run;
}

double p50(const std::vector<Stage>& stages, std::string_view id) {
  const auto* stage = find_stage(stages, id);
  return stage == nullptr ? -1 : stage->ms.quantile(0.5);
}

TEST(Stages, add_up_to_the_whole) {
  const auto stages = stages_of(run_with({{.convert = microseconds{500},
                                           .encode = microseconds{2500},
                                           .protect = microseconds{100},
                                           .receive = microseconds{50},
                                           .wait = microseconds{150},
                                           .decode = microseconds{1700},
                                           .total = milliseconds{6}}}));
  EXPECT_DOUBLE_EQ(p50(stages, "rest"), 1.0);
  double sum = 0;
  for (const auto* id : {"rest", "convert", "encode", "protect", "receive", "wait", "decode"})
    sum += p50(stages, id);
  EXPECT_DOUBLE_EQ(sum, 6);
  EXPECT_DOUBLE_EQ(p50(stages, "draw_to_decoded"), 6);
}

TEST(Stages, that_nobody_told_of_are_left_out) {
  const auto stages = stages_of(run_with({{.decode = milliseconds{2}, .total = milliseconds{6}}}));
  for (const auto* id : {"convert", "encode", "protect", "protocol", "present", "key_to_pixel", "connect"})
    EXPECT_EQ(find_stage(stages, id), nullptr) << id;
}

TEST(Stages, the_protocols_share_has_half_a_round_trip_for_the_way) {
  auto run =
      run_with({{.protect = microseconds{100}, .receive = microseconds{50}, .total = milliseconds{6}}});
  run.round_trip = microseconds{200};
  EXPECT_DOUBLE_EQ(p50(stages_of(run), "protocol"), 0.25);
}

TEST(Stages, a_cold_start_is_no_ordinary_connection) {
  ProbeRun run;
  run.cold = true;
  run.connects = {milliseconds{900}, milliseconds{100}, milliseconds{120}};
  const auto stages = stages_of(run);
  EXPECT_EQ(p50(stages, "cold_connect"), 900);
  EXPECT_EQ(find_stage(stages, "connect")->ms.count(), 2U);
  run.cold = false;
  EXPECT_EQ(find_stage(stages_of(run), "connect")->ms.count(), 3U);
}

TEST(Stages, only_frames_that_were_presented_count_there) {
  const auto stages = stages_of(
      run_with({{.total = milliseconds{6}, .present = milliseconds{2}}, {.total = milliseconds{7}}}));
  EXPECT_EQ(find_stage(stages, "draw_to_presented")->ms.count(), 1U);
  EXPECT_EQ(p50(stages, "draw_to_presented"), 8);
}

}  // namespace
}  // namespace lumen::probe
