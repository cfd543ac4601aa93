#include "gpu/testing/fake_vulkan.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "media/pointer_picture.hpp"

namespace lumen::gpu::testing {
namespace {

FakeVulkan* the_fake = nullptr;  // of the test that runs

VkPhysicalDevice the_gpu() {
  static int gpu = 0;
  return reinterpret_cast<VkPhysicalDevice>(&gpu);
}

const void* find_chained(const void* chain, VkStructureType type) {
  for (const auto* link = static_cast<const VkBaseInStructure*>(chain); link != nullptr; link = link->pNext) {
    if (link->sType == type) return link;
  }
  return nullptr;
}

// What linear.comp's parameters say.
struct LinearCall {
  std::uint32_t width, height, offset, stride, pitch, chroma_offset, bytes, bits, shift[3];
  std::int32_t weights[3][3], y_bias, chroma_bias, pointer_x, pointer_y, pointer_width, pointer_height;
};

std::int32_t weigh(const std::int32_t* weights, const std::int32_t* bgr) {
  return weights[0] * bgr[0] + weights[1] * bgr[1] + weights[2] * bgr[2];
}

void draw_pointer(const LinearCall& call, const std::uint8_t* pointer, std::int64_t x, std::int64_t y,
                  std::int32_t* bgr) {
  x -= call.pointer_x;
  y -= call.pointer_y;
  if (x < 0 || y < 0 || x >= call.pointer_width || y >= call.pointer_height) return;
  const auto* const over = pointer + 4 * (y * call.pointer_width + x);
  for (int i = 0; i < 3; ++i)
    bgr[i] = static_cast<std::int32_t>(drawn_over(static_cast<std::uint32_t>(bgr[i]), over[i], over[3]));
}

void read_pixel(const LinearCall& call, const std::uint8_t* source, const std::uint8_t* pointer,
                std::size_t x, std::size_t y, std::int32_t* bgr) {
  x = std::min<std::size_t>(x, call.width - 1);
  y = std::min<std::size_t>(y, call.height - 1);
  std::uint32_t pixel = 0;
  std::memcpy(&pixel, source + call.offset + call.stride * y + call.bytes * x, call.bytes);
  for (int i = 0; i < 3; ++i) {
    const std::uint32_t value = pixel >> call.shift[i] & ((1U << call.bits) - 1);
    bgr[i] = static_cast<std::int32_t>(call.bits == 10 ? (value * 255 + 511) / 1023 : value);
  }
  draw_pointer(call, pointer, static_cast<std::int64_t>(x), static_cast<std::int64_t>(y), bgr);
}

// As linear.comp does.
void run_linear(const std::vector<std::uint32_t>& constants, const std::uint8_t* source,
                const std::uint8_t* pointer, std::uint8_t* result) {
  LinearCall call{};
  std::memcpy(&call, constants.data(), sizeof call);
  for (std::size_t y = 0; y < call.height; y += 2) {
    for (std::size_t x = 0; x < call.width; x += 2) {
      std::int32_t sum[3]{};
      for (std::size_t i = 0; i < 4; ++i) {
        std::int32_t bgr[3];
        read_pixel(call, source, pointer, x + i % 2, y + i / 2, bgr);
        for (int k = 0; k < 3; ++k) sum[k] += bgr[k];
        result[call.pitch * (y + i / 2) + x + i % 2] =
            static_cast<std::uint8_t>((weigh(call.weights[0], bgr) + call.y_bias) >> 15);
      }
      for (std::size_t i = 0; i < 2; ++i) {
        result[call.chroma_offset + call.pitch * (y / 2) + x + i] = static_cast<std::uint8_t>(
            std::min((weigh(call.weights[1 + i], sum) + call.chroma_bias) >> 16, 255));
      }
    }
  }
}

}  // namespace

FakeVulkan::FakeVulkan(FaultPlan& faults, FakeCuda& cuda) : faults_{faults}, cuda_{cuda} { the_fake = this; }
FakeVulkan::~FakeVulkan() { the_fake = nullptr; }

template <class Handle>
Handle FakeVulkan::make(std::string kind) {
  ++creations_;
  auto object = std::make_unique<Object>();
  object->kind = std::move(kind);
  void* const name = object.get();
  objects_.emplace(name, std::move(object));
  return reinterpret_cast<Handle>(name);
}

template <class Handle>
void FakeVulkan::drop(Handle handle, const std::string& kind) {
  const auto found = objects_.find(reinterpret_cast<void*>(handle));
  if (found == objects_.end() || found->second->kind != kind) {
    misuses_.push_back("gives back a " + kind + " that was not taken");
  } else {
    objects_.erase(found);
  }
}

// Friend of FakeVulkan: the functions that it hands out.
struct FakeVulkanCalls {
  using Object = FakeVulkan::Object;
  static Object* object(auto handle) { return reinterpret_cast<Object*>(handle); }
  template <class Handle>
  static VkResult create(const char* call, const char* kind, Handle* out) {
    if (the_fake->fails(call)) return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    *out = the_fake->make<Handle>(kind);
    return VK_SUCCESS;
  }
  static VkResult plain(const char* call) {
    return the_fake->fails(call) ? VK_ERROR_DEVICE_LOST : VK_SUCCESS;
  }

