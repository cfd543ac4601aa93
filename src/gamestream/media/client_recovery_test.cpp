#include "gamestream/media/client_recovery.hpp"

#include <gtest/gtest.h>

namespace lumen::gamestream {
namespace {

using namespace std::chrono_literals;

constexpr auto kIdr = FrameType::idr;
constexpr auto kPlain = FrameType::predicted;
constexpr auto kFree = FrameType::after_invalidation;

Timestamp at(Duration time) { return Timestamp{time}; }

RecoveryRequest invalidate(std::uint64_t first, std::uint64_t last) {
  return {RecoveryRequest::Kind::invalidate, {first}, {last}};
}

// Has decoded frame 1, an IDR.
ClientRecovery begun(bool can_invalidate) {
  ClientRecovery recovery{{.can_invalidate = can_invalidate}};
  EXPECT_TRUE(recovery.admit({1}, kIdr, at(0ms)));
  return recovery;
}

TEST(ClientRecovery, nothing_is_asked_while_all_is_well) {
  ClientRecovery fresh{{}};
  EXPECT_FALSE(fresh.due(at(1h)));
  EXPECT_FALSE(fresh.next_ask());
  auto recovery = begun(false);
  EXPECT_TRUE(recovery.admit({2}, kPlain, at(1ms)));
  EXPECT_FALSE(recovery.due(at(1h)));
}

TEST(ClientRecovery, a_stream_that_does_not_begin_with_an_idr_is_asked_for_one) {
  ClientRecovery recovery{{.can_invalidate = true}};
  EXPECT_FALSE(recovery.admit({1}, kPlain, at(0ms)));
  EXPECT_EQ(recovery.due(at(0ms)), RecoveryRequest{});
}

TEST(ClientRecovery, m45_an_idr_is_asked_for_at_once_and_again_on_a_timer) {
  auto recovery = begun(false);
  recovery.set_round_trip(80ms);
  recovery.lost({2}, {2}, at(10ms));
  EXPECT_EQ(recovery.due(at(10ms)), RecoveryRequest{});
  EXPECT_FALSE(recovery.admit({3}, kPlain, at(20ms)));
  EXPECT_FALSE(recovery.admit({4}, kFree, at(30ms))) << "whatever it is free of, it was not asked for";
  EXPECT_FALSE(recovery.due(at(169ms)));
  EXPECT_EQ(recovery.next_ask(), at(170ms));
  EXPECT_EQ(recovery.due(at(170ms)), RecoveryRequest{});
  EXPECT_TRUE(recovery.admit({5}, kIdr, at(180ms)));
  EXPECT_FALSE(recovery.is_broken());
  EXPECT_FALSE(recovery.due(at(1h)));
}

// Section 11.4's table.
TEST(ClientRecovery, m45_the_range_reaches_from_the_first_undelivered_to_the_newest_that_cannot_be_used) {
  auto recovery = begun(true);
  recovery.lost({2}, {2}, at(10ms));
  EXPECT_EQ(recovery.due(at(10ms)), invalidate(2, 2));
  EXPECT_FALSE(recovery.due(at(11ms)));
  EXPECT_FALSE(recovery.admit({3}, kPlain, at(20ms)));
  EXPECT_EQ(recovery.due(at(20ms)), invalidate(2, 3));
  EXPECT_FALSE(recovery.admit({4}, kPlain, at(30ms)));
  EXPECT_EQ(recovery.due(at(30ms)), invalidate(2, 4));
  EXPECT_TRUE(recovery.admit({5}, kFree, at(40ms)));
  EXPECT_FALSE(recovery.due(at(1h)));
  recovery.lost({6}, {8}, at(50ms));
  EXPECT_EQ(recovery.due(at(50ms)), invalidate(6, 8));
}

TEST(ClientRecovery, m45_each_kind_of_recovery_point_ends_it) {
  for (const auto type : {FrameType::idr, FrameType::intra_refreshed, FrameType::after_invalidation}) {
    auto recovery = begun(true);
    recovery.lost({2}, {2}, at(10ms));
    EXPECT_TRUE(recovery.admit({3}, type, at(20ms)));
    EXPECT_TRUE(recovery.admit({4}, kPlain, at(30ms)));
  }
}

TEST(ClientRecovery, an_invalidation_that_is_not_answered_becomes_a_request_for_an_idr) {
  auto silent = begun(true);
  silent.lost({2}, {2}, at(10ms));
  EXPECT_EQ(silent.due(at(10ms)), invalidate(2, 2));
  EXPECT_EQ(silent.due(at(110ms)), invalidate(2, 2)) << "again";
  EXPECT_EQ(silent.due(at(310ms)), RecoveryRequest{});
  EXPECT_FALSE(silent.due(at(311ms)));

  auto growing = begun(true);
  growing.lost({2}, {2}, at(10ms));
  for (std::uint64_t frame = 3; frame < 22; ++frame) EXPECT_FALSE(growing.admit({frame}, kPlain, at(11ms)));
  EXPECT_EQ(growing.due(at(11ms)), invalidate(2, 21));
  EXPECT_FALSE(growing.admit({22}, kPlain, at(12ms)));
  EXPECT_EQ(growing.due(at(12ms)), RecoveryRequest{});
}

TEST(ClientRecovery, what_the_decoder_cannot_use_is_followed_by_an_idr) {
  auto recovery = begun(true);
  recovery.not_decoded(at(10ms));
  EXPECT_TRUE(recovery.is_broken());
  EXPECT_EQ(recovery.due(at(10ms)), RecoveryRequest{});
  EXPECT_FALSE(recovery.admit({2}, kPlain, at(20ms)));
}

TEST(StreamWatch, m50_gives_up_after_10_s_without_video_or_without_a_key_frame) {
  using Verdict = StreamWatch::Verdict;
  StreamWatch watch{at(1s)};
  EXPECT_EQ(watch.verdict(at(10'999ms)), Verdict::good);
  EXPECT_EQ(watch.verdict(at(11s)), Verdict::no_video);
  watch.datagram_came(at(5s));
  watch.datagram_came(at(9s));
  EXPECT_EQ(watch.verdict(at(14'999ms)), Verdict::good);
  EXPECT_EQ(watch.verdict(at(15s)), Verdict::no_key_frame);
  watch.key_frame_came();
  EXPECT_EQ(watch.verdict(at(1h)), Verdict::good);
}

}  // namespace
}  // namespace lumen::gamestream
