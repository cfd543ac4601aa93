#include "flow/parity_control.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace lumen {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Timestamp kStart = from_ns(1'000'000'000);

// P[more than m of n lost], term by term from the binomial distribution.
double block_failure(std::size_t n, std::size_t m, double loss) {
  double sum = 0;
  for (auto i = m + 1; i <= n; ++i) {
    const auto count = static_cast<double>(n), lost = static_cast<double>(i);
    sum += std::exp(std::lgamma(count + 1) - std::lgamma(lost + 1) - std::lgamma(count - lost + 1) +
                    lost * std::log(loss) + (count - lost) * std::log1p(-loss));
  }
  return sum;
}

// Assumes `loss` exactly.
ParityControl fixed(double loss) {
  return ParityControl{{.initial_loss = loss, .floor_loss = loss, .ceiling_loss = loss}};
}

// Sends `rate` datagrams a second, loses what `lost` says, and reports every 50 ms for `span`.
template <class Lost>
Timestamp run(ParityControl& control, Timestamp now, Duration span, Lost lost) {
  constexpr std::uint32_t kExpected = 250;
  for (const auto end = now + span; now < end;) {
    LossReport report{.expected = kExpected};
    std::uint32_t burst = 0;
    for (std::uint32_t i = 0; i < kExpected; ++i) {
      burst = lost() ? burst + 1 : 0;
      report.lost += burst > 0 ? 1 : 0;
      report.longest_burst = std::max(report.longest_burst, burst);
    }
    now += milliseconds{50};
    control.report(now, report);
  }
  return now;
}

const auto kNothing = [] { return false; };

TEST(Parity, is_the_least_that_keeps_failures_below_the_target) {
  for (const double loss : {0.001, 0.005, 0.02, 0.08, 0.25}) {
    const auto control = fixed(loss);
    for (const std::size_t k : {1U, 2U, 5U, 15U, 30U, 80U, 120U}) {
      const auto m = control.parity_for(k);
      if (k + m < 255) {
        EXPECT_LE(block_failure(k + m, m, loss), 1e-7 * 1.001) << k << " " << loss;
      }
      if (m > 1) {
        EXPECT_GT(block_failure(k + m - 1, m - 1, loss), 1e-7) << k << " " << loss;
      }
    }
  }
}

TEST(Parity, never_shrinks_when_loss_grows) {
  for (std::size_t k = 1; k <= 254; ++k) {
    std::size_t before = 0;
    for (const double loss : {0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.13, 0.2, 0.3, 0.5}) {
      const auto m = fixed(loss).parity_for(k);
      ASSERT_GE(m, before) << k << " " << loss;
      before = m;
    }
  }
}

TEST(Parity, is_one_at_least_and_fits_the_block) {
  for (const double loss : {1e-9, 0.02, 0.5, 0.9}) {
    const auto control = fixed(loss);
    for (std::size_t k = 1; k <= 254; ++k) {
      ASSERT_GE(control.parity_for(k), 1U);
      ASSERT_LE(k + control.parity_for(k), 255U);
    }
  }
}

