#include "simulation/playback.hpp"

#include <gtest/gtest.h>

namespace lumen::simulation {
namespace {

using std::chrono::milliseconds;

constexpr Duration kInterval = milliseconds{10};

Timestamp ms(std::int64_t value) { return from_ns(0) + milliseconds{value}; }

Playback asking() { return Playback{{.interval = kInterval, .ask_again = milliseconds{20}}}; }

// Frames [first, end), each complete at ten times its number, except for `without`.
void arrive(Playback& playback, std::uint64_t first, std::uint64_t end, std::uint64_t without) {
  for (auto id = first; id < end; ++id) {
    if (id != without) playback.arrives({FrameId{id}, id == 0, ms(10 * static_cast<std::int64_t>(id))});
  }
}

TEST(Playback, shows_what_arrives_in_time_without_a_stall) {
  auto playback = asking();
  arrive(playback, 0, 10, 99);
  playback.advance(ms(100));
  EXPECT_EQ(playback.stats().frames_shown, 10U);
  EXPECT_EQ(playback.stats().stalls.count(), 0U);
  EXPECT_FALSE(playback.take_ask());
}

TEST(Playback, puts_frames_in_order_within_the_wait) {
  auto playback = asking();
  playback.arrives({FrameId{0}, true, ms(0)});
  playback.arrives({FrameId{2}, false, ms(20)});
  playback.arrives({FrameId{1}, false, ms(23)});
  playback.advance(ms(100));
  EXPECT_EQ(playback.stats().frames_shown, 3U);
  EXPECT_EQ(playback.stats().frames_lost, 0U);
}

TEST(Playback, gives_up_a_frame_that_comes_later_than_the_wait) {
  auto playback = asking();
  playback.arrives({FrameId{0}, true, ms(0)});
  playback.arrives({FrameId{2}, false, ms(20)});
  playback.arrives({FrameId{1}, false, ms(25)});
  playback.advance(ms(100));
  EXPECT_EQ(playback.stats().frames_shown, 1U);
  EXPECT_EQ(playback.stats().frames_lost, 1U);
  EXPECT_EQ(playback.stats().frames_undecodable, 1U);
}

TEST(Playback, stalls_from_a_lost_frame_to_the_next_entry) {
  auto playback = asking();
  arrive(playback, 0, 8, 3);
  playback.arrives({FrameId{8}, true, ms(80)});
  playback.advance(ms(100));
  EXPECT_EQ(playback.stats().frames_undecodable, 4U);
  EXPECT_EQ(playback.stats().frames_shown, 4U);
  EXPECT_EQ(playback.stats().stalls.count(), 1U);
  EXPECT_EQ(playback.stats().stalled, milliseconds{50}) << "frame 3 was due at 30 ms, frame 8 came at 80";
}

TEST(Playback, asks_when_it_gives_up_and_again_until_an_entry_is_there) {
  auto playback = asking();
  arrive(playback, 0, 20, 3);
  for (int now = 0; now <= 80; ++now) playback.advance(ms(now));
  const auto first = playback.take_ask(), second = playback.take_ask();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->at, ms(44));
  EXPECT_EQ(first->broken, FrameId{3});
  EXPECT_EQ(second->at, ms(64));
  EXPECT_FALSE(playback.take_ask());
}

TEST(Playback, that_never_asks_does_not) {
  Playback playback{{.interval = kInterval}};
  arrive(playback, 0, 20, 3);
  playback.advance(ms(300));
  EXPECT_FALSE(playback.take_ask());
}

TEST(Playback, counts_what_never_came_at_the_end) {
  auto playback = asking();
  arrive(playback, 0, 5, 99);
  playback.advance(ms(300));
  playback.end_at(FrameId{7}, ms(70));
  EXPECT_EQ(playback.stats().frames_lost, 2U);
  EXPECT_EQ(playback.stats().stalled, milliseconds{20}) << "frame 5 was due at 50 ms";
}

TEST(Playback, that_never_shows_anything_is_one_long_stall) {
  auto playback = asking();
  playback.end_at(FrameId{7}, ms(70));
  EXPECT_EQ(playback.stats().stalls.count(), 1U);
  EXPECT_EQ(playback.stats().stalled, milliseconds{70});
}

}  // namespace
}  // namespace lumen::simulation
