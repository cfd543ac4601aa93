#include "gpu/vulkan/bridge.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace lumen::gpu::vulkan {
namespace {

constexpr std::uint64_t kLongestWaitNs = 1'000'000'000;
constexpr unsigned kDedicated = 1;  // CUDA_EXTERNAL_MEMORY_DEDICATED
constexpr auto kOpaqueMemory = static_cast<CUexternalMemoryHandleType>(1);

bool is_same(const LinearPicture& a, const LinearPicture& b) {
  return a.width == b.width && a.height == b.height && a.offset_bytes == b.offset_bytes &&
         a.stride_bytes == b.stride_bytes && a.layout == b.layout;
}

// From the first pixel to the last one.
VkDeviceSize span_bytes(const LinearPicture& picture) {
  return VkDeviceSize{picture.stride_bytes} * (picture.height - 1) +
         VkDeviceSize{picture.layout.bytes} * picture.width;
}

Status check_claim(const LinearPicture& picture, VkDeviceSize memory_bytes) {
  const bool is_wide_enough =
      picture.width != 0 && picture.height != 0 &&
      VkDeviceSize{picture.stride_bytes} >= VkDeviceSize{picture.width} * picture.layout.bytes;
  if (is_wide_enough && picture.offset_bytes + span_bytes(picture) <= memory_bytes) return {};
  return fail(ErrorCode::malformed, "vulkan.import", "a picture lies outside of its dmabuf");
}

}  // namespace

Result<std::unique_ptr<SharedSemaphore>> SharedSemaphore::create(const Device& device,
                                                                 const cuda::Context& cuda) {
  std::unique_ptr<SharedSemaphore> semaphore{new SharedSemaphore{device, cuda}};
  LUMEN_CHECK_OK(semaphore->open());
  return semaphore;
}

Status SharedSemaphore::open() {
  const auto& api = device_.api();
  const VkExportSemaphoreCreateInfo exported{.sType = VK_STRUCTURE_TYPE_EXPORT_SEMAPHORE_CREATE_INFO,
                                             .handleTypes = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT};
  const VkSemaphoreCreateInfo info{.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &exported};
  LUMEN_CHECK_OK(check(api.create_semaphore(device_.handle(), &info, nullptr, &vulkan_), "vulkan.semaphore",
                       "making a semaphore"));
  const VkSemaphoreGetFdInfoKHR get{.sType = VK_STRUCTURE_TYPE_SEMAPHORE_GET_FD_INFO_KHR,
                                    .semaphore = vulkan_,
                                    .handleType = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT};
  int fd = -1;
  LUMEN_CHECK_OK(check(api.get_semaphore_fd(device_.handle(), &get, &fd), "vulkan.semaphore",
                       "showing a semaphore to CUDA"));
  UniqueFd own{fd};
  CUDA_EXTERNAL_SEMAPHORE_HANDLE_DESC handle{};
  handle.type = CU_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD;
  handle.handle.fd = fd;
  LUMEN_TRY(const auto current, cuda::Current::push(cuda_));
  LUMEN_CHECK_OK(cuda_.check(cuda_.driver().import_semaphore(&shared_, &handle), "cuda.semaphore",
                             "taking a semaphore of Vulkan"));
  static_cast<void>(own.release());  // CUDA's from now on
  return {};
}

SharedSemaphore::~SharedSemaphore() {
  if (shared_ != nullptr) {
    const auto current = cuda::Current::push(cuda_);
    if (current) cuda_.driver().destroy_semaphore(shared_);
  }
  if (vulkan_ != nullptr) device_.api().destroy_semaphore(device_.handle(), vulkan_, nullptr);
}

Status SharedSemaphore::wait_on_cuda() {
  const CUDA_EXTERNAL_SEMAPHORE_WAIT_PARAMS parameters{};
  return cuda_.check(cuda_.driver().wait_semaphores(&shared_, &parameters, 1, cuda_.stream()),
                     "cuda.semaphore", "waiting for Vulkan");
}

Status SharedSemaphore::signal_on_cuda() {
  const CUDA_EXTERNAL_SEMAPHORE_SIGNAL_PARAMS parameters{};
  return cuda_.check(cuda_.driver().signal_semaphores(&shared_, &parameters, 1, cuda_.stream()),
                     "cuda.semaphore", "telling Vulkan");
}

Result<std::unique_ptr<SharedBuffer>> SharedBuffer::create(const Device& device, const cuda::Context& cuda,
                                                           VkDeviceSize bytes) {
  LUMEN_TRY(auto buffer, Buffer::create_exportable(device, bytes));
  std::unique_ptr<SharedBuffer> shared{new SharedBuffer{std::move(buffer), cuda}};
  LUMEN_CHECK_OK(shared->open());
  return shared;
}

