#include "gpu/vulkan/shared_pool.hpp"

namespace lumen::gpu::vulkan {
namespace {

constexpr unsigned kDedicated = 1;  // CUDA_EXTERNAL_MEMORY_DEDICATED
constexpr auto kOpaqueMemory = static_cast<CUexternalMemoryHandleType>(1);
constexpr std::size_t kPitchAlignment = 256;  // bytes: what both APIs read fastest

}  // namespace

Result<std::unique_ptr<SharedBuffer>> SharedBuffer::create(const Device& device,
                                                           std::shared_ptr<cuda::Context> cuda,
                                                           VkDeviceSize bytes) {
  LUMEN_TRY(auto buffer, Buffer::create_exportable(device, bytes));
  std::unique_ptr<SharedBuffer> shared{new SharedBuffer{std::move(buffer), std::move(cuda)}};
  LUMEN_CHECK_OK(shared->open());
  return shared;
}

Status SharedBuffer::open() {
  LUMEN_TRY(auto fd, buffer_.export_fd());
  LUMEN_TRY(const auto current, cuda::Current::push(*cuda_));
  CUDA_EXTERNAL_MEMORY_HANDLE_DESC handle{};
  handle.type = kOpaqueMemory;
  handle.handle.fd = fd.get();
  handle.size = buffer_.memory_bytes();
  handle.flags = kDedicated;
  LUMEN_CHECK_OK(cuda_->check(cuda_->driver().import_memory(&memory_, &handle), "cuda.import",
                              "taking memory of Vulkan"));
  static_cast<void>(fd.release());  // CUDA's from now on
  CUDA_EXTERNAL_MEMORY_BUFFER_DESC whole{};
  whole.size = buffer_.bytes();
  return cuda_->check(cuda_->driver().memory_buffer(&address_, memory_, &whole), "cuda.import",
                      "reaching memory of Vulkan");
}

SharedBuffer::~SharedBuffer() {
  const auto current = cuda::Current::push(*cuda_);
  if (!current) return;
  if (address_ != 0) cuda_->driver().memory_free(address_);
  if (memory_ != nullptr) cuda_->driver().destroy_memory(memory_);
}

Result<std::unique_ptr<SharedPool>> SharedPool::create(const Device& device,
                                                       std::shared_ptr<cuda::Context> cuda,
                                                       const cuda::BufferPool::Params& params) {
  const std::size_t pitch =
      (std::size_t{params.width} + kPitchAlignment - 1) / kPitchAlignment * kPitchAlignment;
  auto buffers = std::make_shared<Buffers>();
  std::vector<cuda::BufferPool::Memory> memory;
  for (std::size_t i = 0; i < params.count && params.height != 0 && pitch != 0; ++i) {
    LUMEN_TRY(auto buffer, SharedBuffer::create(device, cuda, pitch * cuda::rows_of_nv12(params.height)));
    memory.push_back({buffer->address(), pitch});
    buffers->push_back(std::move(buffer));
  }
  LUMEN_TRY(auto pictures, cuda::BufferPool::adopt(std::move(cuda), params, memory, buffers));
  return std::unique_ptr<SharedPool>{new SharedPool{std::move(buffers), std::move(pictures), pitch}};
}

}  // namespace lumen::gpu::vulkan
