#include "client/shell/figures.hpp"

#include <gtest/gtest.h>

namespace lumen::client {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kBegin = from_ns(10'000'000'000);

PictureTimes picture(Timestamp received) {
  return {.host_capture = 1ms,
          .host_encode = 2ms,
          .host_send = 3ms,
          .received = received,
          .complete = received + 4ms,
          .decoded = received + 9ms};
}

const StageFigures& of(const StreamFigures& figures, Stage stage) {
  return figures.stages.at(static_cast<std::size_t>(stage));
}

TEST(FigureMeter, says_nothing_before_a_second_has_passed) {
  FigureMeter meter;
  meter.begin(kBegin, {});
  EXPECT_FALSE(meter.update(kBegin + 999ms, {}));
  EXPECT_TRUE(meter.update(kBegin + 1s, {}));
  EXPECT_FALSE(meter.update(kBegin + 1999ms, {}));
}

TEST(FigureMeter, counts_pictures_and_bytes_by_the_second) {
  FigureMeter meter;
  meter.begin(kBegin, {.bytes = 1000, .frames = 5});
  for (int i = 0; i < 60; ++i) {
    const auto times = picture(kBegin + i * 16ms);
    meter.decoded(times);
    if (i % 2 == 0) meter.presented(times, times.decoded + 5ms);
  }
  const auto figures = meter.update(kBegin + 2s, {.bytes = 1000 + 1'000'000, .frames = 5 + 62});
  ASSERT_TRUE(figures);
  EXPECT_DOUBLE_EQ(figures->received_per_s, 31);
  EXPECT_DOUBLE_EQ(figures->decoded_per_s, 30);
  EXPECT_DOUBLE_EQ(figures->presented_per_s, 15);
  EXPECT_DOUBLE_EQ(figures->bitrate_kbps, 4000);
}

TEST(FigureMeter, stages_are_told_apart_and_add_up) {
  FigureMeter meter;
  meter.begin(kBegin, {});
  meter.update(kBegin + 1s, {.round_trip = 6ms});
  const auto times = picture(kBegin + 1500ms);
  meter.decoded(times);
  meter.presented(times, times.decoded + 7ms);
  const auto figures = meter.update(kBegin + 2s, {.round_trip = 6ms});
  ASSERT_TRUE(figures);
  EXPECT_EQ(of(*figures, Stage::capture).p50, 1ms);
  EXPECT_EQ(of(*figures, Stage::encode).p50, 2ms);
  EXPECT_EQ(of(*figures, Stage::send).p50, 3ms);
  EXPECT_EQ(of(*figures, Stage::network).p50, 3ms);
  EXPECT_EQ(of(*figures, Stage::receive).p50, 4ms);
  EXPECT_EQ(of(*figures, Stage::decode).p50, 5ms);
  EXPECT_EQ(of(*figures, Stage::present).p50, 7ms);
  EXPECT_EQ(of(*figures, Stage::total).p50, 25ms);
}

TEST(FigureMeter, quantiles_are_of_this_second_alone_and_totals_of_all) {
  FigureMeter meter;
  meter.begin(kBegin, {});
  for (int i = 1; i <= 100; ++i) {
    auto times = picture(kBegin);
    times.host_encode = i * 1ms;
    meter.decoded(times);
  }
  const auto first = meter.update(kBegin + 1s, {});
  EXPECT_NEAR(to_ms(of(*first, Stage::encode).p50), 50, 1);
  EXPECT_NEAR(to_ms(of(*first, Stage::encode).p99), 99, 1);
  const auto second = meter.update(kBegin + 2s, {});
  EXPECT_EQ(of(*second, Stage::encode).p99, 0ms);
  EXPECT_NEAR(to_ms(of(meter.totals(kBegin + 2s, {}), Stage::encode).p50), 50, 2);
  EXPECT_DOUBLE_EQ(meter.totals(kBegin + 2s, {}).decoded_per_s, 50);
}

TEST(FigureMeter, where_nothing_is_presented_the_total_ends_with_the_decoded_picture) {
  FigureMeter meter{false};
  meter.begin(kBegin, {});
  meter.decoded(picture(kBegin));
  EXPECT_EQ(of(*meter.update(kBegin + 1s, {}), Stage::total).p50, 15ms);
}

TEST(FigureMeter, loss_is_of_what_was_sent) {
  FigureMeter meter;
  meter.begin(kBegin, {});
  const auto figures = meter.update(
      kBegin + 1s, {.datagrams = 95, .datagrams_lost = 5, .frames_lost = 1, .frames_repaired = 4});
  EXPECT_DOUBLE_EQ(figures->loss_percent, 5);
  EXPECT_EQ(figures->frames_lost, 1U);
  EXPECT_EQ(figures->frames_repaired, 4U);
  const auto restarted = meter.update(kBegin + 2s, {.datagrams = 10});  // another connection counts anew
  EXPECT_DOUBLE_EQ(restarted->loss_percent, 0);
}

TEST(FigureMeter, a_decoder_that_floods_it_changes_nothing_but_what_is_kept) {
  FigureMeter meter;
  meter.begin(kBegin, {});
  for (int i = 0; i < 100'000; ++i) meter.decoded(picture(kBegin));
  EXPECT_LE(meter.update(kBegin + 1s, {})->decoded_per_s, 1024);
}

}  // namespace
}  // namespace lumen::client
