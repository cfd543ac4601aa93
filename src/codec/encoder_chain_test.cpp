#include "codec/encoder_chain.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "codec/software.hpp"
#include "gpu/cuda/buffer_pool.hpp"
#include "gpu/testing/fake_cuda.hpp"

namespace lumen::codec {
namespace {

constexpr EncoderConfig kConfig{.codec = Codec::h264, .mode = {64, 64, 60'000}, .bitrate = {4'000'000}};

// Works `pictures` times, then fails for good.
class FailingEncoder final : public VideoEncoder {
 public:
  explicit FailingEncoder(int& pictures) : pictures_{pictures} {}
  const EncoderDescription& description() const override { return description_; }
  Result<AccessUnitView> encode(const CapturedFrame&, FrameId id, bool force_idr) override {
    if (pictures_-- <= 0) return fail(ErrorCode::unavailable, "encoder.failed", "the GPU is gone", "Wait");
    const auto kind = force_idr || first_ ? PictureKind::idr : PictureKind::delta;
    first_ = false;
    return AccessUnitView{.id = id, .kind = kind, .width = 64, .height = 64, .bytes = {}, .times = {}};
  }
  Status set_bitrate(BitsPerSecond) override { return {}; }

 private:
  int& pictures_;
  bool first_ = true;
  const EncoderDescription description_{"GPU", "test"};
};

struct Rig {
  int pictures = 3;  // that the GPU's encoder has in it
  int opened = 0;
  EncoderConfig asked;
  std::shared_ptr<Logger> log = make_null_logger();
  EncoderChain chain{{{"GPU",
                       [this](const EncoderConfig&) -> Result<std::unique_ptr<VideoEncoder>> {
                         ++opened;
                         if (pictures < 0)
                           return fail(ErrorCode::unsupported, "encoder.unavailable", "no GPU", "Buy one");
                         return std::make_unique<FailingEncoder>(pictures);
                       },
                       true},
                      {"software",
                       [this](const EncoderConfig& config) {
                         asked = config;
                         return create_encoder(config);
                       }}},
                     *log};
  std::shared_ptr<PicturePool> pool = *PicturePool::create({.width = 64, .height = 64, .count = 2});

  CapturedFrame frame(DeviceLease device = nullptr) {
    return {.picture = *pool->try_acquire(), .device = std::move(device), .sequence = 1, .times = {}};
  }
};

TEST(EncoderChain, the_next_encoder_goes_on_with_the_picture_that_the_first_failed_at_as_an_idr) {
  Rig rig;
  const auto encoder = *rig.chain.create(kConfig);
  EXPECT_EQ(encoder->description().name, "GPU");
  for (std::uint64_t id = 1; id <= 3; ++id) ASSERT_TRUE(encoder->encode(rig.frame(), FrameId{id}, false));
  EXPECT_TRUE(rig.chain.may_take_device_pictures());
  const auto unit = encoder->encode(rig.frame(), FrameId{4}, false);
  ASSERT_TRUE(unit) << describe(unit.error());
  EXPECT_EQ(unit->id.value, 4U);
  EXPECT_EQ(unit->kind, PictureKind::idr);
  EXPECT_FALSE(unit->bytes.empty());
  EXPECT_NE(encoder->description().name.find("libx264"), std::string::npos);
  EXPECT_FALSE(rig.chain.may_take_device_pictures());
  const auto next = encoder->encode(rig.frame(), FrameId{5}, false);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->kind, PictureKind::delta);
}

TEST(EncoderChain, what_failed_is_not_tried_again) {
  Rig rig;
  rig.pictures = 0;
  ASSERT_TRUE((*rig.chain.create(kConfig))->encode(rig.frame(), FrameId{1}, false));
  rig.pictures = 100;
  const auto encoder = *rig.chain.create(kConfig);
  EXPECT_EQ(rig.opened, 1);
  EXPECT_NE(encoder->description().name.find("libx264"), std::string::npos);
}

TEST(EncoderChain, what_cannot_be_opened_is_not_tried_again) {
  Rig rig;
  rig.pictures = -1;
  ASSERT_TRUE(rig.chain.create(kConfig));
  ASSERT_TRUE(rig.chain.create(kConfig));
  EXPECT_EQ(rig.opened, 1);
}

TEST(EncoderChain, a_bitrate_set_on_the_way_is_the_next_encoders_too) {
  Rig rig;
  rig.pictures = 1;
  const auto encoder = *rig.chain.create(kConfig);
  ASSERT_TRUE(encoder->set_bitrate({7'000'000}));
  ASSERT_TRUE(encoder->encode(rig.frame(), FrameId{1}, false));
  ASSERT_TRUE(encoder->encode(rig.frame(), FrameId{2}, false));
  EXPECT_EQ(rig.asked.bitrate.value, 7'000'000U);
}

TEST(EncoderChain, a_mistake_of_the_callers_switches_nothing_off) {
  Rig rig;
  const auto encoder = *rig.chain.create(kConfig);
  auto wrong = kConfig;
  wrong.mode = {16, 16, 60'000};
  rig.pictures = 0;
  EXPECT_FALSE(create_encoder(wrong));
  rig.pictures = 1;
  EXPECT_TRUE(encoder->encode(rig.frame(), FrameId{1}, false));
  EXPECT_TRUE(rig.chain.may_take_device_pictures());
}

struct DeviceRig : Rig {
  gpu::testing::FaultPlan faults;
  gpu::testing::FakeCuda cuda{faults};
  std::shared_ptr<gpu::cuda::Context> context = *gpu::cuda::Context::create(cuda.driver());
  std::shared_ptr<gpu::cuda::BufferPool> pictures_of_gpu =
      *gpu::cuda::BufferPool::create(context, {.width = 64, .height = 64, .count = 2});

  DeviceLease gray(int luma) {
    auto lease = pictures_of_gpu->try_acquire();
    auto* const bytes =
        reinterpret_cast<std::uint8_t*>(lease->address());  // NOLINT(performance-no-int-to-ptr)
    std::memset(bytes, luma, lease->pitch_bytes() * 64);
    std::memset(bytes + lease->pitch_bytes() * 64, 128, lease->pitch_bytes() * 32);
    return lease;
  }
};

TEST(EncoderChain, a_picture_in_the_gpus_memory_is_not_lost_when_its_encoder_fails) {
  DeviceRig rig;
  rig.pictures = 0;
  const auto encoder = *rig.chain.create(kConfig);
  const auto unit = encoder->encode(rig.frame(rig.gray(180)), FrameId{1}, false);
  ASSERT_TRUE(unit) << describe(unit.error());
  EXPECT_EQ(unit->kind, PictureKind::idr);
  const AccessUnit whole{
      .kind = unit->kind, .width = 64, .height = 64, .bytes = {unit->bytes.begin(), unit->bytes.end()}};
  const auto decoder = *create_decoder(Codec::h264);
  const auto picture = decoder->decode(whole);
  ASSERT_TRUE(picture);
  EXPECT_NEAR(std::to_integer<int>(picture->planes[0].pixels[0]), 180, 3);
}

// The stream goes on whichever call fails, with the same picture or with the next that the CPU has.
TEST(EncoderChain, any_call_of_the_gpu_that_fails_costs_one_picture_at_most) {
  for (std::size_t call = 0; call < 6; ++call) {
    for (const bool lasting : {false, true}) {
      DeviceRig rig;
      rig.pictures = 0;
      const auto encoder = *rig.chain.create(kConfig);
      auto picture = rig.gray(90);
      rig.faults.fail_after(call, lasting);
      const auto first = encoder->encode(rig.frame(std::move(picture)), FrameId{1}, false);
      EXPECT_TRUE(first || first.error().code == ErrorCode::unavailable);
      const auto second = encoder->encode(rig.frame(), FrameId{2}, false);
      ASSERT_TRUE(second) << describe(second.error());
      EXPECT_EQ(second->kind, first ? PictureKind::delta : PictureKind::idr);
      rig.faults.heal();
    }
  }
}

}  // namespace
}  // namespace lumen::codec
