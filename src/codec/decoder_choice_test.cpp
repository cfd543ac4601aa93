#include "codec/decoder_choice.hpp"

#include <gtest/gtest.h>

#include "codec/hardware.hpp"
#include "codec/software.hpp"

namespace lumen::codec {
namespace {

// What a GPU is to this test: decodes as long as `works`.
class GpuDecoder final : public VideoDecoder {
 public:
  explicit GpuDecoder(const bool& works) : works_{works}, inner_{*create_decoder(Codec::h264)} {}
  std::string name() const override { return "GPU"; }
  Result<PictureView> decode(const AccessUnit& unit) override {
    if (!works_) return fail(ErrorCode::unavailable, "decoder.gpu", "the GPU is gone");
    return inner_->decode(unit);
  }

 private:
  const bool& works_;
  std::unique_ptr<VideoDecoder> inner_;
};

struct Rig {
  bool works = true;
  std::shared_ptr<Logger> log = make_null_logger();
  std::unique_ptr<VideoEncoder> encoder =
      *create_encoder({.codec = Codec::h264, .mode = {64, 64, 60'000}, .bitrate = {1'000'000}});
  std::shared_ptr<PicturePool> pool = *PicturePool::create({.width = 64, .height = 64, .count = 1});

  std::unique_ptr<VideoDecoder> decoder() {
    return *create_decoder_of({[this](Codec) -> Result<std::unique_ptr<VideoDecoder>> {
                                 return std::make_unique<GpuDecoder>(works);
                               },
                               create_decoder},
                              Codec::h264, *log);
  }
  AccessUnit unit(bool idr) {
    const auto view =
        *encoder->encode({.picture = *pool->try_acquire(), .device = {}, .times = {}}, FrameId{1}, idr);
    return {.kind = view.kind, .width = 64, .height = 64, .bytes = {view.bytes.begin(), view.bytes.end()}};
  }
};

TEST(DecoderChoice, a_gpu_that_fails_at_an_idr_is_replaced_in_the_same_call_for_good) {
  Rig rig;
  const auto decoder = rig.decoder();
  ASSERT_TRUE(decoder->decode(rig.unit(true)));
  EXPECT_EQ(decoder->name(), "GPU");
  rig.works = false;
  EXPECT_FALSE(decoder->decode(rig.unit(false)));  // the picture it refers to went with the GPU
  ASSERT_TRUE(decoder->decode(rig.unit(true)));
  EXPECT_NE(decoder->name(), "GPU");
  rig.works = true;
  ASSERT_TRUE(decoder->decode(rig.unit(false)));
  EXPECT_NE(decoder->name(), "GPU");
}

TEST(DecoderChoice, a_stream_that_nobody_decodes_is_no_fault_of_the_gpus) {
  Rig rig;
  const auto decoder = rig.decoder();
  auto broken = rig.unit(true);
  broken.bytes.resize(broken.bytes.size() / 2);
  rig.works = true;
  EXPECT_FALSE(decoder->decode(broken));
  EXPECT_EQ(decoder->name(), "GPU");
  EXPECT_TRUE(decoder->decode(rig.unit(true)));
}

TEST(DecoderChoice, a_machine_without_a_gpu_decodes_all_the_same) {
  const auto log = make_null_logger();
  for (const auto codec : {Codec::h264, Codec::hevc, Codec::av1}) {
    EXPECT_TRUE(decoder_factory(*log)(codec));
  }
}

TEST(DecoderChoice, a_gpu_that_is_not_there_is_a_typed_error) {
  const auto vaapi = create_vaapi_decoder(Codec::h264, "/dev/dri/renderD255");
  ASSERT_FALSE(vaapi);
  EXPECT_EQ(vaapi.error().id, "decoder.unavailable");
  EXPECT_FALSE(vaapi.error().remedy.empty());
}

}  // namespace
}  // namespace lumen::codec
