#include "flow/cadence.hpp"

#include <gtest/gtest.h>

namespace lumen {
namespace {

using std::chrono::milliseconds;

constexpr Duration kPeriod = milliseconds{10};
constexpr Timestamp kStart = from_ns(1'000'000'000);

class CadenceOf100 : public testing::Test {
 protected:
  // Offers a picture every `interval` for `span`, each replacing one that still waits; counts encodes.
  int encodes_at(Duration interval, Duration span) {
    int encodes = 0;
    for (auto arrival = kStart; arrival < kStart + span; arrival += interval) {
      const auto at = std::max(arrival, cadence.earliest());
      if (at >= arrival + interval) continue;  // a newer one has come by then
      cadence.encoded(at, true);
      ++encodes;
    }
    return encodes;
  }

  Cadence cadence{{.period = kPeriod}};
};

TEST_F(CadenceOf100, first_picture_goes_at_once) { EXPECT_LE(cadence.earliest(), kStart); }

TEST_F(CadenceOf100, picture_half_a_period_early_goes_at_once) {
  cadence.encoded(kStart, true);
  EXPECT_EQ(cadence.earliest(), kStart + kPeriod / 2);
}

TEST_F(CadenceOf100, one_early_picture_delays_none_after_it) {
  cadence.encoded(kStart, true);
  cadence.encoded(kStart + kPeriod / 2, true);
  for (int i = 1; i <= 200; ++i) {
    const auto arrival = kStart + kPeriod / 2 + i * kPeriod;
    ASSERT_LE(cadence.earliest(), arrival) << i;
    cadence.encoded(arrival, true);
  }
}

TEST_F(CadenceOf100, encoding_a_still_picture_again_delays_no_fresh_one) {
  cadence.encoded(kStart, true);
  for (int i = 0; i < 5; ++i) cadence.encoded(kStart + milliseconds{i}, false);
  EXPECT_EQ(cadence.earliest(), kStart + kPeriod / 2);
}

TEST_F(CadenceOf100, late_picture_is_not_made_up_for) {
  cadence.encoded(kStart, true);
  cadence.encoded(kStart + 10 * kPeriod, true);
  EXPECT_EQ(cadence.earliest(), kStart + 10 * kPeriod + kPeriod / 2);
}

TEST_F(CadenceOf100, desktop_at_the_rate_loses_no_picture) {
  EXPECT_EQ(encodes_at(kPeriod, std::chrono::seconds{10}), 1'000);
}

TEST_F(CadenceOf100, desktop_three_times_too_fast_is_encoded_hardly_above_the_rate) {
  EXPECT_NEAR(encodes_at(kPeriod / 3, std::chrono::seconds{10}), 1'000 * 64 / 63, 3);
}

TEST_F(CadenceOf100, jitter_of_less_than_half_a_period_loses_no_picture) {
  auto due = kStart;
  for (int i = 0; i < 1'000; ++i, due += kPeriod) {
    const auto arrival = due + (i % 2 == 0 ? milliseconds{2} : milliseconds{-2});
    ASSERT_LE(cadence.earliest(), arrival) << i;
    cadence.encoded(arrival, true);
  }
}

TEST_F(CadenceOf100, still_desktop_is_refined_and_then_kept_alive) {
  auto now = kStart;
  cadence.encoded(now, true);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(cadence.repeat_due(), now + milliseconds{100}) << i;
    now = cadence.repeat_due();
    cadence.encoded(now, false);
  }
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(cadence.repeat_due(), now + milliseconds{500}) << i;
    now = cadence.repeat_due();
    cadence.encoded(now, false);
  }
}

TEST_F(CadenceOf100, fresh_picture_starts_refining_anew) {
  for (int i = 0; i < 9; ++i) cadence.encoded(kStart, false);
  cadence.encoded(kStart, true);
  EXPECT_EQ(cadence.repeat_due(), kStart + milliseconds{100});
}

TEST_F(CadenceOf100, shorter_period_holds_at_once) {
  cadence.encoded(kStart, true);
  cadence.set_period(milliseconds{4});
  EXPECT_EQ(cadence.earliest(), kStart + milliseconds{2});
}

}  // namespace
}  // namespace lumen
