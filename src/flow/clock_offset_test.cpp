#include "flow/clock_offset.hpp"

#include <gtest/gtest.h>

namespace lumen {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kAhead = seconds{1000};  // the peer's clock

Timestamp at_ms(std::int64_t ms) { return from_ns(ms * 1'000'000); }

// A ping sent at `sent`, with these delays on its ways and this time at the peer.
ClockOffset::Sample ping(Timestamp sent, Duration there, Duration back, Duration at_peer = milliseconds{1}) {
  const auto received = sent + there, answered = received + at_peer;
  return {.sent = sent,
          .received = answered + back,
          .remote_received_ns = static_cast<std::uint64_t>(to_ns(received + kAhead)),
          .remote_answered_ns = static_cast<std::uint64_t>(to_ns(answered + kAhead))};
}

TEST(ClockOffset, knows_nothing_before_the_first_answer) {
  const ClockOffset clock;
  EXPECT_FALSE(clock.offset() || clock.round_trip());
  EXPECT_EQ(clock.uncertainty(), Duration::max());
}

TEST(ClockOffset, is_exact_when_both_ways_take_equally_long) {
  ClockOffset clock;
  clock.add(ping(at_ms(5), milliseconds{7}, milliseconds{7}));
  EXPECT_EQ(clock.offset(), kAhead);
  EXPECT_EQ(clock.round_trip(), milliseconds{14});
}

TEST(ClockOffset, is_wrong_by_no_more_than_half_the_round_trip) {
  ClockOffset clock;
  clock.add(ping(at_ms(5), milliseconds{30}, milliseconds{2}));
  EXPECT_LE(std::chrono::abs(*clock.offset() - kAhead), clock.uncertainty());
  EXPECT_EQ(clock.uncertainty(), milliseconds{16});
}

TEST(ClockOffset, takes_the_sample_that_waited_least) {
  ClockOffset clock;
  clock.add(ping(at_ms(0), milliseconds{50}, milliseconds{1}));
  clock.add(ping(at_ms(100), milliseconds{2}, milliseconds{2}));
  clock.add(ping(at_ms(200), milliseconds{1}, milliseconds{80}));
  EXPECT_EQ(clock.offset(), kAhead);
  EXPECT_EQ(clock.round_trip(), milliseconds{4});
}

TEST(ClockOffset, forgets_a_short_round_trip_after_a_while) {
  ClockOffset clock;
  clock.add(ping(at_ms(0), milliseconds{1}, milliseconds{1}));
  clock.add(ping(at_ms(30'000), milliseconds{20}, milliseconds{20}));
  EXPECT_EQ(clock.round_trip(), milliseconds{40});
}

TEST(ClockOffset, works_with_a_peer_whose_clock_is_behind) {
  ClockOffset clock;
  clock.add(
      {.sent = at_ms(10'000), .received = at_ms(10'010), .remote_received_ns = 5, .remote_answered_ns = 5});
  EXPECT_NEAR(static_cast<double>(clock.offset()->count()), -10'005e6 + 5, 1);
}

TEST(ClockOffset, drops_samples_that_cannot_be) {
  ClockOffset clock;
  constexpr auto kMax = ~std::uint64_t{0};
  clock.add({.sent = at_ms(2), .received = at_ms(1), .remote_received_ns = 1, .remote_answered_ns = 1});
  clock.add({.sent = at_ms(1), .received = at_ms(2), .remote_received_ns = 2, .remote_answered_ns = 1});
  clock.add({.sent = at_ms(1), .received = at_ms(2), .remote_received_ns = kMax, .remote_answered_ns = kMax});
  clock.add(
      {.sent = at_ms(1), .received = at_ms(2), .remote_received_ns = 1, .remote_answered_ns = 2'000'000});
  clock.add({.sent = at_ms(-1), .received = at_ms(2), .remote_received_ns = 1, .remote_answered_ns = 1});
  EXPECT_FALSE(clock.offset());
}

TEST(ClockOffset, keeps_no_more_than_it_may) {
  ClockOffset clock;
  for (int i = 0; i < 10'000; ++i) clock.add(ping(at_ms(i), milliseconds{10'000 - i}, milliseconds{0}));
  EXPECT_EQ(clock.round_trip(), milliseconds{1});
}

}  // namespace
}  // namespace lumen
