// lumen/gpu/vulkan: linear dmabufs, which neither EGL samples nor CUDA imports on NVIDIA, into CUDA's memory:
// Vulkan imports them as buffers, and a compute shader makes NV12 of them in a picture of a SharedPool, the
// same bytes as codec/convert does. (A copy command takes three times as long as the shader, and semaphores
// between the APIs longer than both.)
#pragma once

#include <sys/types.h>

#include <memory>
#include <vector>

#include "gpu/vulkan/device.hpp"
#include "gpu/vulkan/shared_pool.hpp"
#include "interface/dmabuf_importer.hpp"
#include "media/packed_pixels.hpp"
#include "media/pointer_picture.hpp"

namespace lumen::gpu::vulkan {

// How a picture lies in its buffer.
struct LinearPicture {
  std::uint32_t width = 0, height = 0;  // pixels
  std::uint32_t offset_bytes = 0, stride_bytes = 0;
  PackedLayout layout;
};

// The shader's pipeline. The device outlives it.
class LinearPipeline {
 public:
  static constexpr std::uint32_t kMostSets = 64;  // of buffers that are known at a time
  // `vulkan.pipeline`.
  static Result<std::unique_ptr<LinearPipeline>> create(const Device& device);
  ~LinearPipeline();
  LinearPipeline(const LinearPipeline&) = delete;
  LinearPipeline& operator=(const LinearPipeline&) = delete;

  // A name for the buffer, for as long as it lives. `vulkan.pipeline`.
  Result<VkDescriptorSet> bind(VkBuffer buffer) const;
  void unbind(VkDescriptorSet set) const;
  struct Work {
    VkDescriptorSet source, result, pointer;
    const LinearPicture& picture;
    const cuda::PooledPicture& out;
    ColorSpace color;
    Rect pointer_area;  // without a width: there is none
  };
  void record(VkCommandBuffer commands, const Work& work) const;

 private:
  explicit LinearPipeline(const Device& device) : device_{device} {}
  Status open();
  Status make_pipeline(VkShaderModule code);

  const Device& device_;
  VkDescriptorSetLayout set_layout_ = nullptr;
  VkPipelineLayout layout_ = nullptr;
  VkPipeline pipeline_ = nullptr;
  VkDescriptorPool sets_ = nullptr;
};

// The pointer's picture on the GPU: taken there when it is another, not when it moves.
class PointerBuffer {
 public:
  // The device and the pipeline outlive it. `vulkan.memory`, `vulkan.pipeline`.
  static Result<std::unique_ptr<PointerBuffer>> create(const Device& device, const LinearPipeline& pipeline);
  // Records what brings it there, where it is another than before. `vulkan.pointer` for one larger than a
  // pointer may be.
  Status record(VkCommandBuffer commands, const PointerPicture& pointer);
  VkDescriptorSet set() const { return set_; }

 private:
  PointerBuffer(const Device& device, Buffer buffer, VkDescriptorSet set)
      : device_{device}, buffer_{std::move(buffer)}, set_{set} {}
  const Device& device_;
  Buffer buffer_;
  VkDescriptorSet set_;  // goes with the pipeline's
  std::uint64_t shape_ = 0;
};

// Owner: the capture's thread.
class LinearBridge {
 public:
  // The device outlives it.
  static Result<std::unique_ptr<LinearBridge>> create(const Device& device);
  ~LinearBridge();
  LinearBridge(const LinearBridge&) = delete;
  LinearBridge& operator=(const LinearBridge&) = delete;

  // Fills `out`, which is of the pool and has the picture's size, with the pointer over it. When this returns
  // it is filled, and the dmabuf may be drawn into again. `vulkan.…`; `vulkan.import` for what lies outside
  // of its memory.
  Status copy(const DmabufPicture& picture, const SharedPool& pool, cuda::PooledPicture& out,
              ColorSpace color, const PointerPicture& pointer = {});
  // The same from a buffer that is known; `id` tells buffers apart.
  Status copy(const Buffer& source, std::uint64_t id, const LinearPicture& picture, const SharedPool& pool,
              cuda::PooledPicture& out, ColorSpace color, const PointerPicture& pointer = {});
  // Pictures of a pool are known until this: before the pool ends.
  void forget_results();
  static constexpr std::size_t kMostBuffers = 16;

 private:
  struct Source {
    std::uint64_t id = 0;
    std::optional<Buffer> imported;
    VkDeviceSize bytes = 0;
    VkDescriptorSet set = nullptr;
    std::uint64_t used = 0;
  };
  struct Target {
    VkBuffer buffer = nullptr;
    VkDescriptorSet set = nullptr;
  };
  explicit LinearBridge(const Device& device) : device_{device} {}
  Status open();
  Source* find(std::uint64_t id);
  Result<Source*> add(Source source, VkBuffer buffer);
  Result<VkDescriptorSet> target_of(VkBuffer buffer);
  Status run(Source& source, const LinearPicture& picture, const SharedPool& pool, cuda::PooledPicture& out,
             ColorSpace color, const PointerPicture& pointer);
  Status record_pointer(const PointerPicture& pointer);
  Status submit();

  const Device& device_;
  std::unique_ptr<LinearPipeline> pipeline_;
  std::unique_ptr<PointerBuffer> pointer_;  // once there was one
  VkCommandBuffer commands_ = nullptr;
  VkFence fence_ = nullptr;
  std::vector<std::unique_ptr<Source>> sources_;
  std::vector<Target> targets_;
  std::uint64_t uses_ = 0;
};

}  // namespace lumen::gpu::vulkan
