// What lumen/1 promises over bad networks at 720p60 and 10 Mbit/s, with the bytes of real sessions, in
// virtual time. One seed and a few seconds each; `loss-harness --sessions` counts whole minutes and many
// seeds.
#include <gtest/gtest.h>

#include "simulation/session/scenarios.hpp"

namespace lumen::simulation {
namespace {

using namespace std::chrono_literals;

Figures worst_of(Scenario scenario, int seeds, Duration span) {
  scenario.span = span;
  std::vector<Figures> figures;
  for (int seed = 1; seed <= seeds; ++seed)
    figures.push_back(run(scenario, static_cast<std::uint64_t>(seed)));
  return worst(figures);
}

class LossOnTheWay : public testing::TestWithParam<Trouble> {};

TEST_P(LossOnTheWay, loses_no_picture_and_keeps_no_one_waiting_for_a_tenth_of_a_second) {
  const auto figures = worst_of({.trouble = GetParam()}, 1, 4s);
  EXPECT_GT(figures.frames, 225U);
  EXPECT_EQ(figures.lost, 0U);
  EXPECT_EQ(figures.lost_learning, 0U);
  EXPECT_LT(figures.longest_freeze_ms, GetParam() == Trouble::bursts_5 ? 120 : 100);
}

INSTANTIATE_TEST_SUITE_P(Kinds, LossOnTheWay,
                         testing::Values(Trouble::none, Trouble::uniform_2, Trouble::uniform_5,
                                         Trouble::bursts_5, Trouble::uniform_8));

TEST(Blackouts, are_over_for_the_picture_a_tenth_of_a_second_after_the_link_is_back) {
  const auto figures = worst_of({.trouble = Trouble::blackout}, 1, 3s);
  EXPECT_LT(figures.back_after_ms, 100);
  EXPECT_LE(figures.idr, 2U) << "one to begin with, one for the blackout";
}

TEST(ABottleneck, of_a_fifth_is_met_within_a_second_and_used_well_from_then_on) {
  const auto figures = worst_of({.trouble = Trouble::bottleneck}, 1, 6s);
  EXPECT_LT(figures.drained_after_ms, 1000);
  EXPECT_LT(figures.queue_after_ms, 50);
  EXPECT_GT(figures.kbps, 6'500);
  EXPECT_LT(figures.kbps_high, 9'500);
  EXPECT_GT(figures.kbps_recovered, 30'000);
}

TEST(AStillDesktop, notices_the_loss_of_the_last_picture) {
  const auto figures = worst_of({.trouble = Trouble::bursts_5, .still = true}, 1, 6s);
  EXPECT_EQ(figures.lost, 0U);
  EXPECT_LT(figures.latency_p99_ms, 120);
}

}  // namespace
}  // namespace lumen::simulation
