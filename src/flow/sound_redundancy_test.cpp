#include "flow/sound_redundancy.hpp"

#include <gtest/gtest.h>

namespace lumen {
namespace {

// A second of it.
void report(SoundRedundancy& redundancy, std::uint32_t expected, std::uint32_t lost) {
  for (int i = 0; i < 10; ++i) redundancy.report({.expected = expected, .lost = lost});
}

TEST(SoundRedundancy, begins_protected) { EXPECT_EQ(SoundRedundancy{}.copies(), 2U); }

TEST(SoundRedundancy, a_network_that_loses_nothing_costs_nothing_in_the_end) {
  SoundRedundancy redundancy;
  for (int second = 0; second < 30; ++second) report(redundancy, 30, 0);
  EXPECT_EQ(redundancy.copies(), 0U);
}

TEST(SoundRedundancy, the_more_is_lost_the_more_copies_there_are) {
  std::size_t before = 0;
  for (const std::uint32_t lost : {1U, 20U, 50U, 300U}) {
    SoundRedundancy redundancy;
    for (int second = 0; second < 30; ++second) report(redundancy, 1000, lost);
    EXPECT_NEAR(redundancy.loss(), lost / 1000.0, 1e-4);
    EXPECT_GE(redundancy.copies(), before);
    before = redundancy.copies();
  }
  EXPECT_EQ(before, SoundRedundancy::kMost);
}

TEST(SoundRedundancy, loss_that_begins_is_answered_within_a_second) {
  SoundRedundancy redundancy;
  for (int second = 0; second < 30; ++second) report(redundancy, 30, 0);
  report(redundancy, 30, 2);
  EXPECT_GE(redundancy.copies(), 2U);
}

TEST(SoundRedundancy, a_report_that_makes_no_sense_is_survived) {
  SoundRedundancy redundancy;
  redundancy.report({.expected = 0, .lost = 5});
  redundancy.report({.expected = 5, .lost = 4'000'000'000});
  EXPECT_LE(redundancy.loss(), 1);
}

}  // namespace
}  // namespace lumen
