#include "gpu/cuda/packed_buffer.hpp"

namespace lumen::gpu::cuda {
namespace {

constexpr unsigned kWidestAccess = 16;  // bytes, of the kernels

CUDA_MEMCPY2D rows_of(const PackedView& view) {
  CUDA_MEMCPY2D copy{};
  copy.WidthInBytes = std::size_t{4} * view.width;
  copy.Height = view.height;
  return copy;
}

Status run(const Context& context, const CUDA_MEMCPY2D& copy, bool wait) {
  LUMEN_TRY(const auto current, Current::push(context));
  const auto& driver = context.driver();
  LUMEN_CHECK_OK(context.check(driver.copy_2d(&copy, context.stream()), "cuda.copy", "a copy"));
  if (!wait) return {};
  return context.check(driver.stream_synchronize(context.stream()), "cuda.lost", "waiting");
}

}  // namespace

Result<std::unique_ptr<PackedBuffer>> PackedBuffer::create(std::shared_ptr<Context> context,
                                                           std::uint32_t width, std::uint32_t height) {
  std::unique_ptr<PackedBuffer> buffer{new PackedBuffer{std::move(context)}};
  const auto& gpu = *buffer->context_;
  LUMEN_TRY(const auto current, Current::push(gpu));
  auto view = PackedView{.width = width, .height = height};
  LUMEN_CHECK_OK(gpu.check(gpu.driver().memory_alloc_pitch(&view.address, &view.pitch_bytes,
                                                           std::size_t{4} * width, height, kWidestAccess),
                           "cuda.memory", "taking memory for a picture"));
  buffer->view_ = view;
  return buffer;
}

PackedBuffer::~PackedBuffer() {
  if (view_.address == 0) return;
  const auto current = Current::push(*context_);
  if (current) context_->driver().memory_free(view_.address);
}

Status copy(const Context& context, const PackedView& from, const PackedView& to) {
  auto copy = rows_of(from);
  copy.srcMemoryType = copy.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  copy.srcDevice = from.address;
  copy.srcPitch = from.pitch_bytes;
  copy.dstDevice = to.address;
  copy.dstPitch = to.pitch_bytes;
  return run(context, copy, false);
}

Status upload(const Context& context, const void* pixels, const PackedView& to) {
  auto copy = rows_of(to);
  copy.srcMemoryType = CU_MEMORYTYPE_HOST;
  copy.srcHost = pixels;
  copy.srcPitch = copy.WidthInBytes;
  copy.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  copy.dstDevice = to.address;
  copy.dstPitch = to.pitch_bytes;
  return run(context, copy, true);
}

Status download(const Context& context, const PackedView& from, void* pixels) {
  auto copy = rows_of(from);
  copy.srcMemoryType = CU_MEMORYTYPE_DEVICE;
  copy.srcDevice = from.address;
  copy.srcPitch = from.pitch_bytes;
  copy.dstMemoryType = CU_MEMORYTYPE_HOST;
  copy.dstHost = pixels;
  copy.dstPitch = copy.WidthInBytes;
  return run(context, copy, true);
}

}  // namespace lumen::gpu::cuda
