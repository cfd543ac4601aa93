#include "gpu_parts.hpp"

#include <random>

namespace lumen::bench {

Result<Gpu> open_gpu() {
  Gpu gpu;
  LUMEN_TRY(const auto driver, gpu::cuda::load_driver());
  LUMEN_TRY(gpu.cuda, gpu::cuda::Context::create(driver));
  LUMEN_TRY(gpu.converter, gpu::cuda::Converter::create(gpu.cuda));
  LUMEN_TRY(const auto egl, gpu::egl::load_api());
  LUMEN_TRY(gpu.egl, gpu::egl::Display::create(egl, {.uuid = gpu.cuda->uuid(), .cuda_ordinal = 0}));
  LUMEN_TRY(gpu.vulkan, gpu::vulkan::load_loader());
  return gpu;
}

std::vector<std::uint8_t> noise(std::size_t bytes, unsigned seed) {
  std::minstd_rand random{seed};
  std::vector<std::uint8_t> values(bytes);
  for (auto& value : values) value = static_cast<std::uint8_t>(random() >> 8U);
  return values;
}

Result<gpu::egl::Texture> upload(const gpu::egl::Display& display, GLenum format, Size size, GLenum order,
                                 GLenum type, const void* pixels) {
  LUMEN_TRY(auto texture, gpu::egl::Texture::create(display, format, size.width, size.height));
  display.api().texture_upload(GL_TEXTURE_2D, 0, 0, 0, static_cast<GLsizei>(size.width),
                               static_cast<GLsizei>(size.height), order, type, pixels);
  LUMEN_CHECK_OK(display.check_gl("an upload"));
  return texture;
}

Result<std::unique_ptr<gpu::vulkan::SharedBuffer>> upload(const gpu::vulkan::Device& device,
                                                          std::shared_ptr<gpu::cuda::Context> cuda,
                                                          const std::vector<std::uint8_t>& bytes) {
  LUMEN_TRY(auto buffer, gpu::vulkan::SharedBuffer::create(device, cuda, bytes.size()));
  LUMEN_TRY(const auto current, gpu::cuda::Current::push(*cuda));
  CUDA_MEMCPY2D copy{};
  copy.srcMemoryType = CU_MEMORYTYPE_HOST;
  copy.srcHost = bytes.data();
  copy.srcPitch = copy.dstPitch = copy.WidthInBytes = bytes.size();
  copy.Height = 1;
  copy.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  copy.dstDevice = buffer->address();
  LUMEN_CHECK_OK(cuda->check(cuda->driver().copy_2d(&copy, cuda->stream()), "bench.upload", "an upload"));
  LUMEN_CHECK_OK(cuda->check(cuda->driver().stream_synchronize(cuda->stream()), "bench.upload", "waiting"));
  return buffer;
}

Result<std::unique_ptr<gpu::egl::MemoryBuffer>> import(const gpu::egl::Display& display,
                                                       const gpu::vulkan::Buffer& buffer) {
  LUMEN_TRY(auto fd, buffer.export_fd());
  return gpu::egl::MemoryBuffer::create(display, std::move(fd), buffer.memory_bytes(), buffer.bytes());
}

}  // namespace lumen::bench
