// Encoders and decoders of GPUs, as far as a machine goes: where there is such a GPU they keep the contract
// of every encoder, elsewhere they say what is missing.
#include "codec/hardware.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "gpu/cuda/context.hpp"
#include "gpu/testing/fake_cuda.hpp"

namespace lumen::codec {
namespace {

constexpr EncoderConfig kConfig{.codec = Codec::h264, .mode = {640, 360, 60'000}, .bitrate = {4'000'000}};

bool has_render_node() { return access(kRenderNode, R_OK | W_OK) == 0; }

TEST(HardwareEncoders, vaapi_says_that_there_is_no_gpu_and_what_to_do) {
  const auto encoder = create_vaapi_encoder(kConfig, "/dev/dri/renderD255");
  ASSERT_FALSE(encoder);
  EXPECT_EQ(encoder.error().id, "encoder.unavailable");
  EXPECT_EQ(encoder.error().code, ErrorCode::unsupported);
  EXPECT_NE(encoder.error().what.find("/dev/dri/renderD255"), std::string::npos);
  EXPECT_NE(encoder.error().remedy.find("render"), std::string::npos);
  if (has_render_node()) return;
  EXPECT_FALSE(create_vaapi_encoder(kConfig, kRenderNode));
}

TEST(HardwareEncoders, nvenc_says_what_it_lacks_for_every_codec) {
  gpu::testing::FaultPlan faults;
  const gpu::testing::FakeCuda fake{faults};
  const auto cuda = *gpu::cuda::Context::create(fake.driver());
  for (const auto codec : {Codec::h264, Codec::hevc, Codec::av1}) {
    auto config = kConfig;
    config.codec = codec;
    const auto encoder = create_nvenc_encoder(config, cuda);
    ASSERT_FALSE(encoder);  // a fake context is none of FFmpeg's
    EXPECT_EQ(encoder.error().id, "encoder.unavailable") << describe(encoder.error());
    EXPECT_FALSE(encoder.error().remedy.empty());
  }
}

TEST(HardwareEncoders, what_no_encoder_takes_is_the_callers_mistake) {
  gpu::testing::FaultPlan faults;
  const gpu::testing::FakeCuda fake{faults};
  const auto cuda = *gpu::cuda::Context::create(fake.driver());
  auto config = kConfig;
  config.mode = {16'384, 1080, 60'000};
  EXPECT_EQ(create_nvenc_encoder(config, cuda).error().id, "encoder.mode");
  EXPECT_EQ(create_vaapi_encoder(config, kRenderNode).error().id, "encoder.mode");
}

}  // namespace
}  // namespace lumen::codec
