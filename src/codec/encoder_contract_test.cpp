#include "codec/encoder_chain.hpp"
#include "codec/hardware.hpp"
#include "codec/software.hpp"
#include "contract/video_encoder_contract.hpp"

namespace lumen::contract {
namespace {

// A GPU that is not there, and the software that takes its place.
Result<std::unique_ptr<VideoEncoder>> create_by_chain(const EncoderConfig& config) {
  static const auto log = make_null_logger();
  static codec::EncoderChain chain{{{"VAAPI",
                                     [](const EncoderConfig& wanted) {
                                       return codec::create_vaapi_encoder(wanted, "/dev/dri/renderD255");
                                     }},
                                    {"software", codec::create_encoder}},
                                   *log};
  return chain.create(config);
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(
    Software, VideoEncoderContract,
    testing::Values(EncoderCase{"x264_nv12", codec::create_encoder, PixelFormat::nv12, Codec::h264},
                    EncoderCase{"chain_nv12", create_by_chain, PixelFormat::nv12, Codec::h264},
                    EncoderCase{"x264_i420", codec::create_encoder, PixelFormat::i420, Codec::h264},
                    EncoderCase{"x265_nv12", codec::create_encoder, PixelFormat::nv12, Codec::hevc},
                    EncoderCase{"x265_i420", codec::create_encoder, PixelFormat::i420, Codec::hevc},
                    EncoderCase{"aom_nv12", codec::create_encoder, PixelFormat::nv12, Codec::av1},
                    EncoderCase{"aom_i420", codec::create_encoder, PixelFormat::i420, Codec::av1}),
    case_name);

}  // namespace lumen::contract
