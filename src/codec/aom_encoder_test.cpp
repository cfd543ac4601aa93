#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/software.hpp"
#include "contract/encoder_rig.hpp"

namespace lumen::codec {
namespace {

using contract::EncoderRig;

const contract::EncoderCase kAom{"aom", create_aom_encoder, PixelFormat::nv12, Codec::av1};

EncoderConfig config_for(std::uint32_t width, std::uint32_t height) {
  return {.mode = {width, height, 60'000}, .bitrate = {10'000'000}};
}

TEST(AomEncoder, no_picture_is_much_larger_than_its_share_of_the_bitrate) {
  EncoderRig encoders{kAom, config_for(640, 360)};
  encoders.encode({.grain = 40});
  constexpr std::size_t kShare = 10'000'000 / 8 / 60;
  for (std::uint32_t step = 1; step < 60; ++step) {
    const auto unit = encoders.encode({.step = step, .grain = 40, .inverted = step > 40}, step % 20 == 0);
    std::printf("%u %zu (%zu)\n", step, unit.bytes, kShare);
    EXPECT_LT(unit.bytes, kShare * 5 / 4) << "picture " << step;
  }
}

}  // namespace
}  // namespace lumen::codec
