#include "desktop/embedded/tick.h"

#include <gtest/gtest.h>

namespace {

constexpr std::uint64_t kDayNs = 86'400'000'000'000;

TEST(TickGrid, hits_whole_seconds_exactly_at_fractional_rates) {
  const lumen_comp_grid grid{.epoch_ns = 5, .refresh_mhz = 59'940};
  EXPECT_EQ(lce_grid_time(grid, 0), 5U);
  EXPECT_EQ(lce_grid_time(grid, 1), 5U + 16'683'350U);
  EXPECT_EQ(lce_grid_time(grid, 5994), 5U + 100'000'000'000U);  // 5994 ticks are exactly 100 s
}

TEST(TickGrid, does_not_drift_over_a_day) {
  const lumen_comp_grid grid{.epoch_ns = 0, .refresh_mhz = 143'998};
  const std::uint64_t ticks_a_day = 143'998ULL * 86'400 / 1000;
  const auto time = lce_grid_time(grid, ticks_a_day);
  EXPECT_LE(time, kDayNs);
  EXPECT_GT(time, kDayNs - lce_grid_period_ns(grid));
}

TEST(TickGrid, finds_the_first_tick_strictly_after_a_time) {
  for (const std::uint32_t refresh_mhz : {1'000U, 23'976U, 59'940U, 144'000U, 1'000'000U}) {
    const lumen_comp_grid grid{.epoch_ns = 123'456'789, .refresh_mhz = refresh_mhz};
    for (const std::uint64_t tick : {1ULL, 2ULL, 59'939ULL, 59'940ULL, 1'000'000'007ULL}) {
      const auto due = lce_grid_time(grid, tick);
      EXPECT_EQ(lce_grid_tick_after(grid, due - 1), tick) << refresh_mhz;
      EXPECT_EQ(lce_grid_tick_after(grid, due), tick + 1) << refresh_mhz;
    }
  }
}

TEST(TickGrid, starts_with_tick_zero_before_its_epoch) {
  const lumen_comp_grid grid{.epoch_ns = 1000, .refresh_mhz = 60'000};
  EXPECT_EQ(lce_grid_tick_after(grid, 999), 0U);
  EXPECT_EQ(lce_grid_tick_after(grid, 1000), 1U);
}

}  // namespace