  static VkResult create_instance(const VkInstanceCreateInfo*, const VkAllocationCallbacks*,
                                  VkInstance* out) {
    return create("create_instance", "instance", out);
  }
  static void destroy_instance(VkInstance instance, const VkAllocationCallbacks*) {
    the_fake->drop(instance, "instance");
  }
  static VkResult physical_devices(VkInstance, std::uint32_t* count, VkPhysicalDevice* devices) {
    if (the_fake->fails("physical_devices")) return VK_ERROR_INITIALIZATION_FAILED;
    *count = 1;
    devices[0] = the_gpu();
    return VK_SUCCESS;
  }
  static void properties(VkPhysicalDevice, VkPhysicalDeviceProperties2* out) {
    std::strcpy(out->properties.deviceName, "Fake GPU");
    auto* const id =
        const_cast<VkPhysicalDeviceIDProperties*>(static_cast<const VkPhysicalDeviceIDProperties*>(
            find_chained(out->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES)));
    std::memset(id->deviceUUID, 7, VK_UUID_SIZE);
  }
  static void memory_properties(VkPhysicalDevice, VkPhysicalDeviceMemoryProperties* out) {
    out->memoryTypeCount = 2;
    out->memoryTypes[1].propertyFlags = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
  }
  static void queue_families(VkPhysicalDevice, std::uint32_t* count, VkQueueFamilyProperties* out) {
    *count = 1;
    if (out != nullptr) out->queueFlags = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT;
  }
  static VkResult device_extensions(VkPhysicalDevice, const char*, std::uint32_t* count,
                                    VkExtensionProperties* out) {
    if (the_fake->fails("device_extensions")) return VK_ERROR_OUT_OF_HOST_MEMORY;
    *count = static_cast<std::uint32_t>(the_fake->extensions.size());
    if (out == nullptr) return VK_SUCCESS;
    for (std::size_t i = 0; i < *count; ++i) {
      std::strncpy(out[i].extensionName, the_fake->extensions[i].c_str(), VK_MAX_EXTENSION_NAME_SIZE - 1);
    }
    return VK_SUCCESS;
  }
  static VkResult create_device(VkPhysicalDevice, const VkDeviceCreateInfo*, const VkAllocationCallbacks*,
                                VkDevice* out) {
    return create("create_device", "device", out);
  }
  static void destroy_device(VkDevice device, const VkAllocationCallbacks*) {
    if (the_fake->objects_.size() > 2)
      the_fake->misuses_.emplace_back("ends a device of which things are left");
    the_fake->drop(device, "device");
  }
  static VkResult device_wait_idle(VkDevice) { return plain("device_wait_idle"); }
  static void get_queue(VkDevice device, std::uint32_t, std::uint32_t, VkQueue* out) {
    *out = reinterpret_cast<VkQueue>(device);
  }
  static VkResult create_buffer(VkDevice, const VkBufferCreateInfo* info, const VkAllocationCallbacks*,
                                VkBuffer* out) {
    const auto result = create("create_buffer", "buffer", out);
    if (result == VK_SUCCESS) object(*out)->size = info->size;
    return result;
  }
  static void destroy_buffer(VkDevice, VkBuffer buffer, const VkAllocationCallbacks*) {
    the_fake->drop(buffer, "buffer");
  }
  static void buffer_requirements(VkDevice, VkBuffer buffer, VkMemoryRequirements* out) {
    out->size = (object(buffer)->size + 255) / 256 * 256;
    out->memoryTypeBits = 3;
  }
  static VkResult allocate_memory(VkDevice, const VkMemoryAllocateInfo* info, const VkAllocationCallbacks*,
                                  VkDeviceMemory* out) {
    const auto result = create("allocate_memory", "memory", out);
    if (result != VK_SUCCESS) return result;
    if (info->memoryTypeIndex != 1) the_fake->misuses_.emplace_back("takes memory that is not the GPU's");
    const auto* const imported = static_cast<const VkImportMemoryFdInfoKHR*>(
        find_chained(info->pNext, VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR));
    object(*out)->bytes.resize(info->allocationSize);
    if (imported != nullptr) object(*out)->file.reset(imported->fd);
    return VK_SUCCESS;
  }
  static void free_memory(VkDevice, VkDeviceMemory memory, const VkAllocationCallbacks*) {
    the_fake->drop(memory, "memory");
  }
  static VkResult bind_buffer(VkDevice, VkBuffer buffer, VkDeviceMemory memory, VkDeviceSize) {
    object(buffer)->memory = object(memory);
    return plain("bind_buffer");
  }
  static VkResult get_memory_fd(VkDevice, const VkMemoryGetFdInfoKHR* info, int* fd) {
    if (the_fake->fails("get_memory_fd")) return VK_ERROR_TOO_MANY_OBJECTS;
    *fd = memfd_create("memory", MFD_CLOEXEC);
    the_fake->cuda_.exported()[*fd] = &object(info->memory)->bytes;
    return VK_SUCCESS;
  }
  static VkResult fd_properties(VkDevice, VkExternalMemoryHandleTypeFlagBits, int,
                                VkMemoryFdPropertiesKHR* out) {
    out->memoryTypeBits = 2;
    return plain("fd_properties");
  }
  static VkResult create_pool(VkDevice, const VkCommandPoolCreateInfo*, const VkAllocationCallbacks*,
                              VkCommandPool* out) {
    return create("create_pool", "pool", out);
  }
  static void destroy_pool(VkDevice, VkCommandPool pool, const VkAllocationCallbacks*) {
    the_fake->drop(pool, "pool");
  }
  static VkResult allocate_commands(VkDevice, const VkCommandBufferAllocateInfo*, VkCommandBuffer* out) {
    return create("allocate_commands", "commands", out);
  }
  static void free_commands(VkDevice, VkCommandPool, std::uint32_t, const VkCommandBuffer* commands) {
    the_fake->drop(commands[0], "commands");
  }
  static VkResult begin_commands(VkCommandBuffer, const VkCommandBufferBeginInfo*) {
    return plain("begin_commands");
  }
  static VkResult end_commands(VkCommandBuffer) { return plain("end_commands"); }
  static void barrier(VkCommandBuffer, VkPipelineStageFlags, VkPipelineStageFlags, VkDependencyFlags,
                      std::uint32_t, const VkMemoryBarrier*, std::uint32_t, const VkBufferMemoryBarrier*,
                      std::uint32_t, const VkImageMemoryBarrier*) {}
  static VkResult create_fence(VkDevice, const VkFenceCreateInfo*, const VkAllocationCallbacks*,
                               VkFence* out) {
    return create("create_fence", "fence", out);
  }
  static void destroy_fence(VkDevice, VkFence fence, const VkAllocationCallbacks*) {
    the_fake->drop(fence, "fence");
  }
  static VkResult wait_fences(VkDevice, std::uint32_t, const VkFence* fences, VkBool32, std::uint64_t) {
    if (!object(fences[0])->is_signalled) the_fake->misuses_.emplace_back("waits for nothing");
    return plain("wait_fences");
  }
  static VkResult reset_fences(VkDevice, std::uint32_t, const VkFence* fences) {
    object(fences[0])->is_signalled = false;
    return plain("reset_fences");
  }
  static VkResult submit(VkQueue, std::uint32_t, const VkSubmitInfo* info, VkFence fence) {
    if (the_fake->fails("submit")) return VK_ERROR_DEVICE_LOST;
    auto& commands = *object(info->pCommandBuffers[0]);
    auto& source = *commands.from->buffer->memory;
    if (source.file) {
      const auto got = pread(source.file.get(), source.bytes.data(), source.bytes.size(), 0);
      if (got != static_cast<ssize_t>(source.bytes.size())) the_fake->misuses_.emplace_back("a short dmabuf");
    }
    run_linear(commands.constants, source.bytes.data(), commands.pointer->buffer->memory->bytes.data(),
               commands.to->buffer->memory->bytes.data());
    object(fence)->is_signalled = true;
    return VK_SUCCESS;
  }