TEST(Parity, follows_the_assumed_loss_although_it_is_cached) {
  ParityControl control;
  const auto before = control.parity_for(30);
  control.report(kStart, {.expected = 1'000, .lost = 150, .longest_burst = 2});
  EXPECT_GT(control.parity_for(30), before);
}

class UniformLoss : public testing::TestWithParam<std::size_t> {};

TEST_P(UniformLoss, of_two_percent_loses_none_of_100000_blocks) {
  std::mt19937 random{20240611};
  std::bernoulli_distribution lost{0.02};
  ParityControl control;
  auto now = kStart;
  LossReport report;
  int failed = 0;
  for (int block = 0; block < 100'000; ++block) {
    const auto m = control.parity_for(GetParam());
    std::size_t missing = 0;
    for (std::size_t shard = 0; shard < GetParam() + m; ++shard) missing += lost(random) ? 1U : 0U;
    failed += missing > m ? 1 : 0;
    report.expected += static_cast<std::uint32_t>(GetParam() + m);
    report.lost += static_cast<std::uint32_t>(missing);
    if (block % 6 != 5) continue;
    now += milliseconds{50};
    control.report(now, report);
    report = {};
  }
  EXPECT_EQ(failed, 0);
  EXPECT_NEAR(control.assumed_loss(), 0.0225, 0.0025);
}

INSTANTIATE_TEST_SUITE_P(DataShards, UniformLoss, testing::Values(15U, 30U));

TEST(AssumedLoss, decays_to_the_floor_on_a_clean_link) {
  ParityControl control;
  EXPECT_DOUBLE_EQ(control.assumed_loss(), 0.02);
  const auto later = run(control, kStart, seconds{3}, kNothing);
  EXPECT_LT(control.assumed_loss(), 0.014);
  run(control, later, seconds{20}, kNothing);
  EXPECT_NEAR(control.assumed_loss(), ParityControl::Params{}.floor_loss, 0.0003);
}

TEST(AssumedLoss, rises_at_once_after_any_length_of_clean_link) {
  ParityControl control;
  const auto later = run(control, kStart, seconds{60}, kNothing);
  control.report(later + milliseconds{50}, {.expected = 250, .lost = 20, .longest_burst = 2});
  EXPECT_GE(control.assumed_loss(), 0.08);
}

TEST(AssumedLoss, rises_at_once_on_a_small_report_too) {
  ParityControl control;
  const auto later = run(control, kStart, seconds{60}, kNothing);
  control.report(later + milliseconds{50}, {.expected = 40, .lost = 4, .longest_burst = 1});
  EXPECT_GE(control.assumed_loss(), 0.1);
}

TEST(AssumedLoss, one_lost_datagram_changes_little) {
  ParityControl control;
  const auto later = run(control, kStart, seconds{60}, kNothing);
  control.report(later + milliseconds{50}, {.expected = 50, .lost = 1, .longest_burst = 1});
  EXPECT_LT(control.assumed_loss(), 0.006);
}

TEST(AssumedLoss, settles_just_above_the_true_loss) {
  std::mt19937 random{1};
  std::bernoulli_distribution lost{0.05};
  ParityControl control;
  run(control, kStart, seconds{30}, [&] { return lost(random); });
  EXPECT_GT(control.assumed_loss(), 0.05);
  EXPECT_LT(control.assumed_loss(), 0.065);
}

TEST(AssumedLoss, falls_again_within_seconds_when_the_loss_is_over) {
  ParityControl control;
  control.report(kStart, {.expected = 1'000, .lost = 150, .longest_burst = 3});
  const auto at_once = control.assumed_loss();
  const auto later = run(control, kStart, seconds{3}, kNothing);
  EXPECT_GT(control.assumed_loss(), at_once / 4);
  run(control, later, seconds{30}, kNothing);
  EXPECT_LT(control.assumed_loss(), 0.006);
}

TEST(AssumedLoss, idle_stream_does_not_forget_its_way_up) {
  ParityControl control;
  auto now = run(control, kStart, seconds{20}, kNothing);
  for (int i = 0; i < 600; ++i) control.report(now += milliseconds{500}, {.expected = 2});
  EXPECT_LE(control.assumed_loss(), 0.02);
}

TEST(AssumedLoss, never_leaves_its_bounds_whatever_is_reported) {
  std::mt19937 random{1};
  ParityControl control;
  auto now = kStart;
  for (int i = 0; i < 10'000; ++i) {
    now += Duration{static_cast<Duration::rep>(random()) - 1'000'000'000};  // also backwards
    const auto scale = random() % 32;
    control.report(
        now, {static_cast<std::uint32_t>(random() >> scale),
              static_cast<std::uint32_t>(random() >> (random() % 32)), static_cast<std::uint32_t>(random())});
    ASSERT_GE(control.assumed_loss(), ParityControl::Params{}.floor_loss);
    ASSERT_LE(control.assumed_loss(), 0.25);
    ASSERT_GE(control.parity_for(1 + random() % 254), 1U);
  }
}

TEST(Bursts, widen_the_assumed_loss) {
  ParityControl scattered, bursty;
  scattered.report(kStart, {.expected = 1'000, .lost = 20, .longest_burst = 2});
  bursty.report(kStart, {.expected = 1'000, .lost = 20, .longest_burst = 5});
  EXPECT_GT(bursty.assumed_loss(), 2 * scattered.assumed_loss());
}

TEST(Bursts, that_chance_explains_widen_nothing) {
  ParityControl without, with;
  without.report(kStart, {.expected = 1'000, .lost = 20, .longest_burst = 1});
  with.report(kStart, {.expected = 1'000, .lost = 20, .longest_burst = 2});
  EXPECT_DOUBLE_EQ(with.assumed_loss(), without.assumed_loss());
}

// Two per cent lost in runs of four on average: told of the runs, control loses far fewer blocks.
TEST(Bursts, being_told_of_them_saves_blocks) {
  const auto failures = [](bool tell) {
    std::mt19937 random{7};
    std::bernoulli_distribution begins{0.005}, goes_on{0.75};
    ParityControl control;
    LossReport report;
    auto now = kStart;
    std::uint32_t run_length = 0;
    int failed = 0;
    for (int block = 0; block < 20'000; ++block) {
      const auto m = control.parity_for(30);
      std::size_t missing = 0;
      for (std::size_t shard = 0; shard < 30 + m; ++shard) {
        run_length = (run_length > 0 ? goes_on(random) : begins(random)) ? run_length + 1 : 0;
        missing += run_length > 0 ? 1U : 0U;
        report.longest_burst = std::max(report.longest_burst, tell ? run_length : 0U);
      }
      failed += missing > m ? 1 : 0;
      report.expected += static_cast<std::uint32_t>(30 + m);
      report.lost += static_cast<std::uint32_t>(missing);
      if (block % 6 != 5) continue;
      control.report(now += milliseconds{50}, report);
      report = {};
    }
    return failed;
  };
  EXPECT_LT(10 * failures(true), failures(false));
}

}  // namespace
}  // namespace lumen
