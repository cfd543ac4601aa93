// lumen/codec: H.264, HEVC and AV1 by a GPU's own circuits, through FFmpeg. Everything here fails with a
// reason and a remedy where there is no such GPU.
#pragma once

#include <memory>
#include <string>

#include "gpu/cuda/context.hpp"
#include "interface/video_decoder.hpp"
#include "interface/video_encoder.hpp"

namespace lumen::codec {

// NVIDIA's encoder: `encoder.unavailable` where the driver, FFmpeg or the GPU lacks it. Takes pictures of
// `cuda`'s memory (gpu::cuda::PooledPicture) as they lie, and those of the CPU, which it copies into a pool
// of its own. A new bitrate makes FFmpeg 5.1 begin anew with an IDR.
Result<std::unique_ptr<VideoEncoder>> create_nvenc_encoder(const EncoderConfig& config,
                                                           std::shared_ptr<gpu::cuda::Context> cuda);

// AMD's and Intel's, of the GPU behind `render_node`; pictures of the CPU, copied into a pool of its own.
// Fails as above.
Result<std::unique_ptr<VideoEncoder>> create_vaapi_encoder(const EncoderConfig& config,
                                                           const std::string& render_node);
inline constexpr const char* kRenderNode = "/dev/dri/renderD128";

// A probe: a picture of a pool of FFmpeg's in `cuda`'s memory, written by a kernel of ours, comes back as it
// was. `encoder.unavailable`, `encoder.frames`, `cuda.…`.
Status check_cuda_frames(std::shared_ptr<gpu::cuda::Context> cuda);

// Decoders of the same, which copy what they decoded to the CPU: NV12. `decoder.unavailable`.
Result<std::unique_ptr<VideoDecoder>> create_nvdec_decoder(Codec codec);
Result<std::unique_ptr<VideoDecoder>> create_vaapi_decoder(Codec codec, const std::string& render_node);

}  // namespace lumen::codec