Status SharedBuffer::open() {
  LUMEN_TRY(auto fd, buffer_.export_fd());
  LUMEN_TRY(const auto current, cuda::Current::push(cuda_));
  CUDA_EXTERNAL_MEMORY_HANDLE_DESC handle{};
  handle.type = kOpaqueMemory;
  handle.handle.fd = fd.get();
  handle.size = buffer_.memory_bytes();
  handle.flags = kDedicated;
  LUMEN_CHECK_OK(
      cuda_.check(cuda_.driver().import_memory(&memory_, &handle), "cuda.import", "taking memory of Vulkan"));
  static_cast<void>(fd.release());  // CUDA's from now on
  CUDA_EXTERNAL_MEMORY_BUFFER_DESC whole{};
  whole.size = buffer_.bytes();
  return cuda_.check(cuda_.driver().memory_buffer(&address_, memory_, &whole), "cuda.import",
                     "reaching memory of Vulkan");
}

SharedBuffer::~SharedBuffer() {
  const auto current = cuda::Current::push(cuda_);
  if (!current) return;
  if (address_ != 0) cuda_.driver().memory_free(address_);
  if (memory_ != nullptr) cuda_.driver().destroy_memory(memory_);
}

LinearBridge::LinearBridge(const Device& device, std::shared_ptr<cuda::Context> cuda)
    : device_{device}, cuda_{std::move(cuda)} {
  sources_.reserve(kMostBuffers);
}

Result<std::unique_ptr<LinearBridge>> LinearBridge::create(const Device& device,
                                                           std::shared_ptr<cuda::Context> cuda) {
  std::unique_ptr<LinearBridge> bridge{new LinearBridge{device, std::move(cuda)}};
  LUMEN_CHECK_OK(bridge->open());
  return bridge;
}