  static VkResult create_set_layout(VkDevice, const VkDescriptorSetLayoutCreateInfo*,
                                    const VkAllocationCallbacks*, VkDescriptorSetLayout* out) {
    return create("create_set_layout", "set layout", out);
  }
  static void destroy_set_layout(VkDevice, VkDescriptorSetLayout layout, const VkAllocationCallbacks*) {
    the_fake->drop(layout, "set layout");
  }
  static VkResult create_set_pool(VkDevice, const VkDescriptorPoolCreateInfo*, const VkAllocationCallbacks*,
                                  VkDescriptorPool* out) {
    return create("create_set_pool", "set pool", out);
  }
  // All its sets go with it.
  static void destroy_set_pool(VkDevice, VkDescriptorPool pool, const VkAllocationCallbacks*) {
    std::erase_if(the_fake->objects_, [](const auto& entry) { return entry.second->kind == "set"; });
    the_fake->drop(pool, "set pool");
  }
  static VkResult allocate_sets(VkDevice, const VkDescriptorSetAllocateInfo*, VkDescriptorSet* out) {
    return create("allocate_sets", "set", out);
  }
  static VkResult free_sets(VkDevice, VkDescriptorPool, std::uint32_t, const VkDescriptorSet* sets) {
    the_fake->drop(sets[0], "set");
    return VK_SUCCESS;
  }
  static void update_sets(VkDevice, std::uint32_t, const VkWriteDescriptorSet* writes, std::uint32_t,
                          const VkCopyDescriptorSet*) {
    object(writes[0].dstSet)->buffer = object(writes[0].pBufferInfo->buffer);
  }
  static VkResult create_layout(VkDevice, const VkPipelineLayoutCreateInfo*, const VkAllocationCallbacks*,
                                VkPipelineLayout* out) {
    return create("create_layout", "layout", out);
  }
  static void destroy_layout(VkDevice, VkPipelineLayout layout, const VkAllocationCallbacks*) {
    the_fake->drop(layout, "layout");
  }
  static VkResult create_shader(VkDevice, const VkShaderModuleCreateInfo* info, const VkAllocationCallbacks*,
                                VkShaderModule* out) {
    if (info->pCode[0] != 0x07230203U) the_fake->misuses_.emplace_back("a shader that is no SPIR-V");
    return create("create_shader", "shader", out);
  }
  static void destroy_shader(VkDevice, VkShaderModule shader, const VkAllocationCallbacks*) {
    the_fake->drop(shader, "shader");
  }
  static VkResult create_pipelines(VkDevice, VkPipelineCache, std::uint32_t,
                                   const VkComputePipelineCreateInfo*, const VkAllocationCallbacks*,
                                   VkPipeline* out) {
    return create("create_pipelines", "pipeline", out);
  }
  static void destroy_pipeline(VkDevice, VkPipeline pipeline, const VkAllocationCallbacks*) {
    the_fake->drop(pipeline, "pipeline");
  }
  static void bind_pipeline(VkCommandBuffer, VkPipelineBindPoint, VkPipeline) {}
  static void bind_sets(VkCommandBuffer commands, VkPipelineBindPoint, VkPipelineLayout, std::uint32_t,
                        std::uint32_t, const VkDescriptorSet* sets, std::uint32_t, const std::uint32_t*) {
    object(commands)->from = object(sets[0]);
    object(commands)->to = object(sets[1]);
    object(commands)->pointer = object(sets[2]);
  }
  static void push_constants(VkCommandBuffer commands, VkPipelineLayout, VkShaderStageFlags, std::uint32_t,
                             std::uint32_t bytes, const void* values) {
    const auto* const words = static_cast<const std::uint32_t*>(values);
    object(commands)->constants.assign(words, words + bytes / 4);
  }
  // At once, not when it is submitted: nothing reads it before.
  static void update_buffer(VkCommandBuffer, VkBuffer buffer, VkDeviceSize offset, VkDeviceSize bytes,
                            const void* from) {
    auto& to = object(buffer)->memory->bytes;
    if (bytes > 65'536 || bytes % 4 != 0 || offset % 4 != 0 || offset + bytes > to.size()) {
      the_fake->misuses_.emplace_back("updates more of a buffer than a command may");
    } else {
      std::memcpy(to.data() + offset, from, bytes);
    }
  }
  static void dispatch(VkCommandBuffer commands, std::uint32_t x, std::uint32_t y, std::uint32_t) {
    const auto& constants = object(commands)->constants;
    if (128 * x < constants[0] || 16 * y < constants[1]) the_fake->misuses_.emplace_back("too few threads");
  }

  static PFN_vkVoidFunction get(VkInstance, const char* name) {
    if (std::string_view{name} == "vkCreateInstance")
      return reinterpret_cast<PFN_vkVoidFunction>(create_instance);
#define LUMEN_FAKE(member, type, symbol) \
  if (std::string_view{name} == symbol)  \
    return reinterpret_cast<PFN_vkVoidFunction>(static_cast<type>(member));
    LUMEN_VULKAN_CALLS(LUMEN_FAKE)
#undef LUMEN_FAKE
    return nullptr;
  }
};

PFN_vkGetInstanceProcAddr FakeVulkan::loader() { return FakeVulkanCalls::get; }

}  // namespace lumen::gpu::testing
