#include <gtest/gtest.h>

#include <iterator>
#include <set>

#include "lumen1/reassembler.hpp"
#include "lumen1/test_frames.hpp"

namespace lumen::lumen1 {
namespace {

using namespace std::chrono_literals;
using test::at_ms;
using test::Bodies;
using test::noise;
using test::pack;
using Ids = std::vector<std::uint64_t>;

class Repeats : public testing::Test {
 protected:
  Repeats() { reassembler_.set_repeats({.interval = 10ms, .patience = 60ms}); }
  void push(const Bodies& frame, Timestamp now, const std::set<std::size_t>& lost = {}) {
    for (std::size_t i = 0; i < frame.body.size(); ++i) {
      if (!lost.contains(i)) reassembler_.push(frame.body[i], now);
    }
  }
  void push_small(std::uint64_t id, Timestamp now) { push(pack(noise(100, 1), id), now); }
  Ids pop(Timestamp now) {
    Ids ids;
    while (reassembler_.pop(unit_, now)) ids.push_back(unit_.id.value);
    return ids;
  }
  void expect_loss(std::uint64_t first, std::uint64_t last) {
    const auto loss = reassembler_.take_loss();
    ASSERT_TRUE(loss);
    EXPECT_EQ(loss->first.value, first);
    EXPECT_EQ(loss->last.value, last);
  }
  const ReassemblyStats& stats() const { return reassembler_.stats(); }
  std::vector<AskShards> asks(Timestamp now) {
    std::vector<AskShards> asks;
    while (const auto ask = reassembler_.next_ask(now)) asks.push_back(*ask);
    return asks;
  }

  Reassembler reassembler_{test::codec()};
  AccessUnit unit_;
};

// The first datagrams, as many as parity can mend plus `excess`.
std::set<std::size_t> as_many_as_parity(const Bodies& frame, std::size_t excess) {
  std::set<std::size_t> lost;
  for (std::size_t i = 0; i < frame.header(0).parity_shards + excess; ++i) lost.insert(i);
  return lost;
}

TEST_F(Repeats, missing_data_is_asked_for_once_something_newer_has_come) {
  const auto frame = pack(noise(12'000, 1), 1);
  auto lost = as_many_as_parity(frame, 1);
  lost.insert(8);
  push_small(0, at_ms(0));
  ASSERT_EQ(pop(at_ms(0)), (Ids{0}));
  push(frame, at_ms(1), lost);
  EXPECT_TRUE(asks(at_ms(9)).empty()) << "more of it may be on its way";
  push_small(2, at_ms(10));
  EXPECT_TRUE(asks(at_ms(11)).empty()) << "it may have been overtaken";
  EXPECT_EQ(*reassembler_.next_deadline(), at_ms(12));
  const auto asked = asks(at_ms(12));
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].frame, 1U);
  EXPECT_EQ(asked[0].attempt, 1U);
  ASSERT_EQ(asked[0].count, 2U);
  EXPECT_EQ(asked[0].ranges[0].first, 0U);
  EXPECT_EQ(asked[0].ranges[0].last, *std::prev(lost.end(), 2));
  EXPECT_EQ(asked[0].ranges[1], (AskShards::Range{8, 8}));
  EXPECT_TRUE(pop(at_ms(30)).empty()) << "it is waited for";
  for (const auto shard : lost) reassembler_.push(frame.body[shard], at_ms(31));
  EXPECT_EQ(pop(at_ms(31)), (Ids{1, 2}));
  EXPECT_EQ(stats().frames_asked, 1U);
  EXPECT_EQ(stats().frames_rescued, 1U);
  EXPECT_EQ(stats().frames_lost, 0U);
}

TEST_F(Repeats, requests_are_insisted_upon_and_become_new_attempts) {
  push_small(0, at_ms(0));
  ASSERT_EQ(pop(at_ms(0)), (Ids{0}));
  push_small(2, at_ms(10));
  std::vector<int> attempts;
  for (int ms = 10; ms < 40; ++ms) {
    for (const auto& ask : asks(at_ms(ms))) {
      EXPECT_EQ(ask.frame, 1U);
      EXPECT_EQ(ask.count, 0U) << "nothing of it came";
      attempts.push_back(ask.attempt);
    }
  }
  EXPECT_EQ(attempts, (std::vector{1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3}));
  EXPECT_EQ(stats().asks, 3U);
}

TEST_F(Repeats, a_frame_that_does_not_come_is_given_up_in_the_end) {
  push_small(0, at_ms(0));
  ASSERT_EQ(pop(at_ms(0)), (Ids{0}));
  push_small(2, at_ms(10));
  EXPECT_TRUE(pop(at_ms(69)).empty());
  EXPECT_EQ(pop(at_ms(70)), (Ids{2}));
  expect_loss(1, 1);
}

TEST_F(Repeats, a_mark_makes_a_lost_last_frame_known) {
  push_small(0, at_ms(0));
  ASSERT_EQ(pop(at_ms(0)), (Ids{0}));
  reassembler_.mark(1, at_ms(20));
  EXPECT_TRUE(asks(at_ms(21)).empty());
  EXPECT_EQ(asks(at_ms(22)).size(), 1U);
  push_small(1, at_ms(40));
  EXPECT_EQ(pop(at_ms(40)), (Ids{1}));
  EXPECT_FALSE(reassembler_.next_deadline());
  reassembler_.mark(2, at_ms(50));
  EXPECT_EQ(*reassembler_.next_deadline(), at_ms(52));
  EXPECT_TRUE(pop(at_ms(109)).empty());
  EXPECT_FALSE(reassembler_.take_loss());
  EXPECT_TRUE(pop(at_ms(110)).empty());
  expect_loss(2, 2);
}

TEST_F(Repeats, a_mark_before_the_first_frame_says_where_they_begin) {
  reassembler_.mark(500, at_ms(0));
  const auto asked = asks(at_ms(2));
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].frame, 500U);
  push_small(500, at_ms(10));
  EXPECT_EQ(pop(at_ms(10)), (Ids{500}));
}

