#include "gpu/vulkan/device.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

namespace lumen::gpu::vulkan {
namespace {

constexpr std::uint32_t kMostDevices = 16;
constexpr const char* kRemedy = "Install the GPU's Vulkan driver (NVIDIA: nvidia-vulkan-icd)";

using Extensions = std::vector<VkExtensionProperties>;

bool lists(const Extensions& extensions, std::string_view wanted) {
  return std::ranges::any_of(extensions, [&](const auto& found) { return wanted == found.extensionName; });
}

Extensions extensions_of(const Api& api, VkPhysicalDevice device) {
  std::uint32_t count = 0;
  if (api.device_extensions(device, nullptr, &count, nullptr) != VK_SUCCESS) return {};
  Extensions extensions(count);
  if (api.device_extensions(device, nullptr, &count, extensions.data()) != VK_SUCCESS) return {};
  extensions.resize(std::min<std::size_t>(count, extensions.size()));
  return extensions;
}

struct Identity {
  Uuid uuid{};
  std::string name;
};

Identity identity_of(const Api& api, VkPhysicalDevice device) {
  VkPhysicalDeviceIDProperties id{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES};
  VkPhysicalDeviceProperties2 properties{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
                                         .pNext = &id};
  api.properties(device, &properties);
  Identity identity{.name = properties.properties.deviceName};
  std::memcpy(identity.uuid.data(), id.deviceUUID, identity.uuid.size());
  return identity;
}

// NVIDIA's Vulkan, OpenGL and CUDA share libraries. When the loader lets go of Vulkan's, OpenGL and CUDA's
// way to it no longer work, as seen with 580.159; so they stay. So do Mesa's, which forget some memory when
// they go.
void pin_drivers() {
  dl_iterate_phdr(
      [](dl_phdr_info* library, std::size_t, void*) {
        const std::string_view name{library->dlpi_name == nullptr ? "" : library->dlpi_name};
        if (name.find("nvidia") != std::string_view::npos ||
            name.find("/libvulkan_") != std::string_view::npos)
          static_cast<void>(dlopen(library->dlpi_name, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE));
        return 0;
      },
      nullptr);
}

Result<VkInstance> make_instance(PFN_vkGetInstanceProcAddr get) {
  const auto create = reinterpret_cast<PFN_vkCreateInstance>(get(nullptr, "vkCreateInstance"));
  const VkApplicationInfo application{.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                      .pApplicationName = "lumen",
                                      .apiVersion = VK_API_VERSION_1_1};
  const VkInstanceCreateInfo info{.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                  .pApplicationInfo = &application};
  VkInstance instance = nullptr;
  const auto result = create == nullptr ? VK_ERROR_INITIALIZATION_FAILED : create(&info, nullptr, &instance);
  if (result == VK_SUCCESS) return instance;
  return fail(ErrorCode::unsupported, "vulkan.no-device",
              fmt::format("Vulkan does not start here: error {}", static_cast<int>(result)), kRemedy);
}

struct Loaded {
  VkInstance instance;
  Api api;
};

Result<Loaded> load(PFN_vkGetInstanceProcAddr get) {
  LUMEN_TRY(auto* const instance, make_instance(get));
  auto api = load_api(get, instance);
  if (!api) {
    const auto destroy = reinterpret_cast<PFN_vkDestroyInstance>(get(instance, "vkDestroyInstance"));
    if (destroy != nullptr) destroy(instance, nullptr);
    return tl::unexpected{std::move(api).error()};
  }
  pin_drivers();
  return Loaded{instance, *api};
}

std::vector<VkPhysicalDevice> devices_of(const Api& api, VkInstance instance) {
  std::vector<VkPhysicalDevice> devices(kMostDevices);
  std::uint32_t count = kMostDevices;
  const auto result = api.physical_devices(instance, &count, devices.data());
  devices.resize(result == VK_SUCCESS || result == VK_INCOMPLETE ? std::min(count, kMostDevices) : 0);
  return devices;
}

bool has_render_node(const Api& api, VkPhysicalDevice device, const Extensions& extensions) {
  if (!lists(extensions, VK_EXT_PHYSICAL_DEVICE_DRM_EXTENSION_NAME)) return false;
  VkPhysicalDeviceDrmPropertiesEXT drm{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRM_PROPERTIES_EXT};
  VkPhysicalDeviceProperties2 properties{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
                                         .pNext = &drm};
  api.properties(device, &properties);
  return drm.hasRender == VK_TRUE;
}

bool is_of_kind(VkQueueFlags flags, QueueKind kind) {
  switch (kind) {
    case QueueKind::graphics:
      return (flags & VK_QUEUE_GRAPHICS_BIT) != 0 && (flags & VK_QUEUE_COMPUTE_BIT) != 0;
    case QueueKind::compute:
      return (flags & VK_QUEUE_COMPUTE_BIT) != 0 && (flags & VK_QUEUE_GRAPHICS_BIT) == 0;
  }
  return false;
}

}  // namespace

Result<std::vector<DeviceFacts>> list_devices(PFN_vkGetInstanceProcAddr get) {
  LUMEN_TRY(const auto loaded, load(get));
  std::vector<DeviceFacts> all;
  for (auto* const device : devices_of(loaded.api, loaded.instance)) {
    const auto extensions = extensions_of(loaded.api, device);
    all.push_back({.name = identity_of(loaded.api, device).name,
                   .has_render_node = has_render_node(loaded.api, device, extensions),
                   .exports_dmabufs = lists(extensions, VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME)});
  }
  loaded.api.destroy_instance(loaded.instance, nullptr);
  return all;
}

Result<std::unique_ptr<Device>> Device::create(PFN_vkGetInstanceProcAddr get, const std::optional<Uuid>& uuid,
                                               QueueKind queue) {
  std::unique_ptr<Device> device{new Device};
  LUMEN_CHECK_OK(device->open(get, uuid, queue));
  return device;
}

Status Device::open(PFN_vkGetInstanceProcAddr get, const std::optional<Uuid>& uuid, QueueKind queue) {
  LUMEN_TRY(const auto loaded, load(get));
  api_ = loaded.api;
  instance_ = loaded.instance;
  LUMEN_CHECK_OK(choose(uuid));
  LUMEN_CHECK_OK(choose_queue(queue));
  return open_device();
}

Status Device::choose(const std::optional<Uuid>& uuid) {
  const auto devices = devices_of(api_, instance_);
  for (auto* const device : devices) {
    auto identity = identity_of(api_, device);
    if (uuid && identity.uuid != *uuid) continue;
    physical_ = device;
    name_ = std::move(identity.name);
    api_.memory_properties(physical_, &memory_);
    return {};
  }
  return fail(ErrorCode::unsupported, "vulkan.no-device",
              fmt::format("none of the {} GPUs that Vulkan names is the one that encodes", devices.size()),
              kRemedy);
}

Status Device::choose_queue(QueueKind queue) {
  std::uint32_t count = 0;
  api_.queue_families(physical_, &count, nullptr);
  std::vector<VkQueueFamilyProperties> families(count);
  api_.queue_families(physical_, &count, families.data());
  for (std::uint32_t i = 0; i < families.size(); ++i) {
    if (!is_of_kind(families[i].queueFlags, queue)) continue;
    family_ = i;
    return {};
  }
  return fail(ErrorCode::unsupported, "vulkan.device", fmt::format("{} has no queue that copies", name_),
              kRemedy);
}

Status Device::open_device() {
  const auto found = extensions_of(api_, physical_);
  std::vector<const char*> wanted{VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME};
  for (const char* const extension : wanted) {
    if (lists(found, extension)) continue;
    return fail(ErrorCode::unsupported, "vulkan.device", fmt::format("{} lacks {}", name_, extension),
                kRemedy);
  }
  imports_dmabufs_ = lists(found, VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME);
  if (imports_dmabufs_) wanted.push_back(VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME);
  const float priority = 1;
  const VkDeviceQueueCreateInfo queue{.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                      .queueFamilyIndex = family_,
                                      .queueCount = 1,
                                      .pQueuePriorities = &priority};
  const VkDeviceCreateInfo info{.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                .queueCreateInfoCount = 1,
                                .pQueueCreateInfos = &queue,
                                .enabledExtensionCount = static_cast<std::uint32_t>(wanted.size()),
                                .ppEnabledExtensionNames = wanted.data()};
  LUMEN_CHECK_OK(check(api_.create_device(physical_, &info, nullptr, &device_), "vulkan.device",
                       "opening the GPU through Vulkan"));
  api_.get_queue(device_, family_, 0, &queue_);
  const VkCommandPoolCreateInfo pool{.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                     .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
                                     .queueFamilyIndex = family_};
  return check(api_.create_pool(device_, &pool, nullptr, &pool_), "vulkan.device", "making commands");
}

Device::~Device() {
  if (pool_ != nullptr) api_.destroy_pool(device_, pool_, nullptr);
  if (device_ != nullptr) api_.destroy_device(device_, nullptr);
  if (instance_ != nullptr) api_.destroy_instance(instance_, nullptr);
}

std::optional<std::uint32_t> Device::local_memory_type(std::uint32_t bits) const {
  std::optional<std::uint32_t> any;
  for (std::uint32_t i = 0; i < std::min<std::uint32_t>(memory_.memoryTypeCount, VK_MAX_MEMORY_TYPES); ++i) {
    if ((bits >> i & 1U) == 0) continue;
    const auto flags = memory_.memoryTypes[i].propertyFlags;
    if ((flags & VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT) != 0) return i;
    if (!any) any = i;
  }
  return any;
}

Buffer::Buffer(Buffer&& other) noexcept
    : device_{other.device_},
      buffer_{std::exchange(other.buffer_, nullptr)},
      memory_{std::exchange(other.memory_, nullptr)},
      bytes_{other.bytes_},
      memory_bytes_{other.memory_bytes_} {}

Buffer::~Buffer() {
  if (buffer_ != nullptr) device_->api().destroy_buffer(device_->handle(), buffer_, nullptr);
  if (memory_ != nullptr) device_->api().free_memory(device_->handle(), memory_, nullptr);
}

Status Buffer::make(VkBufferUsageFlags usage, VkExternalMemoryHandleTypeFlags kind) {
  const VkExternalMemoryBufferCreateInfo external{
      .sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO, .handleTypes = kind};
  const VkBufferCreateInfo info{.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                .pNext = kind == 0 ? nullptr : &external,
                                .size = bytes_,
                                .usage = usage,
                                .sharingMode = VK_SHARING_MODE_EXCLUSIVE};
  return check(device_->api().create_buffer(device_->handle(), &info, nullptr, &buffer_), "vulkan.memory",
               "making a buffer");
}

Status Buffer::back(std::uint32_t type_bits, VkDeviceSize memory_bytes, const void* chain) {
  const auto type = device_->local_memory_type(type_bits);
  if (!type) {
    return fail(ErrorCode::unsupported, "vulkan.memory", "the GPU has no memory for such a buffer");
  }
  const VkMemoryDedicatedAllocateInfo dedicated{
      .sType = VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO, .pNext = chain, .buffer = buffer_};
  const VkMemoryAllocateInfo info{.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                  .pNext = &dedicated,
                                  .allocationSize = memory_bytes,
                                  .memoryTypeIndex = *type};
  const auto& api = device_->api();
  LUMEN_CHECK_OK(check(api.allocate_memory(device_->handle(), &info, nullptr, &memory_), "vulkan.memory",
                       "taking memory for a buffer"));
  memory_bytes_ = memory_bytes;
  return check(api.bind_buffer(device_->handle(), buffer_, memory_, 0), "vulkan.memory",
               "putting a buffer into memory");
}

Result<Buffer> Buffer::create(const Device& device, VkDeviceSize bytes) {
  Buffer buffer{device, bytes};
  LUMEN_CHECK_OK(buffer.make(VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT, 0));
  VkMemoryRequirements needs{};
  device.api().buffer_requirements(device.handle(), buffer.buffer_, &needs);
  LUMEN_CHECK_OK(buffer.back(needs.memoryTypeBits, needs.size, nullptr));
  return buffer;
}

Result<Buffer> Buffer::create_exportable(const Device& device, VkDeviceSize bytes) {
  Buffer buffer{device, bytes};
  LUMEN_CHECK_OK(
      buffer.make(VK_BUFFER_USAGE_STORAGE_BUFFER_BIT, VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT));
  VkMemoryRequirements needs{};
  device.api().buffer_requirements(device.handle(), buffer.buffer_, &needs);
  const VkExportMemoryAllocateInfo exported{.sType = VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO,
                                            .handleTypes = VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT};
  LUMEN_CHECK_OK(buffer.back(needs.memoryTypeBits, needs.size, &exported));
  return buffer;
}

Result<Buffer> Buffer::import_dmabuf(const Device& device, int fd, VkDeviceSize bytes) {
  if (!device.imports_dmabufs()) {
    return fail(ErrorCode::unsupported, "vulkan.import", "this Vulkan imports no dmabufs", kRemedy);
  }
  const auto& api = device.api();
  VkMemoryFdPropertiesKHR kinds{.sType = VK_STRUCTURE_TYPE_MEMORY_FD_PROPERTIES_KHR};
  LUMEN_CHECK_OK(
      check(api.fd_properties(device.handle(), VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT, fd, &kinds),
            "vulkan.import", "looking at a dmabuf"));
  Buffer buffer{device, bytes};
  LUMEN_CHECK_OK(
      buffer.make(VK_BUFFER_USAGE_STORAGE_BUFFER_BIT, VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT));
  VkMemoryRequirements needs{};
  api.buffer_requirements(device.handle(), buffer.buffer_, &needs);
  UniqueFd own{fcntl(fd, F_DUPFD_CLOEXEC, 0)};
  const VkImportMemoryFdInfoKHR imported{.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR,
                                         .handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT,
                                         .fd = own.get()};
  LUMEN_CHECK_OK(buffer.back(needs.memoryTypeBits & kinds.memoryTypeBits, bytes, &imported));
  static_cast<void>(own.release());  // Vulkan's from now on
  return buffer;
}

Result<UniqueFd> Buffer::export_fd() const {
  const VkMemoryGetFdInfoKHR info{.sType = VK_STRUCTURE_TYPE_MEMORY_GET_FD_INFO_KHR,
                                  .memory = memory_,
                                  .handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT};
  int fd = -1;
  LUMEN_CHECK_OK(check(device_->api().get_memory_fd(device_->handle(), &info, &fd), "vulkan.export",
                       "showing memory to CUDA"));
  return UniqueFd{fd};
}

}  // namespace lumen::gpu::vulkan
