#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "codec/software.hpp"
#include "codec/x264_choice.hpp"
#include "contract/encoder_rig.hpp"

namespace lumen::codec {
namespace {

using contract::EncoderRig;
using testing::HasSubstr;

const contract::EncoderCase kX264{"x264", create_x264_encoder, PixelFormat::nv12};

EncoderConfig config_for(std::uint32_t width, std::uint32_t height, std::uint32_t threads = 0) {
  return {.mode = {width, height, 60'000}, .bitrate = {10'000'000}, .threads = threads};
}

TEST(X264Encoder, cuts_each_picture_into_as_many_slices_as_it_has_threads) {
  for (const std::uint32_t threads : {1U, 2U, 4U}) {
    EncoderRig encoders{kX264, config_for(640, 360, threads)};
    const auto types = contract::types(encoders.encode({}));
    EXPECT_EQ(std::ranges::count(types, contract::kIdrSlice), threads);
  }
}

TEST(X264Encoder, m25_cuts_each_picture_into_the_slices_that_were_asked_for) {
  for (const std::uint32_t slices : {1U, 3U, 8U}) {
    auto config = config_for(640, 360, 1);
    config.slices = slices;
    EncoderRig encoders{kX264, config};
    EXPECT_EQ(std::ranges::count(contract::types(encoders.encode({})), contract::kIdrSlice), slices);
    EXPECT_EQ(std::ranges::count(contract::types(encoders.encode({.step = 1})), contract::kSlice), slices);
  }
}

// What the preset would have is another number.
TEST(X264Encoder, m24_keeps_to_the_references_that_were_asked_for_and_says_that_it_does) {
  for (const std::uint32_t references : {1U, 4U}) {
    for (const auto* preset : {"ultrafast", "medium"}) {
      auto config = config_for(640, 360);
      config.max_references = references;
      config.preset = preset;
      const auto facts = contract::sps_of(EncoderRig{kX264, config}.encode({}));
      ASSERT_TRUE(facts);
      EXPECT_EQ(facts->references, references) << preset;
      ASSERT_TRUE(facts->has_restriction);
      EXPECT_EQ(facts->reordered, 0U);
      EXPECT_EQ(facts->buffered, references);
    }
  }
}

TEST(X264Encoder, an_unknown_preset_is_refused_with_the_list_of_presets) {
  auto config = config_for(640, 360);
  config.preset = "warp";
  const auto refused = create_x264_encoder(config);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "encoder.preset");
  EXPECT_THAT(refused.error().remedy, HasSubstr("ultrafast"));
}

TEST(X264Choice, few_cores_mean_ultrafast_and_the_reason_says_so) {
  const auto choice = choose_x264(config_for(1280, 720), 2);
  EXPECT_EQ(choice.preset, "ultrafast");
  EXPECT_EQ(choice.threads, 2U);
  EXPECT_EQ(choice.description.name, "libx264 ultrafast, 2 slices");
  EXPECT_THAT(choice.description.reason, HasSubstr("no GPU encoder"));
  EXPECT_THAT(choice.description.reason, HasSubstr("only 2 cores"));
}

TEST(X264Choice, superfast_needs_four_cores_and_a_pixel_rate_they_can_afford) {
  EXPECT_EQ(choose_x264(config_for(1280, 720), 8).preset, "superfast");
  EXPECT_EQ(choose_x264(config_for(1920, 1080), 8).preset, "superfast");
  EXPECT_EQ(choose_x264(config_for(3840, 2160), 8).preset, "ultrafast");
  EXPECT_THAT(choose_x264(config_for(3840, 2160), 8).description.reason, HasSubstr("% of the time"));
  EXPECT_EQ(choose_x264(config_for(1280, 720), 3).preset, "ultrafast");
}

TEST(X264Choice, never_more_than_four_slices_nor_more_than_the_picture_has_room_for) {
  EXPECT_EQ(choose_x264(config_for(1920, 1080), 64).slices, 4U);
  EXPECT_EQ(choose_x264(config_for(640, 128), 64).slices, 2U);
  EXPECT_EQ(choose_x264(config_for(64, 64), 64).slices, 1U);
  EXPECT_EQ(choose_x264(config_for(1920, 1080), 0).slices, 1U);
}

TEST(X264Choice, a_preset_that_was_asked_for_is_taken) {
  auto config = config_for(3840, 2160);
  config.preset = "veryfast";
  EXPECT_EQ(choose_x264(config, 2).preset, "veryfast");
  EXPECT_THAT(choose_x264(config, 2).description.reason, HasSubstr("asked for"));
}

TEST(DefaultBitrate, grows_with_the_pixel_rate_and_stays_in_its_limits) {
  EXPECT_NEAR(static_cast<double>(default_bitrate({1280, 720, 60'000}).value), 8.8e6, 0.1e6);
  EXPECT_NEAR(static_cast<double>(default_bitrate({1920, 1080, 60'000}).value), 20e6, 0.2e6);
  EXPECT_EQ(default_bitrate({64, 64, 1'000}).value, 1'000'000U);
  EXPECT_EQ(default_bitrate({8192, 8192, 500'000}).value, 150'000'000U);
}

}  // namespace
}  // namespace lumen::codec