Status LinearBridge::open() {
  LUMEN_TRY(converter_, cuda::Converter::create(cuda_));
  LUMEN_TRY(done_, SharedSemaphore::create(device_, *cuda_));
  LUMEN_TRY(free_, SharedSemaphore::create(device_, *cuda_));
  const VkFenceCreateInfo info{.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
  return check(device_.api().create_fence(device_.handle(), &info, nullptr, &fence_), "vulkan.fence",
               "making a fence");
}

LinearBridge::~LinearBridge() {
  device_.api().device_wait_idle(device_.handle());
  static_cast<void>(cuda_->wait());
  forget_all();
  if (fence_ != nullptr) device_.api().destroy_fence(device_.handle(), fence_, nullptr);
}

void LinearBridge::forget(Source& source) {
  if (source.commands != nullptr)
    device_.api().free_commands(device_.handle(), device_.pool(), 1, &source.commands);
}

void LinearBridge::forget_all() {
  for (const auto& source : sources_) forget(*source);
  sources_.clear();
}

// The commands of all sources name the target.
Status LinearBridge::fit_target(VkDeviceSize bytes) {
  if (target_ && target_->buffer().bytes() >= bytes) return {};
  LUMEN_CHECK_OK(cuda_->wait());
  forget_all();
  target_.reset();
  LUMEN_TRY(target_, SharedBuffer::create(device_, *cuda_, bytes));
  return {};
}

LinearBridge::Source* LinearBridge::find(std::uint64_t id, const LinearPicture& picture) {
  for (const auto& source : sources_) {
    if (source->id == id && is_same(source->picture, picture)) return source.get();
  }
  return nullptr;
}

Result<LinearBridge::Source*> LinearBridge::add(Source source) {
  LUMEN_CHECK_OK(fit_target(span_bytes(source.picture)));
  if (sources_.size() == kMostBuffers) {
    const auto oldest = std::ranges::min_element(sources_, {}, [](const auto& one) { return one->used; });
    forget(**oldest);
    sources_.erase(oldest);
  }
  auto kept = std::make_unique<Source>(std::move(source));
  if (auto recorded = record(*kept); !recorded) {
    forget(*kept);
    return tl::unexpected{std::move(recorded).error()};
  }
  sources_.push_back(std::move(kept));
  return sources_.back().get();
}

Status LinearBridge::record(Source& source) {
  const auto& api = device_.api();
  const VkCommandBufferAllocateInfo info{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                         .commandPool = device_.pool(),
                                         .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                         .commandBufferCount = 1};
  LUMEN_CHECK_OK(check(api.allocate_commands(device_.handle(), &info, &source.commands), "vulkan.commands",
                       "making commands"));
  const VkCommandBufferBeginInfo begin{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
  LUMEN_CHECK_OK(check(api.begin_commands(source.commands, &begin), "vulkan.commands", "making commands"));
  // Whoever drew it did so outside of this device.
  const VkBufferMemoryBarrier acquire{.sType = VK_STRUCTURE_TYPE_BUFFER_MEMORY_BARRIER,
                                      .dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT,
                                      .srcQueueFamilyIndex = VK_QUEUE_FAMILY_EXTERNAL,
                                      .dstQueueFamilyIndex = device_.family(),
                                      .buffer = source.buffer,
                                      .size = VK_WHOLE_SIZE};
  api.barrier(source.commands, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 0,
              nullptr, 1, &acquire, 0, nullptr);
  const VkBufferCopy region{.srcOffset = source.picture.offset_bytes, .size = span_bytes(source.picture)};
  api.copy_buffer(source.commands, source.buffer, target_->buffer().handle(), 1, &region);
  return check(api.end_commands(source.commands), "vulkan.commands", "making commands");
}

Status LinearBridge::copy(const DmabufPicture& picture, const cuda::PooledPicture& out) {
  struct stat file{};
  const auto layout = layout_of(picture.fourcc);
  if (!layout || picture.plane_count != 1 || fstat(picture.planes[0].fd, &file) != 0) {
    return fail(ErrorCode::unsupported, "vulkan.import", "a picture of a kind that is not read this way");
  }
  const LinearPicture linear{picture.width, picture.height, picture.planes[0].offset_bytes,
                             picture.planes[0].stride_bytes, *layout};
  auto* source = find(file.st_ino, linear);
  if (source == nullptr) {
    const auto bytes = lseek(picture.planes[0].fd, 0, SEEK_END);
    const auto memory_bytes = static_cast<VkDeviceSize>(std::max<off_t>(bytes, 0));
    LUMEN_CHECK_OK(check_claim(linear, memory_bytes));
    LUMEN_TRY(auto imported, Buffer::import_dmabuf(device_, picture.planes[0].fd, memory_bytes));
    auto* const buffer = imported.handle();
    LUMEN_TRY(source,
              add({.id = file.st_ino, .imported = std::move(imported), .buffer = buffer, .picture = linear}));
  }
  return run(*source, out);
}

Status LinearBridge::copy(const Buffer& source, std::uint64_t id, const LinearPicture& picture,
                          const cuda::PooledPicture& out) {
  auto* known = find(id, picture);
  if (known == nullptr) {
    LUMEN_CHECK_OK(check_claim(picture, source.bytes()));
    LUMEN_TRY(known, add({.id = id, .imported = {}, .buffer = source.handle(), .picture = picture}));
  }
  return run(*known, out);
}

Status LinearBridge::run(Source& source, const cuda::PooledPicture& out) {
  source.used = ++uses_;
  const auto& api = device_.api();
  auto* const wait = free_->handle();
  auto* const signal = done_->handle();
  constexpr VkPipelineStageFlags kStage = VK_PIPELINE_STAGE_TRANSFER_BIT;
  const VkSubmitInfo submit{.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                            .waitSemaphoreCount = must_wait_for_free_ ? 1U : 0U,
                            .pWaitSemaphores = &wait,
                            .pWaitDstStageMask = &kStage,
                            .commandBufferCount = 1,
                            .pCommandBuffers = &source.commands,
                            .signalSemaphoreCount = 1,
                            .pSignalSemaphores = &signal};
  LUMEN_CHECK_OK(check(api.submit(device_.queue(), 1, &submit, fence_), "vulkan.submit", "a copy"));
  const auto queued = queue_on_cuda(source.picture, out);
  const auto waited = api.wait_fences(device_.handle(), 1, &fence_, VK_TRUE, kLongestWaitNs);
  LUMEN_CHECK_OK(queued);
  LUMEN_CHECK_OK(check(waited, "vulkan.timeout", "waiting for a copy"));
  return check(api.reset_fences(device_.handle(), 1, &fence_), "vulkan.fence", "a fence");
}

Status LinearBridge::queue_on_cuda(const LinearPicture& picture, const cuda::PooledPicture& out) {
  LUMEN_TRY(const auto current, cuda::Current::push(*cuda_));
  LUMEN_CHECK_OK(done_->wait_on_cuda());
  const cuda::PackedView from{target_->address(), picture.stride_bytes, picture.width, picture.height};
  LUMEN_CHECK_OK(picture.layout == kBgrx
                     ? cuda::copy(*cuda_, from, out)
                     : converter_->to_bgrx(from, picture.layout,
                                           {out.address(), out.pitch_bytes(), out.width(), out.height()}));
  LUMEN_CHECK_OK(free_->signal_on_cuda());
  must_wait_for_free_ = true;
  return {};
}

}  // namespace lumen::gpu::vulkan
