// The contract of interface/video_encoder.hpp as a test suite. A backend's test says
//   INSTANTIATE_TEST_SUITE_P(Name, VideoEncoderContract, testing::Values(EncoderCase{…}), case_name);
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/encoder_rig.hpp"

namespace lumen::contract {

class VideoEncoderContract : public testing::TestWithParam<EncoderCase> {
 protected:
  static EncoderConfig config(std::uint32_t width, std::uint32_t height, std::uint32_t refresh_mhz = 60'000) {
    return {.codec = GetParam().codec,
            .mode = {width, height, refresh_mhz},
            .format = GetParam().format,
            .bitrate = {4'000'000}};
  }
  static EncoderRig rig(const EncoderConfig& config) { return EncoderRig{GetParam(), config}; }
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(VideoEncoderContract);

TEST_P(VideoEncoderContract, gives_one_access_unit_per_picture_in_order_and_without_delay) {
  auto encoders = rig(config(320, 180));
  for (std::uint32_t step = 0; step < 12; ++step) {
    const auto unit = encoders.encode({.step = step});
    EXPECT_EQ(unit.id.value, 101 + step);
    EXPECT_EQ(unit.times.presented, Timestamp{std::chrono::milliseconds{step + 1}});
    EXPECT_EQ(unit.width, 320U);
    EXPECT_EQ(unit.height, 180U);
    EXPECT_TRUE(is_idr_with_parameter_sets(unit) || is_plain_delta(unit));
  }
}

TEST_P(VideoEncoderContract, only_the_first_picture_is_an_idr_however_long_nobody_asks) {
  auto encoders = rig(config(64, 64));
  EXPECT_TRUE(is_idr_with_parameter_sets(encoders.encode({})));
  for (std::uint32_t step = 1; step < 600; ++step) {
    ASSERT_TRUE(is_plain_delta(encoders.encode({.step = step}))) << "picture " << step;
  }
}

TEST_P(VideoEncoderContract, a_scene_cut_is_no_reason_for_an_idr) {
  auto encoders = rig(config(320, 180));
  encoders.encode({});
  for (std::uint32_t step = 1; step < 20; ++step) {
    EXPECT_TRUE(is_plain_delta(encoders.encode({.step = 40 * step, .grain = 60, .inverted = step % 2 == 0})));
  }
}

TEST_P(VideoEncoderContract, m26_a_forced_idr_is_that_very_picture_with_its_parameter_sets) {
  auto encoders = rig(config(320, 180));
  for (std::uint32_t step = 0; step < 12; ++step) {
    const bool force = step == 5 || step == 6 || step == 10;
    const auto unit = encoders.encode({.step = step}, force);
    EXPECT_EQ(is_idr_with_parameter_sets(unit), force || step == 0) << "picture " << step;
    EXPECT_EQ(is_plain_delta(unit), !force && step != 0) << "picture " << step;
  }
}

// Mbit/s over 30 pictures at 60 Hz that hold more detail than any rate here can carry.
inline double rate_of(EncoderRig& encoders, std::uint32_t first_step) {
  std::size_t bytes = 0;
  for (std::uint32_t step = first_step; step < first_step + 30; ++step) {
    const auto unit = encoders.encode({.step = step, .grain = 60});
    EXPECT_EQ(is_plain_delta(unit), step != 0) << "picture " << step;
    bytes += unit.bytes;
  }
  return static_cast<double>(bytes) * 8 * 2 / 1e6;
}

TEST_P(VideoEncoderContract, a_new_bitrate_applies_live_and_without_an_idr) {
  auto encoders = rig(config(640, 360));
  std::uint32_t step = 0;
  for (const std::uint64_t mbit : {4U, 8U, 3U}) {
    ASSERT_TRUE(encoders.encoder().set_bitrate({mbit * 1'000'000}));
    // A buffer of one frame makes encoders stay below the rate rather than on it.
    const double wanted = static_cast<double>(mbit);
    EXPECT_THAT(rate_of(encoders, step),
                testing::AllOf(testing::Gt(0.65 * wanted), testing::Lt(1.05 * wanted)));
    step += 30;
  }
}

TEST_P(VideoEncoderContract, an_impossible_bitrate_is_refused_and_the_stream_goes_on) {
  auto encoders = rig(config(320, 180));
  encoders.encode({});
  const auto refused = encoders.encoder().set_bitrate({0});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_TRUE(is_plain_delta(encoders.encode({.step = 1})));
}

TEST_P(VideoEncoderContract, m29_the_bitstream_carries_the_colour_space) {
  for (const auto matrix : {ColorMatrix::bt601, ColorMatrix::bt709}) {
    for (const auto range : {ColorRange::limited, ColorRange::full}) {
      auto wanted = config(320, 180);
      wanted.color = {matrix, range};
      const auto facts = sps_of(rig(wanted).encode({}));
      ASSERT_TRUE(facts);
      const unsigned code = matrix == ColorMatrix::bt709 ? 1U : 6U;  // H.273: BT.709, SMPTE 170M
      EXPECT_EQ(facts->primaries, code);
      EXPECT_EQ(facts->transfer, code);
      EXPECT_EQ(facts->matrix, code);
      EXPECT_EQ(facts->full_range, range == ColorRange::full);
    }
  }
}

TEST_P(VideoEncoderContract, the_bitstream_carries_the_exact_refresh_rate) {
  const auto unit = rig(config(320, 180, 59'940)).encode({});
  const auto facts = sps_of(unit);
  ASSERT_TRUE(facts);
  ASSERT_NE(facts->units_in_tick, 0U);
  EXPECT_EQ(facts->time_scale * 1000ULL,
            std::uint64_t{facts->units_in_tick} * unit.look.ticks_per_picture * 59'940);
}

TEST_P(VideoEncoderContract, an_odd_size_is_coded_even_and_told_odd) {
  auto encoders = rig(config(641, 363));
  const auto unit = encoders.encode({.grain = 10});
  EXPECT_TRUE(is_idr_with_parameter_sets(unit));
  EXPECT_EQ(unit.width, 641U);
  EXPECT_EQ(unit.height, 363U);
  const auto facts = sps_of(unit);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->width, 642U);
  EXPECT_EQ(facts->height, 364U);
  EXPECT_TRUE(is_plain_delta(encoders.encode({.step = 1})));
}

TEST_P(VideoEncoderContract, encodes_the_smallest_mode_and_4k) {
  for (const auto& [width, height] : {std::pair{64U, 64U}, std::pair{3840U, 2160U}}) {
    auto encoders = rig(config(width, height));
    const auto unit = encoders.encode({});
    EXPECT_TRUE(is_idr_with_parameter_sets(unit));
    EXPECT_EQ(sps_of(unit)->width, width);
    EXPECT_EQ(sps_of(unit)->height, height);
    EXPECT_TRUE(is_plain_delta(encoders.encode({.step = 1})));
  }
}

TEST_P(VideoEncoderContract, says_what_it_is_and_why) {
  auto encoders = rig(config(320, 180));
  EXPECT_FALSE(encoders.encoder().description().name.empty());
  EXPECT_FALSE(encoders.encoder().description().reason.empty());
}

TEST_P(VideoEncoderContract, a_mode_out_of_range_is_a_typed_error) {
  for (const Mode& mode : {Mode{16'384, 1080, 60'000}, Mode{16, 16, 60'000}, Mode{640, 360, 0}}) {
    auto wanted = config(320, 180);
    wanted.mode = mode;
    const auto refused = GetParam().create(wanted);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id, "encoder.mode");
    EXPECT_FALSE(refused.error().remedy.empty());
  }
}

TEST_P(VideoEncoderContract, a_picture_of_another_size_is_refused_before_it_is_read) {
  auto encoders = rig(config(320, 180));
  EncoderRig smaller{GetParam(), config(64, 64)};
  const auto refused = encoders.encoder().encode(smaller.captured({}), FrameId{1}, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_TRUE(is_idr_with_parameter_sets(encoders.encode({})));
}

}  // namespace lumen::contract
