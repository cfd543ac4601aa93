#include "gpu/cuda/buffer_pool.hpp"

namespace lumen::gpu::cuda {
namespace {

constexpr unsigned kWidestAccess = 16;  // bytes, of the kernels

Status check_size(const BufferPool::Params& params) {
  if (params.width != 0 && params.height != 0 && params.count != 0) return {};
  return fail(ErrorCode::invalid_argument, "cuda.size", "a picture without pixels");
}

}  // namespace

std::uint32_t PooledPicture::width() const { return pool_.width(); }
std::uint32_t PooledPicture::height() const { return pool_.height(); }
const Context& PooledPicture::context() const { return pool_.context(); }

Status PooledPicture::download(const Picture& out) {
  if (out.format != PixelFormat::nv12 || out.width != width() || out.height != height()) {
    return fail(ErrorCode::invalid_argument, "device.size", "the GPU's picture and the CPU's differ");
  }
  LUMEN_TRY(const auto current, Current::push(context()));
  LUMEN_CHECK_OK(download_plane(address_, out.planes[0], out.coded_width(), out.coded_height()));
  LUMEN_CHECK_OK(download_plane(chroma_address(), out.planes[1], out.coded_width(), out.coded_height() / 2));
  return context().check(context().driver().stream_synchronize(context().stream()), "cuda.lost", "waiting");
}

Status PooledPicture::download_plane(CUdeviceptr from, const Plane& to, std::size_t width_bytes,
                                     std::size_t rows) const {
  CUDA_MEMCPY2D copy{};
  copy.srcMemoryType = CU_MEMORYTYPE_DEVICE;
  copy.srcDevice = from;
  copy.srcPitch = pitch_bytes_;
  copy.dstMemoryType = CU_MEMORYTYPE_HOST;
  copy.dstHost = to.pixels;
  copy.dstPitch = to.stride_bytes;
  copy.WidthInBytes = width_bytes;
  copy.Height = rows;
  return context().check(context().driver().copy_2d(&copy, context().stream()), "cuda.copy",
                         "a copy to memory");
}

void PooledPicture::give_back() noexcept {
  const auto pool = std::move(keeps_pool_);  // dies last: this is part of it
  lent_.store(false, std::memory_order_release);
}

Result<std::shared_ptr<BufferPool>> BufferPool::create(std::shared_ptr<Context> context,
                                                       const Params& params) {
  LUMEN_CHECK_OK(check_size(params));
  std::shared_ptr<BufferPool> pool{new BufferPool{std::move(context), params}};
  const auto& gpu = *pool->context_;
  LUMEN_TRY(const auto current, Current::push(gpu));
  for (std::size_t i = 0; i < params.count; ++i) {
    CUdeviceptr address = 0;
    std::size_t pitch = 0;
    LUMEN_CHECK_OK(
        gpu.check(gpu.driver().memory_alloc_pitch(&address, &pitch, (std::size_t{params.width} + 3) / 4 * 4,
                                                  rows_of_nv12(params.height), kWidestAccess),
                  "cuda.memory", "taking memory for pictures"));
    pool->pictures_.emplace_back(*pool, i, address, pitch);
  }
  return pool;
}

Result<std::shared_ptr<BufferPool>> BufferPool::adopt(std::shared_ptr<Context> context, const Params& params,
                                                      std::span<const Memory> memory,
                                                      std::shared_ptr<void> owner) {
  LUMEN_CHECK_OK(check_size(params));
  std::shared_ptr<BufferPool> pool{new BufferPool{std::move(context), params}};
  pool->owner_ = std::move(owner);
  for (const auto& part : memory)
    pool->pictures_.emplace_back(*pool, pool->pictures_.size(), part.address, part.pitch_bytes);
  return pool;
}

BufferPool::~BufferPool() {
  if (owner_) return;
  const auto current = Current::push(*context_);
  if (!current) return;
  for (const auto& picture : pictures_) context_->driver().memory_free(picture.address());
}

PooledLease BufferPool::try_acquire() {
  for (auto& picture : pictures_) {
    if (picture.lent_.load(std::memory_order_acquire)) continue;
    picture.lent_.store(true, std::memory_order_relaxed);
    picture.keeps_pool_ = shared_from_this();
    return PooledLease{&picture};
  }
  return nullptr;
}

}  // namespace lumen::gpu::cuda