TEST_F(Repeats, when_too_much_is_missing_nothing_is_asked_for_and_nothing_waited_for) {
  push_small(0, at_ms(0));
  ASSERT_EQ(pop(at_ms(0)), (Ids{0}));
  push_small(Reassembler::kMostRepeatedFrames + 2, at_ms(10));
  EXPECT_TRUE(asks(at_ms(13)).empty());
  EXPECT_EQ(pop(at_ms(14)), (Ids{Reassembler::kMostRepeatedFrames + 2}));
  const auto large = pack(noise(200'000, 1), Reassembler::kMostRepeatedFrames + 3);
  reassembler_.push(large.body[0], at_ms(20));
  push_small(Reassembler::kMostRepeatedFrames + 4, at_ms(21));
  EXPECT_TRUE(asks(at_ms(24)).empty());
  EXPECT_EQ(pop(at_ms(25)), (Ids{Reassembler::kMostRepeatedFrames + 4}));
}

TEST_F(Repeats, the_very_first_frame_is_waited_for_without_a_mark) {
  const auto frame = pack(noise(5'000, 1), 0);
  reassembler_.push(frame.body[0], at_ms(1));
  EXPECT_TRUE(pop(at_ms(500)).empty());
  EXPECT_FALSE(reassembler_.take_loss());
  push(frame, at_ms(501), {0});
  EXPECT_EQ(pop(at_ms(501)), (Ids{0}));
}

TEST_F(Repeats, an_outage_is_known_from_a_mark_alone) {
  push_small(0, at_ms(0));
  ASSERT_EQ(pop(at_ms(0)), (Ids{0}));
  reassembler_.mark(18, at_ms(300));
  EXPECT_TRUE(pop(at_ms(304)).empty());
  expect_loss(1, 18);
}

TEST_F(Repeats, who_needs_an_idr_does_not_wait_for_what_is_before_it) {
  push_small(0, at_ms(0));
  ASSERT_EQ(pop(at_ms(0)), (Ids{0}));
  reassembler_.set_broken(true);
  push_small(2, at_ms(10));
  EXPECT_TRUE(pop(at_ms(10)).empty());
  const auto content = noise(100, 1);
  VideoPacketizer packetizer{test::codec()};
  push(test::bodies_of(packetizer.pack(test::unit_of(content, 4, PictureKind::idr), 1).value()), at_ms(12));
  EXPECT_EQ(pop(at_ms(12)), (Ids{4}));
  expect_loss(1, 3);
}

TEST_F(Repeats, without_patience_nothing_is_asked_for) {
  reassembler_.set_repeats({});
  push_small(0, at_ms(0));
  ASSERT_EQ(pop(at_ms(0)), (Ids{0}));
  push_small(2, at_ms(10));
  EXPECT_TRUE(asks(at_ms(13)).empty());
  EXPECT_EQ(pop(at_ms(14)), (Ids{2}));
}

TEST_F(Repeats, nothing_beyond_what_is_waited_for_is_asked_for) {
  push_small(0, at_ms(0));
  ASSERT_EQ(pop(at_ms(0)), (Ids{0}));
  push_small(2, at_ms(10));
  push_small(15, at_ms(10));
  const auto asked = asks(at_ms(12));
  ASSERT_EQ(asked.size(), 1U) << "3 to 14 are too many, and not in the way";
  EXPECT_EQ(asked[0].frame, 1U);
  EXPECT_EQ(*reassembler_.next_deadline(), at_ms(14));
}

TEST_F(Repeats, while_broken_a_frame_that_is_no_idr_is_not_asked_for) {
  const auto delta = pack(noise(12'000, 1), 1);
  push_small(0, at_ms(0));
  ASSERT_EQ(pop(at_ms(0)), (Ids{0}));
  reassembler_.push(delta.body[0], at_ms(1));
  reassembler_.mark(2, at_ms(2));
  reassembler_.set_broken(true);
  const auto asked = asks(at_ms(4));
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].frame, 2U) << "nothing is known of it";
  EXPECT_EQ(*reassembler_.next_deadline(), at_ms(6));
  reassembler_.set_broken(false);
  EXPECT_EQ(asks(at_ms(4)).size(), 1U);
}

TEST_F(Repeats, while_broken_an_idr_is_asked_for) {
  const auto bytes = noise(12'000, 1);
  VideoPacketizer packetizer{test::codec(), kMaxShardBytes};
  const auto idr =
      test::bodies_of(packetizer.pack(test::unit_of(bytes, 1, PictureKind::idr), ParityControl{}).value());
  push_small(0, at_ms(0));
  ASSERT_EQ(pop(at_ms(0)), (Ids{0}));
  reassembler_.set_broken(true);
  reassembler_.push(idr.body[0], at_ms(1));
  reassembler_.mark(1, at_ms(2));
  EXPECT_EQ(asks(at_ms(4)).size(), 1U);
}

}  // namespace
}  // namespace lumen::lumen1
