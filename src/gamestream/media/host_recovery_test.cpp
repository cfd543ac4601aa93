#include "gamestream/media/host_recovery.hpp"

#include <gtest/gtest.h>

namespace lumen::gamestream {
namespace {

using namespace std::chrono_literals;
using Kind = RecoveryOrder::Kind;

Timestamp at(Duration time) { return Timestamp{time}; }

// An encoder at 60 frames per second that does what it is told, one frame later.
class Stream {
 public:
  explicit Stream(const HostRecoveryParams& params = {}) : recovery{params} { recovery.begin(now); }
  // Makes a frame as ordered; its type.
  FrameType frame() {
    const auto order = recovery.take_order();
    const auto type = !order                     ? FrameType::predicted
                      : order->kind == Kind::idr ? FrameType::idr
                                                 : FrameType::after_invalidation;
    now += 16ms;
    recovery.made({++number}, type, now);
    return type;
  }
  void frames(int count) {
    for (int i = 0; i < count; ++i) frame();
  }
  void ask_idr(Duration round_trip = 0ms) { recovery.idr_asked(now, round_trip); }
  void ask(std::uint64_t first, std::uint64_t last, Duration round_trip = 0ms) {
    recovery.invalidation_asked({first}, {last}, now, round_trip);
  }

  HostRecovery recovery;
  Timestamp now = at(1h);
  std::uint64_t number = 0;
};

TEST(HostRecovery, m21_a_stream_begins_with_an_idr_nobody_asked_for) {
  Stream stream;
  EXPECT_EQ(stream.frame(), FrameType::idr);
  EXPECT_EQ(stream.frame(), FrameType::predicted);
}

TEST(HostRecovery, m21_a_request_is_answered_by_the_next_frame) {
  Stream stream;
  stream.frames(100);
  stream.ask_idr();
  EXPECT_EQ(stream.frame(), FrameType::idr);
  EXPECT_EQ(stream.frame(), FrameType::predicted);
  EXPECT_EQ(stream.recovery.merged_count(), 0U);
}

TEST(HostRecovery, m21_the_loss_of_an_idr_is_answered_even_when_the_round_trip_is_unknown) {
  Stream stream;
  stream.frames(2);  // the client has seen that the first one is missing when the second came
  stream.ask_idr();
  EXPECT_EQ(stream.frame(), FrameType::idr);
}

TEST(HostRecovery, requests_before_an_ordered_idr_are_one) {
  Stream stream;
  stream.frames(10);
  stream.ask_idr();
  stream.ask_idr();
  stream.ask(9, 10);
  EXPECT_EQ(stream.frame(), FrameType::idr);
  EXPECT_EQ(stream.frame(), FrameType::predicted);
  EXPECT_EQ(stream.recovery.merged_count(), 2U);
}

TEST(HostRecovery, requests_that_crossed_an_idr_are_answered_by_it) {
  Stream stream;
  stream.frames(10);
  stream.ask_idr(40ms);
  stream.frames(2);
  stream.ask_idr(40ms);
  EXPECT_FALSE(stream.recovery.take_order());
  stream.frames(3);
  stream.ask_idr(40ms);
  EXPECT_TRUE(stream.recovery.take_order());
}

TEST(HostRecovery, an_idr_just_made_answers_as_long_as_nothing_follows_for_a_moment) {
  Stream stream;
  stream.frame();
  stream.ask_idr();
  EXPECT_FALSE(stream.recovery.take_order());
  stream.now += HostRecovery::kMoment;
  stream.ask_idr();
  EXPECT_TRUE(stream.recovery.take_order());
}

TEST(HostRecovery, an_order_that_is_never_carried_out_is_repeated) {
  Stream stream;
  stream.frames(10);
  stream.ask_idr();
  EXPECT_TRUE(stream.recovery.take_order());
  stream.ask_idr();
  EXPECT_FALSE(stream.recovery.take_order());
  stream.now += HostRecovery::kPatience;
  stream.ask_idr();
  EXPECT_TRUE(stream.recovery.take_order());
}

TEST(HostRecovery, m27_an_encoder_that_cannot_invalidate_makes_an_idr) {
  Stream stream;
  stream.frames(10);
  stream.ask(9, 9);
  EXPECT_EQ(stream.recovery.take_order(), RecoveryOrder{});
}

TEST(HostRecovery, m27_what_an_idr_has_answered_is_ignored_and_its_own_loss_is_not) {
  Stream stream;
  stream.frames(10);
  stream.ask_idr();
  stream.frames(3);  // 11 is the IDR
  stream.ask(9, 10);
  EXPECT_FALSE(stream.recovery.take_order());
  stream.ask(9, 11);
  EXPECT_TRUE(stream.recovery.take_order());
}

TEST(HostRecovery, m27_the_range_reaches_to_the_newest_frame) {
  Stream stream{{.can_invalidate = true, .reference_frames = 5}};
  stream.frames(10);
  stream.ask(8, 8);
  const RecoveryOrder expected{Kind::invalidate, {8}, {10}};
  EXPECT_EQ(stream.recovery.take_order(), expected);
}

TEST(HostRecovery, m27_repeated_requests_are_ignored_until_they_reach_further) {
  Stream stream{{.can_invalidate = true, .reference_frames = 5}};
  stream.frames(10);
  stream.ask(9, 9);
  EXPECT_EQ(stream.frame(), FrameType::after_invalidation);
  stream.ask(9, 10);
  EXPECT_EQ(stream.frame(), FrameType::predicted);
  stream.ask(9, 11);  // the answer itself is lost
  EXPECT_EQ(stream.frame(), FrameType::after_invalidation);
  EXPECT_EQ(stream.recovery.merged_count(), 1U);
}

TEST(HostRecovery, m27_without_a_reference_from_before_it_is_an_idr) {
  Stream stream{{.can_invalidate = true, .reference_frames = 5}};
  stream.frames(10);
  stream.ask(6, 7);  // 6 to 10: all five
  EXPECT_EQ(stream.frame(), FrameType::idr);
  stream.frames(1);
  stream.ask(11, 11);  // the IDR itself
  EXPECT_EQ(stream.frame(), FrameType::idr);
  stream.frames(1);
  stream.ask(1000, 1001);  // nobody knows
  EXPECT_EQ(stream.frame(), FrameType::idr);
}

TEST(HostRecovery, a_range_may_reach_beyond_the_newest_frame) {
  Stream stream{{.can_invalidate = true, .reference_frames = 5}};
  stream.frames(10);
  stream.ask(10, 4'000'000'000);
  const RecoveryOrder expected{Kind::invalidate, {10}, {10}};
  EXPECT_EQ(stream.recovery.take_order(), expected);
}

TEST(HostRecovery, a_frame_that_cannot_be_sent_is_followed_by_an_idr) {
  Stream stream;
  stream.frames(10);
  stream.recovery.not_sent(stream.now);
  EXPECT_EQ(stream.frame(), FrameType::idr);
  stream.ask_idr(10ms);
  EXPECT_TRUE(!stream.recovery.take_order());
  stream.recovery.not_sent(stream.now);  // it was an IDR: again
  stream.recovery.not_sent(stream.now);
  EXPECT_EQ(stream.frame(), FrameType::idr);
}

TEST(HostRecovery, a_client_that_begins_knows_nothing_of_what_was) {
  Stream stream{{.can_invalidate = true}};
  stream.frames(10);
  stream.recovery.begin(stream.now);
  stream.number = 0;
  EXPECT_EQ(stream.frame(), FrameType::idr);
  stream.frames(1);
  stream.ask(2, 2);
  const RecoveryOrder expected{Kind::invalidate, {2}, {2}};
  EXPECT_EQ(stream.recovery.take_order(), expected);
}

}  // namespace
}  // namespace lumen::gamestream
