// lumen/gpu/vulkan: linear dmabufs, which neither EGL samples nor CUDA imports on NVIDIA, into CUDA's memory:
// Vulkan imports them as buffers and copies them into one that CUDA knows.
//
//   dmabuf ──vkCmdCopyBuffer──▶ shared buffer ══OPAQUE_FD══▶ CUDA ──copy or kernel──▶ pooled picture
//            signals `done` ──────────────────────▶ waits; signals `free` ──▶ the next copy waits
//
// The CPU waits for the first copy alone: then the dmabuf is the compositor's again.
#pragma once

#include <sys/types.h>

#include <memory>
#include <vector>

#include "gpu/cuda/buffer_pool.hpp"
#include "gpu/cuda/converter.hpp"
#include "gpu/vulkan/device.hpp"
#include "interface/dmabuf_importer.hpp"

namespace lumen::gpu::vulkan {

// A semaphore of Vulkan's that CUDA knows too.
class SharedSemaphore {
 public:
  // `vulkan.semaphore`, `cuda.semaphore`. Both outlive it.
  static Result<std::unique_ptr<SharedSemaphore>> create(const Device& device, const cuda::Context& cuda);
  ~SharedSemaphore();
  SharedSemaphore(const SharedSemaphore&) = delete;
  SharedSemaphore& operator=(const SharedSemaphore&) = delete;

  VkSemaphore handle() const { return vulkan_; }
  Status wait_on_cuda();    // what is queued later on CUDA's stream waits
  Status signal_on_cuda();  // after what was queued so far

 private:
  SharedSemaphore(const Device& device, const cuda::Context& cuda) : device_{device}, cuda_{cuda} {}
  Status open();

  const Device& device_;
  const cuda::Context& cuda_;
  VkSemaphore vulkan_ = nullptr;
  CUexternalSemaphore shared_ = nullptr;
};

// A buffer of Vulkan's that is CUDA's memory too.
class SharedBuffer {
 public:
  // `vulkan.…`, `cuda.import`. Both outlive it.
  static Result<std::unique_ptr<SharedBuffer>> create(const Device& device, const cuda::Context& cuda,
                                                      VkDeviceSize bytes);
  ~SharedBuffer();
  SharedBuffer(const SharedBuffer&) = delete;
  SharedBuffer& operator=(const SharedBuffer&) = delete;

  const Buffer& buffer() const { return buffer_; }
  CUdeviceptr address() const { return address_; }

 private:
  SharedBuffer(Buffer buffer, const cuda::Context& cuda) : buffer_{std::move(buffer)}, cuda_{cuda} {}
  Status open();

  Buffer buffer_;
  const cuda::Context& cuda_;
  CUexternalMemory memory_ = nullptr;
  CUdeviceptr address_ = 0;
};

// How a picture lies in its buffer.
struct LinearPicture {
  std::uint32_t width = 0, height = 0;  // pixels
  std::uint32_t offset_bytes = 0, stride_bytes = 0;
  PackedLayout layout;
};

// Owner: the capture's thread. After a failure it is of no more use.
class LinearBridge {
 public:
  // `device` and `cuda` are one GPU, and outlive it.
  static Result<std::unique_ptr<LinearBridge>> create(const Device& device,
                                                      std::shared_ptr<cuda::Context> cuda);
  ~LinearBridge();
  LinearBridge(const LinearBridge&) = delete;
  LinearBridge& operator=(const LinearBridge&) = delete;

  // Copies the picture; `out` has its size. Returns when the dmabuf may be drawn into again. `vulkan.…`,
  // `cuda.…`; `vulkan.import` for what lies outside of its memory.
  Status copy(const DmabufPicture& picture, const cuda::PooledPicture& out);
  // The same from a buffer that is known; `id` tells buffers apart.
  Status copy(const Buffer& source, std::uint64_t id, const LinearPicture& picture,
              const cuda::PooledPicture& out);
  static constexpr std::size_t kMostBuffers = 16;

 private:
  struct Source {
    std::uint64_t id = 0;
    std::optional<Buffer> imported;
    VkBuffer buffer = nullptr;
    LinearPicture picture;
    VkCommandBuffer commands = nullptr;
    std::uint64_t used = 0;
  };
  LinearBridge(const Device& device, std::shared_ptr<cuda::Context> cuda);
  Status open();
  Status fit_target(VkDeviceSize bytes);
  Source* find(std::uint64_t id, const LinearPicture& picture);
  Result<Source*> add(Source source);
  Status record(Source& source);
  void forget(Source& source);
  void forget_all();
  Status run(Source& source, const cuda::PooledPicture& out);
  Status queue_on_cuda(const LinearPicture& picture, const cuda::PooledPicture& out);

  const Device& device_;
  const std::shared_ptr<cuda::Context> cuda_;
  std::unique_ptr<cuda::Converter> converter_;
  std::unique_ptr<SharedSemaphore> done_, free_;
  VkFence fence_ = nullptr;
  std::unique_ptr<SharedBuffer> target_;
  std::vector<std::unique_ptr<Source>> sources_;
  std::uint64_t uses_ = 0;
  bool must_wait_for_free_ = false;  // CUDA was told to signal it
};

}  // namespace lumen::gpu::vulkan
