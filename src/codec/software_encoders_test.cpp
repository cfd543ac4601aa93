// What is true of every encoder here, beyond the contract.
#include <dirent.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "codec/software.hpp"
#include "contract/encoder_rig.hpp"

namespace lumen::codec {
namespace {

using contract::EncoderRig;

std::vector<std::string> thread_names() {
  const std::unique_ptr<DIR, int (*)(DIR*)> tasks{::opendir("/proc/self/task"), ::closedir};
  std::vector<std::string> names;
  while (const dirent* task = ::readdir(tasks.get())) {
    if (task->d_name[0] == '.') continue;
    names.emplace_back();
    std::getline(std::ifstream{std::string{"/proc/self/task/"} + task->d_name + "/comm"}, names.back());
  }
  return names;
}

class EachEncoder : public testing::TestWithParam<Codec> {
 protected:
  static EncoderConfig config_for(std::uint32_t width, std::uint32_t height) {
    return {.codec = GetParam(), .mode = {width, height, 60'000}, .bitrate = {10'000'000}, .threads = 2};
  }
  static EncoderRig rig(const EncoderConfig& config) {
    return EncoderRig{{.name = "software", .create = create_encoder, .codec = GetParam()}, config};
  }
};

std::string codec_name(const testing::TestParamInfo<Codec>& info) {
  std::string name{to_string(info.param)};
  std::erase(name, '.');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Software, EachEncoder, testing::Values(Codec::h264, Codec::hevc, Codec::av1),
                         codec_name);

TEST_P(EachEncoder, has_a_name_for_each_of_its_threads_and_leaves_the_callers_alone) {
  const auto before = thread_names();
  auto encoders = rig(config_for(640, 360));
  encoders.encode({});
  const auto after = thread_names();
  std::size_t named = 0;
  for (const auto name : kEncoderThreadNames)
    named += static_cast<std::size_t>(std::ranges::count(after, name));
  EXPECT_GE(named, 1U);
  EXPECT_EQ(named, after.size() - before.size());
  EXPECT_EQ(std::ranges::count(after, before.front()), std::ranges::count(before, before.front()));
}

TEST_P(EachEncoder, prints_nothing) {
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  {
    auto encoders = rig(config_for(640, 360));
    encoders.encode({});
    ASSERT_TRUE(encoders.encoder().set_bitrate({300'000}));
    encoders.encode({.step = 1});
    encoders.encode({.step = 2}, true);
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

TEST_P(EachEncoder, encodes_8192_pixels_each_way) {
  for (const auto& [width, height] : {std::pair{8192U, 256U}, std::pair{256U, 8192U}}) {
    auto encoders = rig(config_for(width, height));
    const auto unit = encoders.encode({});
    ASSERT_TRUE(unit.look.facts);
    EXPECT_EQ(unit.look.facts->width, width);
    EXPECT_EQ(unit.look.facts->height, height);
  }
}

TEST_P(EachEncoder, another_codec_is_refused) {
  auto config = config_for(640, 360);
  const auto create = GetParam() == Codec::h264   ? create_x264_encoder
                      : GetParam() == Codec::hevc ? create_x265_encoder
                                                  : create_aom_encoder;
  config.codec = GetParam() == Codec::av1 ? Codec::hevc : Codec::av1;
  const auto refused = create(config);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "encoder.mode");
}

// Forced IDRs, a scene cut, and more detail than there is room for.
TEST_P(EachEncoder, no_picture_is_much_larger_than_its_share_of_the_bitrate) {
  const double most = GetParam() == Codec::av1 ? 2 : 1.25;  // libaom has no buffer of one picture
  auto encoders = rig(config_for(640, 360));
  encoders.encode({.grain = 40});
  constexpr double kShare = 10e6 / 8 / 60;
  for (std::uint32_t step = 1; step < 60; ++step) {
    const auto unit = encoders.encode({.step = step, .grain = 40, .inverted = step > 30}, step % 20 == 0);
    EXPECT_LT(static_cast<double>(unit.bytes), kShare * most) << "picture " << step;
  }
}

TEST_P(EachEncoder, takes_any_number_of_slices_and_references) {
  for (const std::uint32_t count : {1U, 3U, 16U, 32U}) {
    auto config = config_for(1280, 720);
    config.slices = count;
    config.max_references = std::min(count, 16U);
    auto encoders = rig(config);
    for (std::uint32_t step = 0; step < 3; ++step) {
      EXPECT_EQ(contract::is_idr_with_parameter_sets(encoders.encode({.step = step})), step == 0);
    }
  }
}

TEST(Presets, are_those_of_x264_and_x265_and_others_are_refused) {
  for (const auto codec : {Codec::h264, Codec::hevc}) {
    EncoderConfig config{
        .codec = codec, .mode = {320, 180, 60'000}, .bitrate = {1'000'000}, .preset = "superfast"};
    const auto encoder = create_encoder(config);
    ASSERT_TRUE(encoder);
    EXPECT_THAT((*encoder)->description().name, testing::HasSubstr("superfast"));
    config.preset = "warp";
    EXPECT_EQ(create_encoder(config).error().id, "encoder.preset");
  }
}

}  // namespace
}  // namespace lumen::codec
