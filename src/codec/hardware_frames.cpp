#include "codec/hardware_frames.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

extern "C" {
#include <libavutil/hwcontext.h>
#include <libavutil/hwcontext_cuda.h>
}

#include <fmt/format.h>

#include "codec/hardware.hpp"
#include "gpu/cuda/packed_buffer.hpp"

namespace lumen::codec {
namespace {

tl::unexpected<Error> unavailable(std::string what, std::string remedy) {
  return fail(ErrorCode::unsupported, "encoder.unavailable", std::move(what), std::move(remedy));
}

constexpr const char* kNvidiaRemedy = "Look whether nvidia-smi works; install nvidia-driver and libcuda1";

// Where FFmpeg tells its reasons, and to whom: limit_log().
Result<BufferPtr> open_device(AVHWDeviceType type, const char* device, const std::string& what,
                              const char* remedy) {
  AVBufferRef* made = nullptr;
  const char* debug = std::getenv("LUMEN_FFMPEG_DEBUG");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  if (debug == nullptr) av_log_set_callback(print_of_contexts);
  const int error = av_hwdevice_ctx_create(&made, type, device, nullptr, 0);
  if (error < 0) return unavailable(fmt::format("{}: {}", what, ffmpeg_error(error)), remedy);
  return BufferPtr{made};
}

}  // namespace

Result<BufferPtr> make_cuda_device(const gpu::cuda::Context& cuda) {
  BufferPtr device{av_hwdevice_ctx_alloc(AV_HWDEVICE_TYPE_CUDA)};
  if (device == nullptr)
    return unavailable("this FFmpeg knows no CUDA", "Install an FFmpeg built with ffnvcodec");
  auto* const context =
      static_cast<AVCUDADeviceContext*>(reinterpret_cast<AVHWDeviceContext*>(device->data)->hwctx);
  context->cuda_ctx = cuda.handle();
  context->stream = cuda.stream();
  const int error = av_hwdevice_ctx_init(device.get());
  if (error >= 0) return device;
  return unavailable(fmt::format("FFmpeg does not take {}: {}", cuda.name(), ffmpeg_error(error)),
                     kNvidiaRemedy);
}

Result<BufferPtr> make_cuda_device() {
  return open_device(AV_HWDEVICE_TYPE_CUDA, nullptr, "no NVIDIA GPU that FFmpeg can use", kNvidiaRemedy);
}

Result<BufferPtr> make_vaapi_device(const std::string& render_node) {
  if (access(render_node.c_str(), R_OK | W_OK) != 0) {
    return unavailable(fmt::format("there is no GPU behind {}{}", render_node,
                                   errno == EACCES ? ", or this user may not open it" : ""),
                       "On a machine with an AMD or Intel GPU, add this user to the group render");
  }
  return open_device(AV_HWDEVICE_TYPE_VAAPI, render_node.c_str(),
                     fmt::format("the GPU behind {} has no VAAPI", render_node),
                     "Install its driver: mesa-va-drivers (AMD) or intel-media-va-driver (Intel)");
}

Result<BufferPtr> make_frames(const BufferPtr& device, const FramesParams& params) {
  BufferPtr frames{av_hwframe_ctx_alloc(device.get())};
  if (frames == nullptr)
    return fail(ErrorCode::resource_exhausted, "encoder.memory", "no memory for pictures");
  auto& context = *reinterpret_cast<AVHWFramesContext*>(frames->data);
  context.format = params.format;
  context.sw_format = AV_PIX_FMT_NV12;
  context.width = static_cast<int>(params.width);
  context.height = static_cast<int>(params.height);
  context.initial_pool_size = params.count;
  const int error = av_hwframe_ctx_init(frames.get());
  if (error >= 0) return frames;
  return fail(ErrorCode::resource_exhausted, "encoder.memory",
              fmt::format("the GPU gives no memory for pictures of {}x{}: {}", params.width, params.height,
                          ffmpeg_error(error)),
              "Close other programs that use it");
}

Status check_cuda_frames(std::shared_ptr<gpu::cuda::Context> cuda) {
  constexpr std::uint32_t kWidth = 640, kHeight = 360;
  LUMEN_TRY(const auto device, make_cuda_device(*cuda));
  LUMEN_TRY(const auto frames, make_frames(device, {AV_PIX_FMT_CUDA, kWidth, kHeight, 2}));
  const FramePtr there{av_frame_alloc()}, back{av_frame_alloc()};
  if (there == nullptr || back == nullptr || av_hwframe_get_buffer(frames.get(), there.get(), 0) != 0)
    return fail(ErrorCode::resource_exhausted, "encoder.memory", "no memory for a picture");
  LUMEN_TRY(const auto source, gpu::cuda::PackedBuffer::create(cuda, kWidth, kHeight));
  std::vector<std::uint32_t> pixels(std::size_t{kWidth} * kHeight);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint32_t>(i * 2'654'435'761U);
  LUMEN_CHECK_OK(gpu::cuda::upload(*cuda, pixels.data(), source->view()));
  // As pixels: rows of bytes are all that a copy knows.
  const gpu::cuda::PackedView luma{reinterpret_cast<CUdeviceptr>(there->data[0]),
                                   static_cast<std::size_t>(there->linesize[0]), kWidth / 4, kHeight};
  auto from = source->view();
  from.width = kWidth / 4;
  LUMEN_CHECK_OK(gpu::cuda::copy(*cuda, from, luma));
  if (const int error = av_hwframe_transfer_data(back.get(), there.get(), 0); error != 0)
    return fail(ErrorCode::internal, "encoder.frames",
                "a picture does not come back: " + ffmpeg_error(error));
  for (std::size_t y = 0; y < kHeight; ++y) {
    if (std::memcmp(back->data[0] + y * static_cast<std::size_t>(back->linesize[0]),
                    pixels.data() + y * kWidth, kWidth) != 0)
      return fail(ErrorCode::internal, "encoder.frames", "a picture comes back as another");
  }
  return {};
}

}  // namespace lumen::codec
