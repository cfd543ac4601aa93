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

Status PooledPicture::download(std::byte* pixels, std::size_t stride_bytes) {
  if (stride_bytes < std::size_t{4} * width()) {
    return fail(ErrorCode::invalid_argument, "cuda.stride", "rows are shorter than the picture's width");
  }
  LUMEN_TRY(const auto current, Current::push(context()));
  CUDA_MEMCPY2D copy{};
  copy.srcMemoryType = CU_MEMORYTYPE_DEVICE;
  copy.srcDevice = address_;
  copy.srcPitch = pitch_bytes_;
  copy.dstMemoryType = CU_MEMORYTYPE_HOST;
  copy.dstHost = pixels;
  copy.dstPitch = stride_bytes;
  copy.WidthInBytes = std::size_t{4} * width();
  copy.Height = height();
  const auto& driver = context().driver();
  LUMEN_CHECK_OK(context().check(driver.copy_2d(&copy, context().stream()), "cuda.copy", "a copy to memory"));
  return context().check(driver.stream_synchronize(context().stream()), "cuda.lost", "waiting");
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
    LUMEN_CHECK_OK(gpu.check(gpu.driver().memory_alloc_pitch(&address, &pitch, std::size_t{4} * params.width,
                                                             params.height, kWidestAccess),
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

Status copy(const Context& context, const PackedView& from, const PooledPicture& out) {
  LUMEN_TRY(const auto current, Current::push(context));
  CUDA_MEMCPY2D copy{};
  copy.srcMemoryType = CU_MEMORYTYPE_DEVICE;
  copy.srcDevice = from.address;
  copy.srcPitch = from.pitch_bytes;
  copy.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  copy.dstDevice = out.address();
  copy.dstPitch = out.pitch_bytes();
  copy.WidthInBytes = std::size_t{4} * out.width();
  copy.Height = out.height();
  return context.check(context.driver().copy_2d(&copy, context.stream()), "cuda.copy", "a copy");
}

}  // namespace lumen::gpu::cuda
