#include <gtest/gtest.h>

#include <sched.h>
#include <algorithm>
#include <array>

#include <memory>
#include <random>
#include <vector>

#include "base/handoff.hpp"
#include "base/histogram.hpp"
#include "base/priority.hpp"
#include "base/result.hpp"
#include "base/thread.hpp"
#include "base/units.hpp"
#include "base/wire.hpp"

namespace lumen {
namespace {

using namespace std::chrono_literals;

Result<int> parse_port(int raw) {
  if (raw <= 0 || raw > 65'535) {
    return fail(ErrorCode::malformed, "test.port", "port out of range", "Use 1 to 65535");
  }
  return raw;
}

Result<int> next_port(int raw) {
  LUMEN_TRY(const int port, parse_port(raw));
  return port + 1;
}

TEST(Result, try_propagates_the_error) {
  EXPECT_EQ(next_port(47'989).value(), 47'990);
  EXPECT_EQ(next_port(-1).error().code, ErrorCode::malformed);
  EXPECT_EQ(describe(next_port(-1).error()), "port out of range. Use 1 to 65535 [test.port]");
}

TEST(Units, transmit_time_of_one_packet_at_50_mbps) {
  EXPECT_EQ(transmit_time(Bytes{1250}, BitsPerSecond{50'000'000}), 200us);
  EXPECT_EQ(transmit_time(Bytes{1250}, BitsPerSecond{0}), 0ns);
}

TEST(Wire, short_packet_is_reported_once_and_never_overread) {
  const std::vector<std::byte> packet{std::byte{0x80}, std::byte{0x10}, std::byte{0x01}};
  ByteReader reader{packet};
  EXPECT_EQ(reader.big<std::uint16_t>(), 0x8010);
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.big<std::uint32_t>(), 0U);
  EXPECT_FALSE(reader.ok());
}

TEST(Wire, what_is_written_is_read_back) {
  std::array<std::byte, 15> buffer{};
  ByteWriter writer{buffer};
  writer.little<std::uint32_t>(0x01020304);
  writer.big<std::uint64_t>(0x1122334455667788);
  writer.little<std::uint16_t>(0xA5C3);
  EXPECT_TRUE(writer.ok());
  EXPECT_EQ(buffer[0], std::byte{4});
  EXPECT_EQ(buffer[4], std::byte{0x11});
  ByteReader reader{writer.written()};
  EXPECT_EQ(reader.little<std::uint32_t>(), 0x01020304U);
  EXPECT_EQ(reader.big<std::uint64_t>(), 0x1122334455667788U);
  EXPECT_EQ(reader.little<std::uint16_t>(), 0xA5C3U);
  writer.little<std::uint16_t>(1);
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(writer.size(), 14U);
}

TEST(Mailbox, consumer_gets_newest_and_drops_are_counted) {
  Mailbox<int> box;
  box.put(1);
  box.put(2);
  EXPECT_EQ(box.take(std::stop_token{}), 2);
  EXPECT_EQ(box.overwritten(), 1U);
  EXPECT_EQ(box.try_take(), std::nullopt);
}

TEST(Mailbox, waiting_ends_at_the_deadline_and_on_stop) {
  Mailbox<int> box;
  EXPECT_EQ(box.take_until(std::stop_token{}, std::chrono::time_point_cast<Duration>(Clock::now())),
            std::nullopt);
  std::stop_source stop;
  OwnedThread stopper{"stopper", [&](const std::stop_token&) { stop.request_stop(); }};
  EXPECT_EQ(box.take(stop.get_token()), std::nullopt);
}

TEST(Mailbox, hands_over_between_threads) {
  Mailbox<std::unique_ptr<int>> box;
  OwnedThread producer{"producer", [&](const std::stop_token&) { box.put(std::make_unique<int>(7)); }};
  const auto got = box.take(std::stop_token{});
  EXPECT_EQ(**got, 7);
}

TEST(Priority, what_a_real_time_thread_starts_is_ordinary_again) {
  OwnedThread thread{"rt", [](const std::stop_token&) {
                       if (!raise_priority(Urgency::realtime))
                         return;  // not allowed here: nothing to inherit
                       EXPECT_EQ(sched_getscheduler(0) & ~SCHED_RESET_ON_FORK, SCHED_RR);
                       std::thread child{[] { EXPECT_EQ(sched_getscheduler(0), SCHED_OTHER); }};
                       child.join();
                     }};
}

TEST(SpscRing, keeps_order_and_refuses_when_full) {
  SpscRing<int, 4> ring;
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(ring.try_push(i));
  int fifth = 4;
  EXPECT_FALSE(ring.try_push(fifth));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(ring.try_pop(), i);
  EXPECT_EQ(ring.try_pop(), std::nullopt);
}

TEST(SpscRing, two_threads_lose_nothing) {
  SpscRing<int, 8> ring;
  constexpr int kCount = 100'000;
  OwnedThread producer{"producer", [&](const std::stop_token&) {
                         for (int i = 0; i < kCount;) {
                           if (ring.try_push(i)) ++i;
                         }
                       }};
  for (int expected = 0; expected < kCount;) {
    const auto value = ring.try_pop();
    if (!value) continue;
    ASSERT_EQ(*value, expected++);
  }
}

TEST(LatencyHistogram, quantiles_are_within_two_percent) {
  LatencyHistogram histogram;
  std::vector<std::int64_t> values;
  std::mt19937_64 random{1};
  for (int i = 0; i < 100'000; ++i) {
    values.push_back(static_cast<std::int64_t>(random() % 30'000'000));
    histogram.add(Duration{values.back()});
  }
  std::ranges::sort(values);
  for (const double q : {0.5, 0.95, 0.99, 0.999}) {
    const auto exact = static_cast<double>(values[static_cast<std::size_t>(q * 99'999)]);
    EXPECT_NEAR(static_cast<double>(histogram.quantile(q).count()), exact, exact * 0.02);
  }
  EXPECT_EQ(histogram.max().count(), values.back());
}

TEST(LatencyHistogram, extremes_do_not_break_it) {
  LatencyHistogram histogram;
  EXPECT_EQ(histogram.quantile(0.99), 0ns);
  histogram.add(-5ns);
  histogram.add(std::chrono::hours{10});
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.quantile(0), 0ns);
}

}  // namespace
}  // namespace lumen
