#include "gpu/vulkan/api.hpp"

#include <dlfcn.h>

#include <fmt/format.h>

namespace lumen::gpu::vulkan {
namespace {

constexpr const char* kLibrary = "libvulkan.so.1";

}  // namespace

Result<PFN_vkGetInstanceProcAddr> load_loader() {
  void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);  // never closed: drivers keep threads
  void* const get = library == nullptr ? nullptr : dlsym(library, "vkGetInstanceProcAddr");
  if (get != nullptr) return reinterpret_cast<PFN_vkGetInstanceProcAddr>(get);
  return fail(ErrorCode::unsupported, "vulkan.absent", fmt::format("there is no Vulkan here ({})", kLibrary),
              "Install libvulkan1 and the GPU's driver");
}

Result<Api> load_api(PFN_vkGetInstanceProcAddr get, VkInstance instance) {
  Api api;
  const char* missing = nullptr;
#define LUMEN_VULKAN_FIND(member, type, symbol)               \
  api.member = reinterpret_cast<type>(get(instance, symbol)); \
  if (api.member == nullptr) missing = symbol;
  LUMEN_VULKAN_CALLS(LUMEN_VULKAN_FIND)
#undef LUMEN_VULKAN_FIND
  if (missing == nullptr) return api;
  return fail(ErrorCode::unsupported, "vulkan.old", fmt::format("the Vulkan here has no {}", missing),
              "Install a driver of Vulkan 1.1 or newer");
}

Status check(VkResult result, std::string_view id, std::string_view what) {
  if (result == VK_SUCCESS) return {};
  const bool is_full = result == VK_ERROR_OUT_OF_DEVICE_MEMORY || result == VK_ERROR_OUT_OF_HOST_MEMORY;
  return fail(is_full ? ErrorCode::resource_exhausted : ErrorCode::internal, id,
              fmt::format("{} failed on the GPU: Vulkan error {}", what, static_cast<int>(result)),
              "LUMEN_ZEROCOPY=off streams without the GPU's copy");
}

}  // namespace lumen::gpu::vulkan
