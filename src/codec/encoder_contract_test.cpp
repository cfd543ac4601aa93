#include "codec/software.hpp"
#include "contract/video_encoder_contract.hpp"

namespace lumen::contract {

INSTANTIATE_TEST_SUITE_P(
    Software, VideoEncoderContract,
    testing::Values(EncoderCase{"x264_nv12", codec::create_encoder, PixelFormat::nv12, Codec::h264},
                    EncoderCase{"x264_i420", codec::create_encoder, PixelFormat::i420, Codec::h264},
                    EncoderCase{"x265_nv12", codec::create_encoder, PixelFormat::nv12, Codec::hevc},
                    EncoderCase{"x265_i420", codec::create_encoder, PixelFormat::i420, Codec::hevc},
                    EncoderCase{"aom_nv12", codec::create_encoder, PixelFormat::nv12, Codec::av1},
                    EncoderCase{"aom_i420", codec::create_encoder, PixelFormat::i420, Codec::av1}),
    case_name);

}  // namespace lumen::contract
