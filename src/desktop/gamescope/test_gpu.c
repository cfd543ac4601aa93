/* Tests only: makes Mesa's software Vulkan look enough like a GPU for Debian's gamescope to run on it,
 * nested. A Vulkan layer for what Vulkan is asked, and the two functions of libdrm's that gamescope finds the
 * render node with: the library is loaded as a layer and before all others (LD_PRELOAD).
 *
 * What gamescope 3.11 insists on, and Mesa 22.3's llvmpipe lacks: a render node (we name /dev/null), dmabufs
 * and conversion of YCbCr in samplers (which a nested gamescope whose windows are in memory never uses). And
 * it tells the length of a row in bytes where Vulkan counts pixels, when a window is in memory, as it always
 * is without a GPU. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <vulkan/vk_layer.h>
#include <vulkan/vulkan.h>
#include <xf86drm.h>

#define ADDED_COUNT 2
#define MOST_EXTENSIONS 64
#define MOST_REGIONS 8
#define EXPORTED __attribute__((visibility("default")))

static const char* const added[ADDED_COUNT] = {VK_EXT_PHYSICAL_DEVICE_DRM_EXTENSION_NAME,
                                               VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME};

/* Down the chain. One instance and one device, as gamescope has. */
static struct {
  VkInstance instance;
  PFN_vkGetInstanceProcAddr of_instance;
  PFN_vkGetDeviceProcAddr of_device;
  PFN_vkEnumerateDeviceExtensionProperties extensions;
  PFN_vkGetPhysicalDeviceProperties2 properties;
  PFN_vkCreateSampler create_sampler;
  PFN_vkCmdCopyBufferToImage copy_to_image;
} next;

static bool is_added(const char* extension) {
  for (int i = 0; i < ADDED_COUNT; i++)
    if (strcmp(extension, added[i]) == 0) return true;
  return false;
}

static VKAPI_ATTR VkResult VKAPI_CALL list_extensions(VkPhysicalDevice device, const char* layer,
                                                      uint32_t* count, VkExtensionProperties* out) {
  if (layer) return next.extensions(device, layer, count, out);
  if (!out) {
    const VkResult result = next.extensions(device, NULL, count, NULL);
    *count += ADDED_COUNT;
    return result;
  }
  if (*count < ADDED_COUNT) return VK_INCOMPLETE;
  *count -= ADDED_COUNT;
  const VkResult result = next.extensions(device, NULL, count, out);
  for (int i = 0; i < ADDED_COUNT; i++) {
    VkExtensionProperties* extension = &out[(*count)++];
    memset(extension, 0, sizeof *extension);
    strcpy(extension->extensionName, added[i]);
    extension->specVersion = 1;
  }
  return result;
}

static VKAPI_ATTR void VKAPI_CALL get_properties(VkPhysicalDevice device, VkPhysicalDeviceProperties2* out) {
  next.properties(device, out);
  for (VkBaseOutStructure* each = out->pNext; each; each = each->pNext) {
    if (each->sType != VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRM_PROPERTIES_EXT) continue;
    VkPhysicalDeviceDrmPropertiesEXT* drm = (VkPhysicalDeviceDrmPropertiesEXT*)each;
    drm->hasRender = VK_TRUE;
  }
}

static VKAPI_ATTR VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo* info,
                                                      const VkAllocationCallbacks* memory, VkInstance* out) {
  VkLayerInstanceCreateInfo* link = (VkLayerInstanceCreateInfo*)info->pNext;
  while (link && (link->sType != VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO ||
                  link->function != VK_LAYER_LINK_INFO))
    link = (VkLayerInstanceCreateInfo*)link->pNext;
  if (!link) return VK_ERROR_INITIALIZATION_FAILED;
  next.of_instance = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  link->u.pLayerInfo = link->u.pLayerInfo->pNext;
  const PFN_vkCreateInstance create = (PFN_vkCreateInstance)next.of_instance(NULL, "vkCreateInstance");
  const VkResult result = create(info, memory, out);
  if (result != VK_SUCCESS) return result;
  /* Now: later the loader would give the top of the chain, which is us. */
  next.instance = *out;
  next.extensions = (PFN_vkEnumerateDeviceExtensionProperties)next.of_instance(
      *out, "vkEnumerateDeviceExtensionProperties");
  next.properties =
      (PFN_vkGetPhysicalDeviceProperties2)next.of_instance(*out, "vkGetPhysicalDeviceProperties2");
  return VK_SUCCESS;
}

static void wish_for_no_ycbcr(const VkDeviceCreateInfo* info) {
  for (VkBaseOutStructure* each = (VkBaseOutStructure*)info->pNext; each; each = each->pNext) {
    if (each->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SAMPLER_YCBCR_CONVERSION_FEATURES)
      ((VkPhysicalDeviceSamplerYcbcrConversionFeatures*)each)->samplerYcbcrConversion = VK_FALSE;
  }
}

