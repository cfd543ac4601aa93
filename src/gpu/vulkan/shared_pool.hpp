// lumen/gpu/vulkan: pictures in memory that Vulkan, CUDA and OpenGL all reach. Whoever fills one waits until
// it is filled; then it is CUDA's like any other. No API has to hand it to another, which costs a GPU more
// than the copy.
#pragma once

#include <memory>
#include <vector>

#include "gpu/cuda/buffer_pool.hpp"
#include "gpu/vulkan/device.hpp"

namespace lumen::gpu::vulkan {

// A buffer of Vulkan's that is CUDA's memory too.
class SharedBuffer {
 public:
  // `vulkan.…`, `cuda.import`.
  static Result<std::unique_ptr<SharedBuffer>> create(const Device& device,
                                                      std::shared_ptr<cuda::Context> cuda,
                                                      VkDeviceSize bytes);
  ~SharedBuffer();
  SharedBuffer(const SharedBuffer&) = delete;
  SharedBuffer& operator=(const SharedBuffer&) = delete;

  const Buffer& buffer() const { return buffer_; }
  CUdeviceptr address() const { return address_; }

 private:
  SharedBuffer(Buffer buffer, std::shared_ptr<cuda::Context> cuda)
      : buffer_{std::move(buffer)}, cuda_{std::move(cuda)} {}
  Status open();

  Buffer buffer_;
  const std::shared_ptr<cuda::Context> cuda_;
  CUexternalMemory memory_ = nullptr;
  CUdeviceptr address_ = 0;
};

// A picture that is given back must have been read: who fills it next does not wait for CUDA's stream.
// The device outlives every picture.
class SharedPool {
 public:
  // `cuda.size`, `vulkan.…`, `cuda.import`.
  static Result<std::unique_ptr<SharedPool>> create(const Device& device, std::shared_ptr<cuda::Context> cuda,
                                                    const cuda::BufferPool::Params& params);

  cuda::PooledLease try_acquire() { return pictures_->try_acquire(); }
  const Buffer& buffer_of(const cuda::PooledPicture& picture) const {
    return (*buffers_)[picture.slot()]->buffer();
  }
  std::size_t count() const { return buffers_->size(); }
  const Buffer& buffer(std::size_t slot) const { return (*buffers_)[slot]->buffer(); }
  std::size_t pitch_bytes() const { return pitch_bytes_; }
  std::uint32_t width() const { return pictures_->width(); }
  std::uint32_t height() const { return pictures_->height(); }

 private:
  using Buffers = std::vector<std::unique_ptr<SharedBuffer>>;
  SharedPool(std::shared_ptr<Buffers> buffers, std::shared_ptr<cuda::BufferPool> pictures,
             std::size_t pitch_bytes)
      : buffers_{std::move(buffers)}, pictures_{std::move(pictures)}, pitch_bytes_{pitch_bytes} {}

  std::shared_ptr<Buffers> buffers_;  // the pictures' too
  std::shared_ptr<cuda::BufferPool> pictures_;
  std::size_t pitch_bytes_;
};

}  // namespace lumen::gpu::vulkan
