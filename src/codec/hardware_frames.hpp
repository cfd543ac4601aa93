// lumen/codec, private: FFmpeg's handles of a GPU, and of pictures in its memory.
#pragma once

#include <memory>
#include <string>

#include "codec/ffmpeg_handles.hpp"
#include "gpu/cuda/context.hpp"
#include "media/picture.hpp"

namespace lumen::codec {

// `encoder.unavailable`. The context outlives all that is made of it.
Result<BufferPtr> make_cuda_device(const gpu::cuda::Context& cuda);
// With a context of FFmpeg's own.
Result<BufferPtr> make_cuda_device();
Result<BufferPtr> make_vaapi_device(const std::string& render_node);

// A pool of NV12 pictures on that GPU. `encoder.memory`.
struct FramesParams {
  AVPixelFormat format = AV_PIX_FMT_NONE;  // of the GPU
  std::uint32_t width = 0, height = 0;     // coded
  int count = 0;
};
Result<BufferPtr> make_frames(const BufferPtr& device, const FramesParams& params);

}  // namespace lumen::codec
