// lumen/gpu/testing: a Vulkan of which every call can fail. Its memory is the CPU's; what it exports, a
// FakeCuda imports; a file stands for a dmabuf. The shader is C++, and runs when it is submitted.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "gpu/testing/fake_cuda.hpp"
#include "gpu/vulkan/api.hpp"

namespace lumen::gpu::testing {

// One at a time. Thread-safe: no.
class FakeVulkan {
 public:
  FakeVulkan(FaultPlan& faults, FakeCuda& cuda);
  ~FakeVulkan();
  FakeVulkan(const FakeVulkan&) = delete;
  FakeVulkan& operator=(const FakeVulkan&) = delete;

  static PFN_vkGetInstanceProcAddr loader();
  std::size_t alive() const { return objects_.size(); }
  std::size_t creations() const { return creations_; }
  const std::vector<std::string>& misuses() const { return misuses_; }
  // Of the one GPU that it names.
  std::vector<std::string> extensions{"VK_KHR_external_memory_fd", "VK_EXT_external_memory_dma_buf"};

 private:
  friend struct FakeVulkanCalls;
  struct Object {
    std::string kind;
    std::vector<std::uint8_t> bytes;                            // memory
    UniqueFd file;                                              // memory: a dmabuf's
    Object* memory = nullptr;                                   // buffer
    VkDeviceSize size = 0;                                      // buffer
    Object* buffer = nullptr;                                   // set
    Object *from = nullptr, *to = nullptr, *pointer = nullptr;  // commands: sets
    std::vector<std::uint32_t> constants;                       // commands
    bool is_signalled = false;
  };
  template <class Handle>
  Handle make(std::string kind);
  template <class Handle>
  void drop(Handle handle, const std::string& kind);
  bool fails(const char* name) { return faults_.fails(name); }

  FaultPlan& faults_;
  FakeCuda& cuda_;
  std::map<void*, std::unique_ptr<Object>> objects_;
  std::vector<std::string> misuses_;
  std::size_t creations_ = 0;
};

}  // namespace lumen::gpu::testing
