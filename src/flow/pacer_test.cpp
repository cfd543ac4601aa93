#include "flow/pacer.hpp"

#include <gtest/gtest.h>

#include <random>

namespace lumen {
namespace {

using std::chrono::milliseconds;

constexpr BitsPerSecond kRate{8'000'000};  // a byte takes a microsecond
constexpr Timestamp kStart = from_ns(1'000'000'000);

TEST(Pacer, rate_holds_over_time) {
  Pacer pacer{kRate, Bytes{5'000}};
  Timestamp leaves = kStart;
  for (int i = 0; i < 1'001; ++i) leaves = pacer.book(kStart, Bytes{1'000});
  EXPECT_EQ(leaves - kStart, milliseconds{1'001 - 5});
}

TEST(Pacer, burst_leaves_at_once_and_no_byte_more) {
  Pacer pacer{kRate, Bytes{5'000}};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(pacer.book(kStart, Bytes{1'000}), kStart) << i;
  EXPECT_GT(pacer.book(kStart, Bytes{1'000}), kStart);
}

TEST(Pacer, pause_earns_one_burst_however_long) {
  Pacer pacer{kRate, Bytes{5'000}};
  for (int i = 0; i < 50; ++i) pacer.book(kStart, Bytes{1'000});
  const auto later = kStart + std::chrono::hours{1};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(pacer.book(later, Bytes{1'000}), later) << i;
  EXPECT_EQ(pacer.book(later, Bytes{1'000}), later + milliseconds{1});
}

TEST(Pacer, what_is_larger_than_the_burst_leaves_after_what_was_before_it) {
  Pacer pacer{kRate, Bytes{100}};
  EXPECT_EQ(pacer.book(kStart, Bytes{1'000}), kStart);
  EXPECT_EQ(pacer.book(kStart, Bytes{1'000}), kStart + milliseconds{1});
}

TEST(Pacer, zero_rate_does_not_pace) {
  Pacer pacer{BitsPerSecond{0}, Bytes{0}};
  for (int i = 0; i < 100; ++i) EXPECT_EQ(pacer.book(kStart, Bytes{100'000}), kStart);
}

TEST(Pacer, new_rate_holds_for_what_is_booked_after_it) {
  Pacer pacer{kRate, Bytes{0}};
  pacer.book(kStart, Bytes{1'000});
  pacer.set_rate(BitsPerSecond{2 * kRate.value});
  EXPECT_EQ(pacer.book(kStart, Bytes{1'000}), kStart + milliseconds{1});
  EXPECT_EQ(pacer.book(kStart, Bytes{1'000}), kStart + std::chrono::microseconds{1'500});
}

TEST(Pacer, times_never_go_back_nor_before_now_nor_above_rate_and_burst) {
  std::mt19937 random{1};
  Pacer pacer{kRate, Bytes{3'000}};
  auto now = kStart, last = kStart;
  std::uint64_t booked = 0;
  for (int i = 0; i < 20'000; ++i) {
    now += Duration{random() % 2'000'000};
    const Bytes size{random() % 3'000 + 1};
    const auto leaves = pacer.book(now, size);
    ASSERT_GE(leaves, now);
    ASSERT_GE(leaves, last);
    booked += size.value;
    ASSERT_LE(transmit_time(Bytes{booked}, kRate), leaves - kStart + transmit_time(Bytes{3'000}, kRate));
    last = leaves;
  }
}

}  // namespace
}  // namespace lumen
