#include "host/encoder_offer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lumen::host {
namespace {

using testing::HasSubstr;

EncoderMeasurement measured(Codec codec, std::uint32_t call_us) {
  return {.codec = codec,
          .width = 1280,
          .height = 720,
          .pictures = 40,
          .call_us = call_us,
          .cpu_us = call_us * 3 / 2,
          .cores = 2,
          .text = "libfast"};
}

TEST(EncoderOffer, is_h264_alone_before_anything_was_measured) {
  const EncoderOffer offer;
  EXPECT_TRUE(offer.offers(Codec::h264));
  EXPECT_FALSE(offer.offers(Codec::hevc));
  EXPECT_FALSE(offer.offers(Codec::av1));
  EXPECT_EQ(offer.verdict(Codec::hevc).reason, "not measured");
}

TEST(EncoderOffer, takes_what_encodes_the_least_mode_within_the_busy_share) {
  const OfferPolicy policy{.least = {1280, 720, 60'000}, .busy_share = 0.6};  // 10 ms of 16.7
  const std::vector measurements{measured(Codec::h264, 3'000), measured(Codec::hevc, 10'100),
                                 measured(Codec::av1, 9'900)};
  const EncoderOffer offer{measurements, policy};
  EXPECT_TRUE(offer.offers(Codec::h264));
  EXPECT_FALSE(offer.offers(Codec::hevc));
  EXPECT_TRUE(offer.offers(Codec::av1));
}

TEST(EncoderOffer, says_up_to_which_modes_and_at_what_cost) {
  const std::vector measurements{measured(Codec::av1, 10'000)};  // 64.5 million pixels a second
  const EncoderOffer offer{measurements, {.least = {1280, 720, 60'000}}};
  EXPECT_EQ(
      offer.verdict(Codec::av1).reason,
      "good up to 1920x1080@30, 1280x720@60 and 640x360@120: libfast takes 10.0 ms for a picture of 1280x720 "
      "and keeps 1.5 of 2 cores busy");
  EXPECT_TRUE(offer.sustains(Codec::av1, {1280, 720, 60'000}));
  EXPECT_FALSE(offer.sustains(Codec::av1, {1280, 720, 90'000}));
  EXPECT_TRUE(offer.sustains(Codec::h264, {7680, 4320, 120'000}))
      << "not measured: nothing speaks against it";
}

TEST(EncoderOffer, says_what_a_codec_that_is_too_slow_is_good_for) {
  const std::vector measurements{measured(Codec::hevc, 20'000)};
  const EncoderOffer offer{measurements, {}};
  EXPECT_FALSE(offer.offers(Codec::hevc));
  EXPECT_THAT(
      offer.verdict(Codec::hevc).reason,
      HasSubstr("too slow for 1920x1080@60, good up to 1280x720@30 and 640x360@120: libfast takes 20.0 ms"));
  const std::vector slowest{measured(Codec::hevc, 900'000)};
  EXPECT_THAT(EncoderOffer(slowest, {}).verdict(Codec::hevc).reason, HasSubstr("good up to nothing"));
}

TEST(EncoderOffer, the_configuration_has_the_last_word_where_there_is_an_encoder) {
  const std::vector measurements{measured(Codec::hevc, 35'000),
                                 EncoderMeasurement{.codec = Codec::av1, .text = "none"}};
  const EncoderOffer offer{measurements, {.always = {Codec::hevc, Codec::av1}}};
  EXPECT_TRUE(offer.offers(Codec::hevc));
  EXPECT_THAT(offer.verdict(Codec::hevc).reason, HasSubstr("asked for by the configuration; too slow"));
  EXPECT_FALSE(offer.offers(Codec::av1));
}

TEST(EncoderOffer, a_size_that_is_good_at_a_high_rate_is_not_told_again_at_a_low_one) {
  const std::vector measurements{measured(Codec::h264, 100)};
  EXPECT_THAT(EncoderOffer(measurements, {}).verdict(Codec::h264).reason, HasSubstr("up to 7680x4320@120:"));
}

TEST(EncoderOffer, an_encoder_that_is_not_there_is_not_offered_and_says_why) {
  const std::vector measurements{
      EncoderMeasurement{.codec = Codec::av1, .text = "this libaom has no encoder"},
      EncoderMeasurement{.codec = Codec::h264, .text = "no libx264"}};
  const EncoderOffer offer{measurements, {}};
  EXPECT_FALSE(offer.offers(Codec::av1));
  EXPECT_THAT(offer.verdict(Codec::av1).reason, HasSubstr("this libaom has no encoder"));
  EXPECT_TRUE(offer.offers(Codec::h264)) << "the session will say what is missing";
}

TEST(EncoderOffer, the_last_measurement_of_a_codec_counts) {
  const std::vector measurements{measured(Codec::hevc, 100'000), measured(Codec::hevc, 1'000)};
  EXPECT_TRUE(EncoderOffer(measurements, {}).offers(Codec::hevc));
}

}  // namespace
}  // namespace lumen::host
