// lumen/gpu/vulkan: a Vulkan device that computes, and its buffers, imported or exported.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "gpu/cuda/context.hpp"
#include "gpu/vulkan/api.hpp"

namespace lumen::gpu::vulkan {

// What Vulkan says of a GPU, without opening it.
struct DeviceFacts {
  std::string name;
  bool has_render_node = false, exports_dmabufs = false;
};
// All of the machine's; 16 at most. `vulkan.no-device`, `vulkan.old`.
Result<std::vector<DeviceFacts>> list_devices(PFN_vkGetInstanceProcAddr get);

// Of what kind the queue is that runs the shader.
enum class QueueKind : std::uint8_t { graphics, compute };

// Owner: one thread calls everything.
class Device {
 public:
  // The GPU with this UUID; none: the first. `vulkan.no-device`, `vulkan.device`, `vulkan.old`.
  static Result<std::unique_ptr<Device>> create(PFN_vkGetInstanceProcAddr get,
                                                const std::optional<Uuid>& uuid,
                                                QueueKind queue = QueueKind::graphics);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const Api& api() const { return api_; }
  VkDevice handle() const { return device_; }
  VkQueue queue() const { return queue_; }
  VkCommandPool pool() const { return pool_; }
  std::uint32_t family() const { return family_; }
  const std::string& name() const { return name_; }
  bool imports_dmabufs() const { return imports_dmabufs_; }
  // Of the GPU's own memory, among those that `bits` has; nullopt: none.
  std::optional<std::uint32_t> local_memory_type(std::uint32_t bits) const;

 private:
  Device() = default;
  Status open(PFN_vkGetInstanceProcAddr get, const std::optional<Uuid>& uuid, QueueKind queue);
  Status choose(const std::optional<Uuid>& uuid);
  Status choose_queue(QueueKind queue);
  Status open_device();

  Api api_;
  VkInstance instance_ = nullptr;
  VkPhysicalDevice physical_ = nullptr;
  VkPhysicalDeviceMemoryProperties memory_{};
  VkDevice device_ = nullptr;
  VkQueue queue_ = nullptr;
  VkCommandPool pool_ = nullptr;
  std::uint32_t family_ = 0;
  std::string name_;
  bool imports_dmabufs_ = false;
};

// Bytes that a copy reads or writes. The device outlives it.
class Buffer {
 public:
  // Of ours, in the GPU's memory, to be filled by commands. `vulkan.memory`.
  static Result<Buffer> create(const Device& device, VkDeviceSize bytes);
  // The same, to be exported and filled by others. `vulkan.memory`.
  static Result<Buffer> create_exportable(const Device& device, VkDeviceSize bytes);
  // Another's: `bytes` of the dmabuf `fd`, which stays the caller's. `vulkan.import`.
  static Result<Buffer> import_dmabuf(const Device& device, int fd, VkDeviceSize bytes);
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&&) = delete;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer();

  VkBuffer handle() const { return buffer_; }
  VkDeviceSize bytes() const { return bytes_; }
  VkDeviceSize memory_bytes() const { return memory_bytes_; }
  // The memory, as CUDA takes it. `vulkan.export`.
  Result<UniqueFd> export_fd() const;

 private:
  Buffer(const Device& device, VkDeviceSize bytes) : device_{&device}, bytes_{bytes} {}
  Status make(VkBufferUsageFlags usage, VkExternalMemoryHandleTypeFlags kind);
  Status back(std::uint32_t type_bits, VkDeviceSize memory_bytes, const void* chain);

  const Device* device_;
  VkBuffer buffer_ = nullptr;
  VkDeviceMemory memory_ = nullptr;
  VkDeviceSize bytes_, memory_bytes_ = 0;
};

}  // namespace lumen::gpu::vulkan
