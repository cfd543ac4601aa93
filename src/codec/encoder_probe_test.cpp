#include "codec/encoder_probe.hpp"

#include <gtest/gtest.h>

namespace lumen::codec {
namespace {

using namespace std::chrono_literals;

EncoderProbeParams brief() {
  return {.width = 320, .height = 180, .time = 1ms, .min_pictures = 3, .max_pictures = 10};
}

TEST(EncoderProbe, measures_each_codec) {
  const MovingScene scene{320, 180};
  for (const auto codec : {Codec::h264, Codec::hevc, Codec::av1}) {
    const auto measured = measure_encoder(codec, scene, brief());
    EXPECT_EQ(measured.codec, codec);
    EXPECT_GE(measured.pictures, 3U);
    EXPECT_LE(measured.pictures, 10U);
    EXPECT_GT(measured.call_us, 0U);
    EXPECT_GT(measured.cpu_us, 0U);
    EXPECT_GE(measured.cores, 1U);
    EXPECT_EQ(parse_measurement(to_line(measured)), measured);
  }
}

TEST(EncoderProbe, says_why_there_is_no_encoder) {
  auto params = brief();
  params.preset = "warp";
  const auto measured = measure_encoder(Codec::h264, MovingScene{320, 180}, params);
  EXPECT_FALSE(measured.is_available());
  EXPECT_NE(measured.text.find("warp"), std::string::npos);
}

TEST(MovingScene, is_the_same_each_time_and_moves) {
  const auto pool = *PicturePool::create({.width = 320, .height = 180, .count = 3});
  const MovingScene scene{320, 180};
  const auto drawn = [&](std::uint32_t step) {
    auto lease = pool->try_acquire();
    scene.draw(lease->picture(), step);
    const Plane& luma = lease->picture().planes[0];
    std::vector<std::byte> bytes;
    for (std::size_t y = 0; y < 180; ++y) {
      const auto* const row = luma.pixels + y * luma.stride_bytes;
      bytes.insert(bytes.end(), row, row + 320);
    }
    return bytes;
  };
  EXPECT_EQ(drawn(7), drawn(7));
  EXPECT_NE(drawn(7), drawn(8));
}

}  // namespace
}  // namespace lumen::codec
