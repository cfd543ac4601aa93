// lumen/gpu/vulkan: Vulkan, found at run time: a table of what this module calls. A value, made from nothing
// but vkGetInstanceProcAddr, so that a test can put its own there.
#pragma once

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan_core.h>

#include <type_traits>

#include "base/result.hpp"

namespace lumen::gpu::vulkan {

#define LUMEN_VULKAN_CALLS(X)                                                                            \
  X(destroy_instance, PFN_vkDestroyInstance, "vkDestroyInstance")                                        \
  X(physical_devices, PFN_vkEnumeratePhysicalDevices, "vkEnumeratePhysicalDevices")                      \
  X(properties, PFN_vkGetPhysicalDeviceProperties2, "vkGetPhysicalDeviceProperties2")                    \
  X(memory_properties, PFN_vkGetPhysicalDeviceMemoryProperties, "vkGetPhysicalDeviceMemoryProperties")   \
  X(queue_families, PFN_vkGetPhysicalDeviceQueueFamilyProperties,                                        \
    "vkGetPhysicalDeviceQueueFamilyProperties")                                                          \
  X(device_extensions, PFN_vkEnumerateDeviceExtensionProperties, "vkEnumerateDeviceExtensionProperties") \
  X(create_device, PFN_vkCreateDevice, "vkCreateDevice")                                                 \
  X(destroy_device, PFN_vkDestroyDevice, "vkDestroyDevice")                                              \
  X(device_wait_idle, PFN_vkDeviceWaitIdle, "vkDeviceWaitIdle")                                          \
  X(get_queue, PFN_vkGetDeviceQueue, "vkGetDeviceQueue")                                                 \
  X(create_buffer, PFN_vkCreateBuffer, "vkCreateBuffer")                                                 \
  X(destroy_buffer, PFN_vkDestroyBuffer, "vkDestroyBuffer")                                              \
  X(buffer_requirements, PFN_vkGetBufferMemoryRequirements, "vkGetBufferMemoryRequirements")             \
  X(allocate_memory, PFN_vkAllocateMemory, "vkAllocateMemory")                                           \
  X(free_memory, PFN_vkFreeMemory, "vkFreeMemory")                                                       \
  X(bind_buffer, PFN_vkBindBufferMemory, "vkBindBufferMemory")                                           \
  X(get_memory_fd, PFN_vkGetMemoryFdKHR, "vkGetMemoryFdKHR")                                             \
  X(fd_properties, PFN_vkGetMemoryFdPropertiesKHR, "vkGetMemoryFdPropertiesKHR")                         \
  X(create_pool, PFN_vkCreateCommandPool, "vkCreateCommandPool")                                         \
  X(destroy_pool, PFN_vkDestroyCommandPool, "vkDestroyCommandPool")                                      \
  X(allocate_commands, PFN_vkAllocateCommandBuffers, "vkAllocateCommandBuffers")                         \
  X(free_commands, PFN_vkFreeCommandBuffers, "vkFreeCommandBuffers")                                     \
  X(begin_commands, PFN_vkBeginCommandBuffer, "vkBeginCommandBuffer")                                    \
  X(end_commands, PFN_vkEndCommandBuffer, "vkEndCommandBuffer")                                          \
  X(barrier, PFN_vkCmdPipelineBarrier, "vkCmdPipelineBarrier")                                           \
  X(create_fence, PFN_vkCreateFence, "vkCreateFence")                                                    \
  X(destroy_fence, PFN_vkDestroyFence, "vkDestroyFence")                                                 \
  X(wait_fences, PFN_vkWaitForFences, "vkWaitForFences")                                                 \
  X(reset_fences, PFN_vkResetFences, "vkResetFences")                                                    \
  X(submit, PFN_vkQueueSubmit, "vkQueueSubmit")                                                          \
  X(create_set_layout, PFN_vkCreateDescriptorSetLayout, "vkCreateDescriptorSetLayout")                   \
  X(destroy_set_layout, PFN_vkDestroyDescriptorSetLayout, "vkDestroyDescriptorSetLayout")                \
  X(create_set_pool, PFN_vkCreateDescriptorPool, "vkCreateDescriptorPool")                               \
  X(destroy_set_pool, PFN_vkDestroyDescriptorPool, "vkDestroyDescriptorPool")                            \
  X(allocate_sets, PFN_vkAllocateDescriptorSets, "vkAllocateDescriptorSets")                             \
  X(free_sets, PFN_vkFreeDescriptorSets, "vkFreeDescriptorSets")                                         \
  X(update_sets, PFN_vkUpdateDescriptorSets, "vkUpdateDescriptorSets")                                   \
  X(create_layout, PFN_vkCreatePipelineLayout, "vkCreatePipelineLayout")                                 \
  X(destroy_layout, PFN_vkDestroyPipelineLayout, "vkDestroyPipelineLayout")                              \
  X(create_shader, PFN_vkCreateShaderModule, "vkCreateShaderModule")                                     \
  X(destroy_shader, PFN_vkDestroyShaderModule, "vkDestroyShaderModule")                                  \
  X(create_pipelines, PFN_vkCreateComputePipelines, "vkCreateComputePipelines")                          \
  X(destroy_pipeline, PFN_vkDestroyPipeline, "vkDestroyPipeline")                                        \
  X(bind_pipeline, PFN_vkCmdBindPipeline, "vkCmdBindPipeline")                                           \
  X(bind_sets, PFN_vkCmdBindDescriptorSets, "vkCmdBindDescriptorSets")                                   \
  X(push_constants, PFN_vkCmdPushConstants, "vkCmdPushConstants")                                        \
  X(update_buffer, PFN_vkCmdUpdateBuffer, "vkCmdUpdateBuffer")                                           \
  X(dispatch, PFN_vkCmdDispatch, "vkCmdDispatch")

struct Api {
#define LUMEN_VULKAN_MEMBER(member, type, symbol) type member = nullptr;
  LUMEN_VULKAN_CALLS(LUMEN_VULKAN_MEMBER)
#undef LUMEN_VULKAN_MEMBER
};

// vkGetInstanceProcAddr of the machine's loader, which stays loaded. `vulkan.absent`.
Result<PFN_vkGetInstanceProcAddr> load_loader();

// What an instance has. `vulkan.old` where it lacks a call.
Result<Api> load_api(PFN_vkGetInstanceProcAddr get, VkInstance instance);

// Ok, or an Error with `id` that says what was tried and Vulkan's number for the failure.
Status check(VkResult result, std::string_view id, std::string_view what);

}  // namespace lumen::gpu::vulkan
