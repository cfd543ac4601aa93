// bench: what gpu_bench and its checks share: a picture of noise on the GPU, whatever API holds it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "gpu/cuda/buffer_pool.hpp"
#include "gpu/cuda/converter.hpp"
#include "gpu/cuda/packed_buffer.hpp"
#include "gpu/egl/pass.hpp"
#include "gpu/egl/texture.hpp"
#include "gpu/vulkan/bridge.hpp"

namespace lumen::bench {

struct Size {
  std::uint32_t width, height;
};

// Everything of one GPU, opened once.
struct Gpu {
  std::shared_ptr<gpu::cuda::Context> cuda;
  std::unique_ptr<gpu::cuda::Converter> converter;
  std::unique_ptr<gpu::egl::Display> egl;
  PFN_vkGetInstanceProcAddr vulkan = nullptr;
};
Result<Gpu> open_gpu();

std::vector<std::uint8_t> noise(std::size_t bytes, unsigned seed);

// A pointer of noise, half of it clear, at the upper edge of a picture of this size.
class NoisePointer {
 public:
  static constexpr std::int32_t kSide = 64;
  NoisePointer() : bytes_{noise(std::size_t{4} * kSide * kSide, 21)} {}
  PointerPicture on(Size size) const {
    return {{static_cast<std::int32_t>(size.width) / 2 - 9, -5, kSide, kSide},
            std::as_bytes(std::span{bytes_}),
            1};
  }

 private:
  std::vector<std::uint8_t> bytes_;
};

// A texture that stands for a desktop's: OpenGL's `format`, filled from `pixels`.
Result<gpu::egl::Texture> upload(const gpu::egl::Display& display, GLenum format, Size size, GLenum order,
                                 GLenum type, const void* pixels);

// A buffer of Vulkan's that stands for a dmabuf, filled through CUDA.
Result<std::unique_ptr<gpu::vulkan::SharedBuffer>> upload(const gpu::vulkan::Device& device,
                                                          std::shared_ptr<gpu::cuda::Context> cuda,
                                                          const std::vector<std::uint8_t>& bytes);

// The same memory for OpenGL.
Result<std::unique_ptr<gpu::egl::MemoryBuffer>> import(const gpu::egl::Display& display,
                                                       const gpu::vulkan::Buffer& buffer);

// Compares all paths with the CPU's; prints a line each; false when one differs.
bool check_pixels(Gpu& gpu);
// FFmpeg with this GPU.
bool check_codecs(Gpu& gpu);

}  // namespace lumen::bench
