#include "flow/parity_control.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

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
  return ParityControl{
      {.initial_loss = loss, .floor_loss = loss, .ceiling_loss = loss, .max_percent = 100'000}};
}

// Makes reports as a client does.
class Counter {
 public:
  void add(bool lost) {
    burst_ = lost ? burst_ + 1 : 0;
    ++report_.expected;
    report_.lost += lost ? 1 : 0;
    report_.runs += burst_ == 1 ? 1 : 0;
    report_.longest_burst = std::max(report_.longest_burst, burst_);
  }
  LossReport take() { return std::exchange(report_, LossReport{}); }

 private:
  LossReport report_;
  std::uint32_t burst_ = 0;
};

// Loses a share of the datagrams in runs of `mean` on average.
class Chain {
 public:
  Chain(double loss, double mean, unsigned seed)
      : random_{seed}, begins_{loss / (1 - loss) / mean}, goes_on_{1 - 1 / mean} {}
  bool operator()() { return lost_ = lost_ ? goes_on_(random_) : begins_(random_); }

 private:
  std::mt19937 random_;
  std::bernoulli_distribution begins_, goes_on_;
  bool lost_ = false;
};

// Sends 5000 datagrams a second, loses what `lost` says, and reports every 50 ms for `span`.
template <class Lost>
Timestamp run(ParityControl& control, Timestamp now, Duration span, Lost&& lost) {
  Counter counter;
  for (const auto end = now + span; now < end;) {
    for (int i = 0; i < 250; ++i) counter.add(lost());
    control.report(now += milliseconds{50}, counter.take());
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
  for (const std::size_t k : {1U, 2U, 7U, 30U, 254U, 512U, 513U, 3'000U, 60'000U}) {
    std::size_t before = 0;
    for (const double loss : {0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.13, 0.2, 0.3, 0.5}) {
      const auto m = fixed(loss).parity_for(k);
      ASSERT_GE(m, before) << k << " " << loss;
      before = m;
    }
  }
}

TEST(Parity, is_one_at_least_and_no_more_than_shards_can_be) {
  for (const double loss : {1e-9, 0.02, 0.5, 0.9}) {
    const auto control = fixed(loss);
    for (const std::size_t k : {0U, 1U, 2U, 100U, 254U, 511U, 512U, 513U, 5'000U, 65'535U, 1'000'000U}) {
      ASSERT_GE(control.parity_for(k), 1U);
      ASSERT_LE(control.parity_for(k), 65'535U);
    }
  }
}

TEST(Parity, stays_between_floor_and_ceiling) {
  const auto bounded = [](double loss) {
    return ParityControl{{.initial_loss = loss,
                          .floor_loss = loss,
                          .ceiling_loss = loss,
                          .min_shards = 2,
                          .small_frame_shards = 6,
                          .min_percent = 10,
                          .max_percent = 35}};
  };
  const auto calm = bounded(1e-6), stormy = bounded(0.4);
  EXPECT_EQ(calm.parity_for(1), 2U);
  EXPECT_EQ(calm.parity_for(200), 20U);
  EXPECT_EQ(stormy.parity_for(4), 6U);
  EXPECT_EQ(stormy.parity_for(200), 70U);
  EXPECT_EQ(stormy.parity_for(10'000), 3'500U);
}

TEST(Parity, floor_wins_over_a_ceiling_below_it) {
  const ParityControl control{{.min_shards = 5, .small_frame_shards = 0, .max_percent = 0}};
  EXPECT_EQ(control.parity_for(10), 5U);
}

TEST(Parity, follows_the_assumed_loss_although_it_is_cached) {
  ParityControl control;
  const auto before = control.parity_for(30);
  control.report(kStart, {.expected = 1'000, .lost = 150, .longest_burst = 2, .runs = 140});
  EXPECT_GT(control.parity_for(30), before);
}

// Frames of `k` data shards lost of `frames`, reported on every six frames.
template <class Lost>
int frames_lost(ParityControl& control, std::size_t k, int frames, Lost&& lost) {
  Counter counter;
  auto now = kStart;
  int failed = 0;
  for (int frame = 0; frame < frames; ++frame) {
    const auto m = control.parity_for(k);
    std::size_t missing = 0;
    for (std::size_t shard = 0; shard < k + m; ++shard) {
      const bool is_lost = lost();
      missing += is_lost ? 1U : 0U;
      counter.add(is_lost);
    }
    failed += missing > m ? 1 : 0;
    if (frame % 6 == 5) control.report(now += milliseconds{50}, counter.take());
  }
  return failed;
}

class UniformLoss : public testing::TestWithParam<std::size_t> {};

TEST_P(UniformLoss, of_two_percent_loses_none_of_100000_frames) {
  ParityControl control;
  EXPECT_EQ(frames_lost(control, GetParam(), 100'000, Chain{0.02, 1 / 0.98, 20240611}), 0);
  EXPECT_NEAR(control.assumed_loss(), 0.0225, 0.0025);
  EXPECT_NEAR(control.assumed_burst(), 1, 0.01);
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
  control.report(later + milliseconds{50}, {.expected = 250, .lost = 20, .longest_burst = 2, .runs = 18});
  EXPECT_GE(control.assumed_loss(), 0.08);
}

TEST(AssumedLoss, rises_at_once_on_a_small_report_too) {
  ParityControl control;
  const auto later = run(control, kStart, seconds{60}, kNothing);
  control.report(later + milliseconds{50}, {.expected = 40, .lost = 4, .longest_burst = 1, .runs = 4});
  EXPECT_GE(control.assumed_loss(), 0.1);
}

TEST(AssumedLoss, one_lost_datagram_changes_little) {
  ParityControl control;
  const auto later = run(control, kStart, seconds{60}, kNothing);
  control.report(later + milliseconds{50}, {.expected = 50, .lost = 1, .longest_burst = 1, .runs = 1});
  EXPECT_LT(control.assumed_loss(), 0.006);
}

TEST(AssumedLoss, settles_just_above_the_true_loss) {
  ParityControl control;
  run(control, kStart, seconds{30}, Chain{0.05, 1 / 0.95, 1});
  EXPECT_GT(control.assumed_loss(), 0.05);
  EXPECT_LT(control.assumed_loss(), 0.065);
}

TEST(AssumedLoss, falls_again_within_seconds_when_the_loss_is_over) {
  ParityControl control;
  control.report(kStart, {.expected = 1'000, .lost = 150, .longest_burst = 3, .runs = 130});
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
    control.report(now, {.expected = static_cast<std::uint32_t>(random() >> scale),
                         .lost = static_cast<std::uint32_t>(random() >> (random() % 32)),
                         .longest_burst = static_cast<std::uint32_t>(random()),
                         .runs = static_cast<std::uint32_t>(random() >> (random() % 32))});
    ASSERT_GE(control.assumed_loss(), ParityControl::Params{}.floor_loss);
    ASSERT_LE(control.assumed_loss(), 0.25);
    ASSERT_GE(control.assumed_burst(), 1);
    ASSERT_LE(control.assumed_burst(), ParityControl::Params{}.max_burst);
    const auto k = 1 + random() % 65'535;
    ASSERT_GE(control.parity_for(k), 1U);
    ASSERT_LE(control.parity_for(k), std::max<std::size_t>(16, (k + 1) / 2));
  }
}

TEST(AssumedBurst, is_one_where_chance_explains_what_follows_one_another) {
  ParityControl control;
  control.report(kStart, {.expected = 1'000, .lost = 20, .longest_burst = 2, .runs = 19});
  EXPECT_NEAR(control.assumed_burst(), 1, 0.01);
  run(control, kStart, seconds{60}, Chain{0.05, 1 / 0.95, 3});
  EXPECT_NEAR(control.assumed_burst(), 1, 0.01);
}

TEST(AssumedBurst, settles_just_above_the_mean_run) {
  for (const double mean : {2.0, 4.0, 8.0}) {
    ParityControl control;
    run(control, kStart, seconds{30}, Chain{0.05, mean, 5});
    EXPECT_GT(control.assumed_burst(), mean);
    EXPECT_LT(control.assumed_burst(), 2 * mean);
  }
}

TEST(AssumedBurst, rises_at_once_and_falls_within_seconds) {
  ParityControl control;
  control.report(kStart, {.expected = 1'000, .lost = 40, .longest_burst = 15, .runs = 5});
  EXPECT_GT(control.assumed_burst(), 8);
  run(control, kStart, seconds{60}, kNothing);
  EXPECT_LT(control.assumed_burst(), 1.5);
}

TEST(AssumedBurst, follows_from_one_long_run_too) {
  ParityControl control;
  control.report(kStart, {.expected = 1'000, .lost = 21, .longest_burst = 12, .runs = 10});
  EXPECT_GT(control.assumed_burst(), 2.1);
}

TEST(Bursts, get_more_parity_than_as_many_scattered_losses) {
  ParityControl scattered, bursty;
  scattered.report(kStart, {.expected = 1'000, .lost = 20, .longest_burst = 2, .runs = 19});
  bursty.report(kStart, {.expected = 1'000, .lost = 20, .longest_burst = 5, .runs = 6});
  EXPECT_GT(bursty.parity_for(100), scattered.parity_for(100) + 10);
}

// Two per cent lost in runs of four on average: told of the runs, control loses far fewer frames.
TEST(Bursts, being_told_of_them_saves_frames) {
  const auto failures = [](bool tell) {
    Chain chain{0.02, 4, 7};
    ParityControl told;
    ParityControl untold{{.max_burst = 1}};
    return frames_lost(tell ? told : untold, 120, 20'000, chain);
  };
  EXPECT_LT(10 * failures(true), failures(false));
}

// The model's own promise: 10⁻⁴ where the ceiling does not bind.
TEST(Bursts, of_eight_lose_no_more_frames_of_500_shards_than_the_target_says) {
  ParityControl control{{.target = 1e-4, .max_percent = 60}};
  EXPECT_LE(frames_lost(control, 500, 20'000, Chain{0.05, 8, 11}), 5);
}

TEST(LossReports, of_intervals_one_after_the_other_add_up) {
  LossReport sum{.expected = 100, .lost = 5, .longest_burst = 3, .runs = 2};
  sum.add({.expected = 50, .lost = 4, .longest_burst = 2, .runs = 3});
  EXPECT_EQ(sum.expected, 150U);
  EXPECT_EQ(sum.lost, 9U);
  EXPECT_EQ(sum.longest_burst, 3U);
  EXPECT_EQ(sum.runs, 5U);
  sum.add({.expected = UINT32_MAX, .lost = UINT32_MAX, .longest_burst = UINT32_MAX, .runs = UINT32_MAX});
  EXPECT_EQ(sum.expected, UINT32_MAX) << "held, not wrapped";
  EXPECT_EQ(sum.runs, UINT32_MAX);
}

}  // namespace
}  // namespace lumen
