#include "flow/sound_redundancy.hpp"

#include <gtest/gtest.h>

namespace lumen {
namespace {

using namespace std::chrono_literals;

Timestamp now = from_ns(1);  // goes on from test to test

// A second of it.
void report(SoundRedundancy& redundancy, std::uint32_t expected, std::uint32_t lost,
            Duration interval = 100ms) {
  for (Duration passed{}; passed < 1s; passed += interval) {
    redundancy.report({.expected = expected, .lost = lost}, now += interval);
  }
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

TEST(SoundRedundancy, how_often_it_is_reported_does_not_matter) {
  SoundRedundancy seldom, often;
  for (int second = 0; second < 10; ++second) {
    report(seldom, 40, second == 0 ? 4 : 0, 100ms);
    report(often, 10, second == 0 ? 1 : 0, 25ms);
  }
  EXPECT_GT(seldom.loss(), 5e-4);
  EXPECT_NEAR(often.loss(), seldom.loss(), seldom.loss() * 0.05);
}

TEST(SoundRedundancy, loss_around_a_threshold_does_not_make_it_flutter) {
  SoundRedundancy redundancy;
  std::size_t changes = 0, before = redundancy.copies();
  for (int i = 0; i < 60; ++i) {
    report(redundancy, 1000, i % 2 == 0 ? 4 : 3, 25ms);  // two copies from 0.32 % on
    if (i >= 10 && redundancy.copies() != before) ++changes;
    before = redundancy.copies();
  }
  EXPECT_EQ(changes, 0U);
}

TEST(SoundRedundancy, a_report_that_makes_no_sense_is_survived) {
  SoundRedundancy redundancy;
  redundancy.report({.expected = 0, .lost = 5}, now);
  redundancy.report({.expected = 5, .lost = 4'000'000'000}, now);
  EXPECT_LE(redundancy.loss(), 1);
}

}  // namespace
}  // namespace lumen