static VKAPI_ATTR VkResult VKAPI_CALL create_device(VkPhysicalDevice physical, const VkDeviceCreateInfo* info,
                                                    const VkAllocationCallbacks* memory, VkDevice* out) {
  VkLayerDeviceCreateInfo* link = (VkLayerDeviceCreateInfo*)info->pNext;
  while (link &&
         (link->sType != VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO || link->function != VK_LAYER_LINK_INFO))
    link = (VkLayerDeviceCreateInfo*)link->pNext;
  if (!link) return VK_ERROR_INITIALIZATION_FAILED;
  next.of_device = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
  const PFN_vkGetInstanceProcAddr of_instance = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  link->u.pLayerInfo = link->u.pLayerInfo->pNext;
  const char* names[MOST_EXTENSIONS];
  VkDeviceCreateInfo without = *info;
  without.ppEnabledExtensionNames = names;
  without.enabledExtensionCount = 0;
  for (uint32_t i = 0; i < info->enabledExtensionCount && i < MOST_EXTENSIONS; i++) {
    if (!is_added(info->ppEnabledExtensionNames[i]))
      names[without.enabledExtensionCount++] = info->ppEnabledExtensionNames[i];
  }
  wish_for_no_ycbcr(info);
  return ((PFN_vkCreateDevice)of_instance(next.instance, "vkCreateDevice"))(physical, &without, memory, out);
}

static VKAPI_ATTR VkResult VKAPI_CALL create_conversion(VkDevice device,
                                                        const VkSamplerYcbcrConversionCreateInfo* info,
                                                        const VkAllocationCallbacks* memory,
                                                        VkSamplerYcbcrConversion* out) {
  static char none;
  (void)device, (void)info, (void)memory;
  *out = (VkSamplerYcbcrConversion)&none;
  return VK_SUCCESS;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_sampler(VkDevice device, const VkSamplerCreateInfo* info,
                                                     const VkAllocationCallbacks* memory, VkSampler* out) {
  VkSamplerCreateInfo plain = *info;
  plain.pNext = NULL;
  return next.create_sampler(device, &plain, memory, out);
}

static VKAPI_ATTR void VKAPI_CALL copy_to_image(VkCommandBuffer commands, VkBuffer from, VkImage to,
                                                VkImageLayout layout, uint32_t count,
                                                const VkBufferImageCopy* regions) {
  VkBufferImageCopy right[MOST_REGIONS];
  if (count > MOST_REGIONS) abort();
  for (uint32_t i = 0; i < count; i++) {
    right[i] = regions[i];
    if (right[i].bufferRowLength == 4 * right[i].imageExtent.width) right[i].bufferRowLength /= 4;
  }
  next.copy_to_image(commands, from, to, layout, count, right);
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL find_in_device(VkDevice device, const char* name) {
  const PFN_vkVoidFunction found = next.of_device(device, name);
  if (strcmp(name, "vkGetDeviceProcAddr") == 0) return (PFN_vkVoidFunction)find_in_device;
  if (strcmp(name, "vkCreateSamplerYcbcrConversion") == 0) return (PFN_vkVoidFunction)create_conversion;
  if (strcmp(name, "vkCreateSampler") == 0) {
    next.create_sampler = (PFN_vkCreateSampler)found;
    return (PFN_vkVoidFunction)create_sampler;
  }
  if (strcmp(name, "vkCmdCopyBufferToImage") == 0) {
    next.copy_to_image = (PFN_vkCmdCopyBufferToImage)found;
    return (PFN_vkVoidFunction)copy_to_image;
  }
  return found;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL find_in_instance(VkInstance instance, const char* name) {
  static const struct {
    const char* name;
    PFN_vkVoidFunction function;
  } ours[] = {
      {"vkGetInstanceProcAddr", (PFN_vkVoidFunction)find_in_instance},
      {"vkGetDeviceProcAddr", (PFN_vkVoidFunction)find_in_device},
      {"vkCreateInstance", (PFN_vkVoidFunction)create_instance},
      {"vkCreateDevice", (PFN_vkVoidFunction)create_device},
      {"vkEnumerateDeviceExtensionProperties", (PFN_vkVoidFunction)list_extensions},
      {"vkGetPhysicalDeviceProperties2", (PFN_vkVoidFunction)get_properties},
  };
  for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
    if (strcmp(name, ours[i].name) == 0) return ours[i].function;
  return next.of_instance ? next.of_instance(instance, name) : NULL;
}

EXPORTED VKAPI_ATTR VkResult VKAPI_CALL
vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface* layer) {
  layer->loaderLayerInterfaceVersion = 2;
  layer->pfnGetInstanceProcAddr = find_in_instance;
  layer->pfnGetDeviceProcAddr = find_in_device;
  layer->pfnGetPhysicalDeviceProcAddr = NULL;
  return VK_SUCCESS;
}

EXPORTED int drmGetDeviceFromDevId(dev_t id, uint32_t flags, drmDevicePtr* out) {
  static char path[] = "/dev/null";
  static char* nodes[DRM_NODE_MAX] = {[DRM_NODE_RENDER] = path};
  static drmDevice device = {.nodes = nodes, .available_nodes = 1 << DRM_NODE_RENDER};
  (void)id, (void)flags;
  *out = &device;
  return 0;
}

EXPORTED void drmFreeDevice(drmDevicePtr* device) { *device = NULL; }

/* Programs inside gamescope are started without us. */
__attribute__((constructor)) static void leave_the_environment(void) { unsetenv("LD_PRELOAD"); }
