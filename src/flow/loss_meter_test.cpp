#include "flow/loss_meter.hpp"

#include <gtest/gtest.h>

#include <random>

namespace lumen {
namespace {

TEST(LossMeter, counts_exactly_what_was_dropped) {
  LossMeter meter;
  std::mt19937 random{7};
  std::uint32_t dropped = 0;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    if (i > 0 && i < 9'900 && random() % 50 == 0) {
      ++dropped;
      continue;
    }
    meter.received(i);
  }
  const auto report = meter.take();
  EXPECT_EQ(report.lost, dropped);
  EXPECT_NEAR(report.expected, 9'936, 2);
  EXPECT_EQ(meter.take().expected, 0U);
}

TEST(LossMeter, reordering_is_not_loss) {
  LossMeter meter;
  for (std::uint64_t base = 0; base < 6'400; base += 32) {
    for (std::uint64_t i = 32; i-- > 0;) meter.received(base + i + 5);
  }
  EXPECT_LE(meter.take().lost, 31U);  // the very first numbers are unknown
  for (std::uint64_t base = 6'400; base < 12'800; base += 32) {
    for (std::uint64_t i = 32; i-- > 0;) meter.received(base + i + 5);
  }
  EXPECT_EQ(meter.take().lost, 0U);
}

TEST(LossMeter, the_longest_burst_is_reported) {
  LossMeter meter;
  for (std::uint64_t i = 0; i < 500; ++i) {
    if (i < 100 || i >= 117) meter.received(i);
  }
  const auto report = meter.take();
  EXPECT_EQ(report.lost, 17U);
  EXPECT_EQ(report.longest_burst, 17U);
  EXPECT_EQ(report.runs, 1U);
}

TEST(LossMeter, counts_each_run_of_losses_once_even_across_reports) {
  LossMeter meter;
  const auto lost = [](std::uint64_t i) {
    return (i >= 100 && i < 117) || i == 200 || (i >= 300 && i < 303);
  };
  LossReport sum;
  for (std::uint64_t i = 0; i < 500; ++i) {
    if (!lost(i)) meter.received(i);
    sum.add(meter.take());
  }
  EXPECT_EQ(sum.lost, 21U);
  EXPECT_EQ(sum.runs, 3U);
}

TEST(LossMeter, a_huge_gap_costs_no_time_and_counts) {
  LossMeter meter;
  meter.received(0);
  meter.received(1'000'000'000'000);
  const auto report = meter.take();
  EXPECT_GT(report.lost, 1'000'000'000U);
  meter.received(1'000'000'000'001);
}

TEST(LossMeter, starting_anywhere_counts_nothing_before) {
  LossMeter meter;
  for (std::uint64_t i = 77'000; i < 77'200; ++i) meter.received(i);
  EXPECT_EQ(meter.take().lost, 0U);
}

}  // namespace
}  // namespace lumen
