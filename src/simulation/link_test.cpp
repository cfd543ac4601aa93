#include "simulation/link.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace lumen::simulation {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr Bytes kSize{1000};

std::vector<Fate> send_all(Link& link, int count, Duration spacing = microseconds{10}) {
  std::vector<Fate> fates;
  for (int i = 0; i < count; ++i) fates.push_back(link.send(from_ns(0) + i * spacing, kSize));
  return fates;
}

bool is_lost(const Fate& fate) { return fate.outcome != Outcome::arrived; }

std::vector<bool> losses(const std::vector<Fate>& fates) {
  std::vector<bool> lost;
  for (const auto& fate : fates) lost.push_back(is_lost(fate));
  return lost;
}

TEST(Random, gives_these_numbers_everywhere) {
  Random random{1};
  EXPECT_EQ(random.next(), 0x910a2dec89025cc1U);
  EXPECT_EQ(random.next(), 0xbeeb8da1658eec67U);
  EXPECT_NE(Random(1, 2).next(), Random(1, 3).next());
  EXPECT_NE(Random(1, 2).next(), Random(2, 2).next());
}

TEST(Link, loses_the_share_it_is_told_to_in_runs_of_the_mean_it_is_told) {
  for (const LossModel& model : {LossModel{0.02, 1}, LossModel{0.05, 8}, LossModel{0.3, 3}}) {
    Link link{{.loss = model}, 4};
    int lost = 0, runs = 0;
    bool before = false;
    constexpr int kCount = 1'000'000;
    for (int i = 0; i < kCount; ++i) {
      const bool now = is_lost(link.send({}, kSize));
      lost += now ? 1 : 0;
      runs += now && !before ? 1 : 0;
      before = now;
    }
    const auto mean = std::max(model.mean_burst, 1 / (1 - model.loss));
    EXPECT_NEAR(lost, model.loss * kCount, 0.03 * model.loss * kCount);
    EXPECT_NEAR(double{1} * lost / runs, mean, 0.03 * mean);
  }
}

TEST(Link, loses_exact_runs_where_it_is_told_to) {
  Link link{{.loss = {.loss = 0.05}, .run = 8}, 4};
  int lost = 0, length = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    if (is_lost(link.send({}, kSize))) {
      ++lost;
      ++length;
    } else if (std::exchange(length, 0) % 8 != 0) {
      FAIL() << "a run that is not of eight";
    }
  }
  EXPECT_NEAR(lost, 50'000, 1'500);
}

TEST(Link, of_no_loss_loses_nothing_and_one_in_outage_everything) {
  Link clean{{}, 1}, dead{{.loss = {.loss = 1}}, 1};
  for (const auto& fate : send_all(clean, 1000)) EXPECT_FALSE(is_lost(fate));
  for (const auto& fate : send_all(dead, 1000)) EXPECT_TRUE(is_lost(fate));
  EXPECT_EQ(dead.stats().lost, 1000U);
}

TEST(Link, of_the_same_seed_does_the_same_and_of_another_another) {
  const LinkParams params{.loss = {0.1, 2}, .jitter = milliseconds{1}, .reordered = 0.1, .duplicated = 0.1};
  Link one{params, 7}, same{params, 7}, other{params, 8};
  const auto fates = send_all(one, 1000), again = send_all(same, 1000);
  for (std::size_t i = 0; i < fates.size(); ++i) {
    ASSERT_EQ(fates[i].outcome, again[i].outcome);
    ASSERT_EQ(fates[i].arrives, again[i].arrives);
    ASSERT_EQ(fates[i].duplicate, again[i].duplicate);
  }
  EXPECT_NE(losses(fates), losses(send_all(other, 1000)));
}

TEST(Link, loses_the_same_after_a_restart_however_much_was_sent_before_and_however_it_travels) {
  Link one{{.loss = {0.2, 2}}, 7}, other{{.loss = {0.2, 2}, .jitter = milliseconds{1}}, 7};
  send_all(one, 17);
  one.restart(5);
  other.restart(5);
  EXPECT_EQ(losses(send_all(one, 300)), losses(send_all(other, 300)));
}

TEST(Link, keeps_the_order_of_datagrams_under_jitter) {
  Link link{{.delay = milliseconds{5}, .jitter = milliseconds{3}}, 1};
  Timestamp before{};
  bool varies = false;
  for (const auto& fate : send_all(link, 1000)) {
    EXPECT_GE(fate.arrives, before);
    varies = varies || fate.arrives - before > microseconds{20};
    before = fate.arrives;
  }
  EXPECT_TRUE(varies);
}

TEST(Link, holds_back_the_share_to_be_reordered_so_that_others_overtake) {
  Link link{{.reordered = 0.1, .reorder_by = microseconds{35}}, 1};
  const auto fates = send_all(link, 1000);
  int overtaken = 0;
  for (std::size_t i = 0; i + 1 < fates.size(); ++i) overtaken += fates[i + 1].arrives < fates[i].arrives;
  EXPECT_NEAR(overtaken, 90, 30);
  EXPECT_NEAR(static_cast<double>(link.stats().reordered), 100, 30);
}

TEST(Link, duplicates_the_share_it_is_told_to_soon_after) {
  Link link{{.duplicated = 0.2, .reorder_by = milliseconds{2}}, 1};
  int twice = 0;
  for (const auto& fate : send_all(link, 1000)) {
    if (!fate.duplicate) continue;
    ++twice;
    EXPECT_GE(*fate.duplicate, fate.arrives);
    EXPECT_LE(*fate.duplicate, fate.arrives + milliseconds{2});
  }
  EXPECT_NEAR(twice, 200, 40);
}

TEST(Link, passes_datagrams_at_the_rate_of_the_bottleneck) {
  Link link{{.delay = milliseconds{1}, .rate = BitsPerSecond{8'000'000}}, 1};  // 1 ms each
  const auto fates = send_all(link, 5, Duration::zero());
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(fates[static_cast<std::size_t>(i)].arrives, from_ns(0) + milliseconds{2 + i});
    EXPECT_EQ(fates[static_cast<std::size_t>(i)].queued, milliseconds{1 + i});
  }
}

TEST(Link, drops_what_does_not_fit_into_the_queue_and_takes_more_when_it_drains) {
  Link link{{.rate = BitsPerSecond{8'000'000}, .queue = Bytes{3000}}, 1};
  const auto fates = send_all(link, 5, Duration::zero());
  EXPECT_EQ(losses(fates), (std::vector<bool>{false, false, false, true, true}));
  EXPECT_EQ(fates[4].outcome, Outcome::overflowed);
  EXPECT_EQ(link.stats().overflowed, 2U);
  EXPECT_FALSE(is_lost(link.send(from_ns(0) + milliseconds{1}, kSize)));
  EXPECT_TRUE(is_lost(link.send(from_ns(0) + milliseconds{1}, kSize)));
}

}  // namespace
}  // namespace lumen::simulation
