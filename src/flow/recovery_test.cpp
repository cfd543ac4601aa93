#include "flow/recovery.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <vector>

namespace lumen {
namespace {

using std::chrono::milliseconds;

constexpr Timestamp kStart = from_ns(1'000'000'000);
constexpr Duration kRoundTrip = milliseconds{30};

TEST(RecoveryAsker, asks_at_once_and_then_every_interval) {
  RecoveryAsker asker;
  asker.set_interval(milliseconds{10});
  EXPECT_FALSE(asker.due(kStart));
  asker.broken_at(FrameId{7});
  EXPECT_EQ(asker.due(kStart), FrameId{7});
  EXPECT_FALSE(asker.due(kStart + milliseconds{9}));
  EXPECT_EQ(asker.due(kStart + milliseconds{10}), FrameId{7});
}

TEST(RecoveryAsker, asks_for_the_newest_broken_frame) {
  RecoveryAsker asker;
  asker.broken_at(FrameId{9});
  asker.broken_at(FrameId{7});
  EXPECT_EQ(asker.due(kStart), FrameId{9});
}

TEST(RecoveryAsker, is_content_with_an_idr_at_or_after_the_broken_frame_only) {
  RecoveryAsker asker;
  asker.broken_at(FrameId{7});
  asker.idr_decoded(FrameId{6});
  EXPECT_TRUE(asker.is_broken());
  asker.idr_decoded(FrameId{7});
  EXPECT_FALSE(asker.is_broken());
}

TEST(RecoveryAsker, asks_at_once_when_it_breaks_again) {
  RecoveryAsker asker;
  asker.broken_at(FrameId{7});
  asker.due(kStart);
  asker.idr_decoded(FrameId{8});
  asker.broken_at(FrameId{9});
  EXPECT_EQ(asker.due(kStart), FrameId{9});
}

TEST(RecoveryAsker, frame_found_missing_after_a_newer_idr_does_not_break_it) {
  RecoveryAsker asker;
  asker.idr_decoded(FrameId{10});
  asker.broken_at(FrameId{9});
  asker.broken_at(FrameId{10});
  EXPECT_FALSE(asker.is_broken());
  asker.broken_at(FrameId{11});
  EXPECT_TRUE(asker.is_broken());
}

TEST(RecoveryAsker, interval_of_nothing_does_not_become_a_flood) {
  RecoveryAsker asker;
  asker.set_interval(Duration::zero());
  asker.broken_at(FrameId{7});
  EXPECT_TRUE(asker.due(kStart));
  EXPECT_FALSE(asker.due(kStart + std::chrono::microseconds{100}));
}

TEST(RecoveryMerger, first_request_is_granted_and_its_repeats_are_merged) {
  RecoveryMerger merger;
  EXPECT_TRUE(merger.request(FrameId{5}, kStart, kRoundTrip));
  EXPECT_FALSE(merger.request(FrameId{5}, kStart, kRoundTrip));
  EXPECT_FALSE(merger.request(FrameId{6}, kStart + 2 * kRoundTrip, kRoundTrip));
  EXPECT_EQ(merger.merged_count(), 2U);
}

TEST(RecoveryMerger, request_older_than_the_last_idr_is_merged) {
  RecoveryMerger merger;
  merger.idr_made(FrameId{10}, kStart);
  EXPECT_FALSE(merger.request(FrameId{9}, kStart + 4 * kRoundTrip, kRoundTrip));
}

TEST(RecoveryMerger, lost_idr_is_made_again_after_a_round_trip) {
  RecoveryMerger merger;
  merger.idr_made(FrameId{10}, kStart);
  EXPECT_FALSE(merger.request(FrameId{10}, kStart + kRoundTrip - Duration{1}, kRoundTrip));
  EXPECT_TRUE(merger.request(FrameId{10}, kStart + kRoundTrip, kRoundTrip));
}

TEST(RecoveryMerger, idr_that_the_client_never_heard_of_is_made_again) {
  RecoveryMerger merger;
  merger.idr_made(FrameId{10}, kStart);
  EXPECT_TRUE(merger.request(FrameId{9}, kStart + RecoveryMerger::kPatience, kRoundTrip));
}

TEST(RecoveryMerger, encoder_that_never_answers_is_asked_again) {
  RecoveryMerger merger;
  EXPECT_TRUE(merger.request(FrameId{5}, kStart, kRoundTrip));
  EXPECT_FALSE(merger.request(FrameId{5}, kStart + RecoveryMerger::kPatience - Duration{1}, kRoundTrip));
  EXPECT_TRUE(merger.request(FrameId{5}, kStart + RecoveryMerger::kPatience, kRoundTrip));
}

TEST(RecoveryMerger, patience_is_never_shorter_than_two_round_trips) {
  RecoveryMerger merger;
  const Duration satellite = milliseconds{700};
  merger.idr_made(FrameId{10}, kStart);
  EXPECT_FALSE(merger.request(FrameId{9}, kStart + satellite, satellite));
  EXPECT_TRUE(merger.request(FrameId{9}, kStart + 2 * satellite, satellite));
}

TEST(RecoveryMerger, unknown_round_trip_does_not_mean_an_idr_per_request) {
  RecoveryMerger merger;
  merger.idr_made(FrameId{10}, kStart);
  EXPECT_FALSE(merger.request(FrameId{10}, kStart + milliseconds{1}, Duration::zero()));
  EXPECT_TRUE(merger.request(FrameId{10}, kStart + RecoveryMerger::kUnknownRoundTrip, Duration::zero()));
}

// Both ends, one frame every 8 ms, a path of half a round trip each way on which whole frames and requests
// get lost. A lost frame is noticed when the next one arrives; a client that is broken decodes only an IDR.
class Path {
 public:
  Path(std::uint32_t seed, double frame_loss, double request_loss)
      : random_{seed}, frame_lost_{frame_loss}, request_lost_{request_loss} {
    asker_.set_interval(kRoundTrip);
  }

  void run(Duration span) {
    for (now_ = kStart; now_ < kStart + span; now_ += milliseconds{1}) {
      receive_requests();
      if ((now_ - kStart) % milliseconds{8} == Duration::zero()) send_frame();
      receive_frames();
      if (const auto broken = asker_.due(now_); broken && !request_lost_(random_)) {
        requests_.push_back({*broken, now_ + kRoundTrip / 2});
      }
    }
  }

  std::vector<Timestamp> idrs_made;
  Duration longest_freeze{};
  int decoded = 0, requests_granted = 0;

 private:
  struct Frame {
    FrameId id;
    bool idr;
    Timestamp arrives;
  };
  struct Request {
    FrameId broken;
    Timestamp arrives;
  };

  void receive_requests() {
    for (; !requests_.empty() && requests_.front().arrives <= now_; requests_.pop_front()) {
      if (!merger_.request(requests_.front().broken, now_, kRoundTrip)) continue;
      idr_wanted_ = true;
      ++requests_granted;
    }
  }
  void send_frame() {
    const Frame frame{next_id_, std::exchange(idr_wanted_, false), now_ + kRoundTrip / 2};
    next_id_ = next_id_ + FrameId{1};
    if (frame.idr) {
      merger_.idr_made(frame.id, now_);
      idrs_made.push_back(now_);
    }
    if (!frame_lost_(random_)) frames_.push_back(frame);
  }
  void receive_frames() {
    for (; !frames_.empty() && frames_.front().arrives <= now_; frames_.pop_front()) receive(frames_.front());
  }
  void receive(const Frame& frame) {
    if (frame.id != expected_) asker_.broken_at(frame.id - FrameId{1});
    expected_ = frame.id + FrameId{1};
    if (frame.idr) asker_.idr_decoded(frame.id);
    if (asker_.is_broken()) return;
    longest_freeze = std::max(longest_freeze, now_ - last_decoded_);
    last_decoded_ = now_;
    ++decoded;
  }

  std::mt19937 random_;
  std::bernoulli_distribution frame_lost_, request_lost_;
  RecoveryAsker asker_;
  RecoveryMerger merger_;
  Timestamp now_{};
  std::deque<Frame> frames_;
  std::deque<Request> requests_;
  FrameId next_id_{1}, expected_{1};
  bool idr_wanted_ = true;  // a stream begins with one
  Timestamp last_decoded_ = kStart;
};

class BreakingPath : public testing::TestWithParam<std::uint32_t> {};

TEST_P(BreakingPath, never_costs_more_than_one_idr_per_round_trip) {
  Path path{GetParam(), 0.08, 0.08};
  path.run(std::chrono::seconds{120});
  ASSERT_GT(path.idrs_made.size(), 100U);
  for (std::size_t i = 1; i < path.idrs_made.size(); ++i) {
    ASSERT_GE(path.idrs_made[i] - path.idrs_made[i - 1], kRoundTrip);
  }
}

TEST_P(BreakingPath, always_comes_back_within_a_few_round_trips) {
  Path path{GetParam(), 0.08, 0.08};
  path.run(std::chrono::seconds{120});
  EXPECT_LT(path.longest_freeze, 10 * kRoundTrip);
  EXPECT_GT(path.decoded, 6'000);  // of 15,000
}

TEST_P(BreakingPath, one_idr_answers_each_breakage_when_breakages_are_rare) {
  Path path{GetParam(), 0.001, 0};
  path.run(std::chrono::seconds{240});
  EXPECT_LE(path.longest_freeze, 2 * kRoundTrip + milliseconds{32});
  EXPECT_EQ(path.requests_granted + 1, static_cast<int>(path.idrs_made.size()));
  EXPECT_LT(path.idrs_made.size(), 60U);  // about 30 frames are lost
}

INSTANTIATE_TEST_SUITE_P(Seeds, BreakingPath, testing::Values(1U, 2U, 3U, 4U));

}  // namespace
}  // namespace lumen
