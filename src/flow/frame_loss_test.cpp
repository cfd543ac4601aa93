#include "flow/frame_loss.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace lumen {
namespace {

// The chain itself, datagram by datagram: P[more than m of k + m lost].
double stepped(std::size_t k, std::size_t m, double loss, double burst) {
  const auto end = 1 / std::max(burst, 1 / (1 - loss));
  const auto begin = loss * end / (1 - loss);
  std::vector<double> arrived(m + 2), lost(m + 2);
  arrived[0] = 1 - loss;
  lost[1] = loss;
  for (std::size_t i = 1; i < k + m; ++i) {
    double arrived_before = 0, lost_before = 0;  // with one loss fewer
    for (std::size_t n = 0; n <= m; ++n) {
      const auto a = arrived[n], l = lost[n];
      arrived[n] = a * (1 - begin) + l * end;
      lost[n] = arrived_before * begin + lost_before * (1 - end);
      arrived_before = a;
      lost_before = l;
    }
    lost[m + 1] += arrived_before * begin + lost_before * (1 - end);  // and stays there
  }
  return lost[m + 1];
}

struct Case {
  double loss, burst;
};
constexpr Case kCases[] = {{0.002, 1}, {0.02, 1}, {0.25, 1}, {0.02, 3}, {0.05, 8}, {0.01, 30}};

TEST(FrameLoss, is_what_the_chain_gives_datagram_by_datagram) {
  for (const auto& c : kCases) {
    for (const std::size_t k : {1U, 2U, 10U, 100U, 400U, 1'500U}) {
      for (const std::size_t m : {0U, 1U, 5U, 40U, 200U}) {
        const auto expected = stepped(k, m, c.loss, c.burst);
        ASSERT_NEAR(frame_loss(k, m, {c.loss, c.burst}), expected, 1e-10 + expected * 1e-7) << k << " " << m;
      }
    }
  }
}

TEST(LeastParity, meets_the_target_and_one_less_does_not_for_small_frames) {
  for (const auto& c : kCases) {
    for (const std::size_t k : {1U, 3U, 30U, 250U, 512U}) {
      const auto m = least_parity(k, {c.loss, c.burst}, 1e-7, 65'535);
      EXPECT_LE(stepped(k, m, c.loss, c.burst), 1.01e-7) << k << " " << c.burst;
      if (m > 0) {
        EXPECT_GT(stepped(k, m - 1, c.loss, c.burst), 0.99e-7) << k << " " << c.burst;
      }
    }
  }
}

TEST(LeastParity, of_large_frames_is_within_two_in_a_hundred_of_the_least) {
  for (const auto& c : kCases) {
    for (const std::size_t k : {513U, 1'437U, 7'184U}) {
      for (const double target : {1e-4, 1e-7}) {
        const auto m = least_parity(k, {c.loss, c.burst}, target, 65'535);
        const auto slack = 1 + m / 50;
        EXPECT_LE(stepped(k, m, c.loss, c.burst), 1.25 * target) << k << " " << c.loss << " " << c.burst;
        EXPECT_GT(stepped(k, m - slack, c.loss, c.burst), target) << k << " " << c.loss << " " << c.burst;
      }
    }
  }
}

TEST(LeastParity, of_the_largest_frame_is_just_above_what_is_lost_on_average) {
  const auto m = least_parity(60'000, {0.05, 1}, 1e-7, 65'535);  // 3158 lost on average, deviation 58
  EXPECT_GT(m, 3'158U + 5 * 57);
  EXPECT_LT(m, 3'158U + 6 * 58);
}

TEST(LeastParity, never_exceeds_the_most_that_is_allowed) {
  EXPECT_EQ(least_parity(30, {0.05, 8}, 1e-7, 11), 11U);
  EXPECT_EQ(least_parity(3'000, {0.05, 8}, 1e-7, 11), 11U);
  EXPECT_EQ(least_parity(60'000, {0.9, 50}, 1e-7, 5'000), 5'000U);
}

}  // namespace
}  // namespace lumen
