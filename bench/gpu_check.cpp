#include <cstring>

#include <fmt/format.h>

#include "codec/convert.hpp"
#include "gpu_parts.hpp"

namespace lumen::bench {
namespace {

using gpu::cuda::BufferPool;
using gpu::cuda::PackedBuffer;
using gpu::vulkan::SharedPool;

// Odd ones too, and the least that a picture has.
constexpr Size kSizes[]{{5120, 1440}, {3840, 2160}, {1920, 1080}, {1366, 769}, {641, 363}, {1, 1}, {3, 2}};

struct GlFormat {
  const char* name;
  GLenum format, order, type;
  PackedLayout layout;
};
constexpr GlFormat kGlFormats[]{
    {"RGBA8", GL_RGBA8, GL_RGBA, GL_UNSIGNED_BYTE, {.b = 16, .g = 8, .r = 0}},
    {"BGRA8", GL_RGBA8, GL_BGRA, GL_UNSIGNED_INT_8_8_8_8_REV, kBgrx},
    {"RGB10_A2",
     GL_RGB10_A2,
     GL_RGBA,
     GL_UNSIGNED_INT_2_10_10_10_REV,
     {.bits = 10, .b = 20, .g = 10, .r = 0}},
    {"BGR10_A2",
     GL_RGB10_A2,
     GL_BGRA,
     GL_UNSIGNED_INT_2_10_10_10_REV,
     {.bits = 10, .b = 0, .g = 10, .r = 20}},
};

std::uint32_t wanted_pixel(const std::uint8_t* at, const PackedLayout& layout) {
  std::uint32_t pixel = 0;
  std::memcpy(&pixel, at, layout.bytes);
  const auto colour = [&](std::uint32_t shift) {
    const std::uint32_t value = pixel >> shift & ((1U << layout.bits) - 1);
    return layout.bits == 10 ? (value * 255 + 511) / 1023 : value;
  };
  return colour(layout.b) | colour(layout.g) << 8U | colour(layout.r) << 16U;
}

// B, G, R, 255, rows one after the other.
std::vector<std::uint8_t> to_bgrx(const std::vector<std::uint8_t>& source, std::size_t stride,
                                  std::size_t offset, const PackedLayout& layout, Size size) {
  std::vector<std::uint8_t> bgrx(std::size_t{4} * size.width * size.height);
  for (std::size_t y = 0; y < size.height; ++y) {
    for (std::size_t x = 0; x < size.width; ++x) {
      const auto pixel =
          wanted_pixel(source.data() + offset + y * stride + x * layout.bytes, layout) | 0xFF000000U;
      std::memcpy(bgrx.data() + 4 * (y * size.width + x), &pixel, 4);
    }
  }
  return bgrx;
}

std::vector<std::uint8_t> with(const PointerPicture& pointer, std::vector<std::uint8_t> bgrx, Size size) {
  draw_over(pointer, reinterpret_cast<std::byte*>(bgrx.data()), std::size_t{4} * size.width, size.width,
            size.height);
  return bgrx;
}

std::size_t count_wrong(const std::vector<std::uint8_t>& got, const std::vector<std::uint8_t>& wanted) {
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) wrong += got[i] == wanted[i] ? 0U : 1U;
  return wrong;
}

Result<std::size_t> check_gl(Gpu& gpu, gpu::egl::PassKind kind, const GlFormat& format, Size size) {
  const auto pixels = noise(std::size_t{4} * size.width * size.height, size.width);
  LUMEN_TRY(const auto source,
            upload(*gpu.egl, format.format, size, format.order, format.type, pixels.data()));
  LUMEN_TRY(auto texture, gpu::egl::Texture::create(*gpu.egl, GL_RGBA8, size.width, size.height));
  LUMEN_TRY(const auto registered, gpu::egl::RegisteredTexture::create(gpu.cuda, std::move(texture)));
  LUMEN_TRY(const auto pass, gpu::egl::Pass::create(*gpu.egl, kind));
  LUMEN_TRY(const auto out, PackedBuffer::create(gpu.cuda, size.width, size.height));
  LUMEN_CHECK_OK(pass->run(source.name(), registered->name(), size.width, size.height));
  LUMEN_CHECK_OK(registered->copy_to(out->view()));
  LUMEN_CHECK_OK(pass->wait());
  std::vector<std::uint8_t> got(pixels.size());
  LUMEN_CHECK_OK(download(*gpu.cuda, out->view(), got.data()));
  return count_wrong(got, to_bgrx(pixels, std::size_t{4} * size.width, 0, format.layout, size));
}

// How many bytes of `picture` are not as the CPU makes them of `bgrx`.
Result<std::size_t> count_wrong_nv12(gpu::cuda::PooledPicture& picture,
                                     const std::vector<std::uint8_t>& bgrx) {
  const PicturePool::Params params{
      .color = picture.color(), .width = picture.width(), .height = picture.height(), .count = 2};
  LUMEN_TRY(const auto pool, PicturePool::create(params));
  const auto wanted = pool->try_acquire(), got = pool->try_acquire();
  LUMEN_CHECK_OK(picture.download(got->picture()));
  const BorrowedFrame frame{.width = params.width,
                            .height = params.height,
                            .stride_bytes = std::size_t{4} * params.width,
                            .pixels = reinterpret_cast<const std::byte*>(bgrx.data())};
  LUMEN_CHECK_OK(codec::make_converter()->convert(frame, wanted->picture(), 0, params.height));
  std::size_t wrong = 0;
  for (std::size_t plane = 0; plane < 2; ++plane) {
    const auto &one = wanted->picture().planes[plane], &two = got->picture().planes[plane];
    for (std::size_t y = 0; y < wanted->picture().coded_height() / (plane + 1); ++y) {
      for (std::size_t x = 0; x < wanted->picture().coded_width(); ++x) {
        if (one.pixels[y * one.stride_bytes + x] != two.pixels[y * two.stride_bytes + x]) ++wrong;
      }
    }
  }
  return wrong;
}

Result<std::size_t> check_vulkan(Gpu& gpu, gpu::vulkan::Device& device, const PackedLayout& layout,
                                 Size size) {
  const std::uint32_t stride = (size.width * layout.bytes + 255) / 256 * 256, offset = 512;
  const auto bytes = noise(offset + std::size_t{stride} * size.height, size.height);
  LUMEN_TRY(const auto source, upload(device, gpu.cuda, bytes));
  LUMEN_TRY(const auto bridge, gpu::vulkan::LinearBridge::create(device));
  LUMEN_TRY(const auto pool, SharedPool::create(device, gpu.cuda, {size.width, size.height, 2}));
  std::size_t wrong = 0;
  const NoisePointer noise_pointer;
  for (const auto matrix : {ColorMatrix::bt601, ColorMatrix::bt709}) {
    const auto pointer = matrix == ColorMatrix::bt601 ? PointerPicture{} : noise_pointer.on(size);
    const auto first = pool->try_acquire(), out = pool->try_acquire();
    auto copied = bridge->copy(source->buffer(), 1, {size.width, size.height, offset, stride, layout}, *pool,
                               *out, {matrix, ColorRange::limited}, pointer);
    LUMEN_CHECK_OK(copied);
    LUMEN_TRY(const auto found,
              count_wrong_nv12(*out, with(pointer, to_bgrx(bytes, stride, offset, layout, size), size)));
    wrong += found;
  }
  return wrong;
}

Result<std::size_t> check_shared_gl(Gpu& gpu, gpu::vulkan::Device& device, const GlFormat& format,
                                    Size size) {
  const auto pixels = noise(std::size_t{4} * size.width * size.height, size.width);
  LUMEN_TRY(const auto source,
            upload(*gpu.egl, format.format, size, format.order, format.type, pixels.data()));
  LUMEN_TRY(const auto pass, gpu::egl::Pass::create(*gpu.egl, gpu::egl::PassKind::nv12));
  LUMEN_TRY(const auto pool, SharedPool::create(device, gpu.cuda, {size.width, size.height, 2}));
  std::size_t wrong = 0;
  const NoisePointer noise_pointer;
  LUMEN_TRY(const auto texture, gpu::egl::PointerTexture::create(*gpu.egl));
  for (const auto range : {ColorRange::limited, ColorRange::full}) {
    const auto pointer = range == ColorRange::limited ? PointerPicture{} : noise_pointer.on(size);
    LUMEN_CHECK_OK(texture->set(pointer));
    const auto out = pool->try_acquire();
    LUMEN_TRY(const auto buffer, import(*gpu.egl, pool->buffer_of(*out)));
    const ColorSpace color{ColorMatrix::bt709, range};
    out->set_color(color);
    LUMEN_CHECK_OK(pass->run_to_nv12(source.name(),
                                     {buffer->name(), out->pitch_bytes(), out->chroma_offset_bytes(), color},
                                     size.width, size.height, texture.get()));
    LUMEN_CHECK_OK(pass->wait());
    const auto bgrx = to_bgrx(pixels, std::size_t{4} * size.width, 0, format.layout, size);
    LUMEN_TRY(const auto found, count_wrong_nv12(*out, with(pointer, bgrx, size)));
    wrong += found;
  }
  return wrong;
}

Result<std::size_t> check_nv12(Gpu& gpu, ColorSpace color, Size size) {
  const auto pixels = noise(std::size_t{4} * size.width * size.height, 9);
  LUMEN_TRY(const auto pool, BufferPool::create(gpu.cuda, {size.width, size.height, 1}));
  LUMEN_TRY(const auto source, PackedBuffer::create(gpu.cuda, size.width, size.height));
  const auto out = pool->try_acquire();
  LUMEN_CHECK_OK(gpu::cuda::upload(*gpu.cuda, pixels.data(), source->view()));
  LUMEN_CHECK_OK(gpu.converter->to_nv12(source->view(), *out, color));
  return count_wrong_nv12(*out, pixels);
}

bool tell(const std::string& what, const Result<std::size_t>& wrong) {
  const bool ok = wrong && *wrong == 0;
  fmt::print("{:4} {}{}\n", ok ? "ok" : "BAD", what,
             ok      ? ""
             : wrong ? fmt::format(": {} wrong", *wrong)
                     : ": " + describe(wrong.error()));
  return ok;
}

bool check_vulkan_formats(Gpu& gpu, gpu::vulkan::QueueKind queue, const char* name) {
  auto device = gpu::vulkan::Device::create(gpu.vulkan, gpu.cuda->uuid(), queue);
  if (!device) return tell(fmt::format("Vulkan {} queue", name), tl::unexpected{device.error()});
  bool ok = true;
  for (const auto& format : kPackedFormats) {
    std::size_t wrong = 0;
    for (const auto size : kSizes) {
      const auto found = check_vulkan(gpu, **device, format.layout, size);
      if (!found) return tell(fmt::format("Vulkan {}", name), found);
      wrong += *found;
    }
    std::string fourcc(4, ' ');
    std::memcpy(fourcc.data(), &format.fourcc, 4);
    ok &= tell(fmt::format("Vulkan bridge, {} queue, {}, {} sizes", name, fourcc, std::size(kSizes)), wrong);
  }
  return ok;
}

}  // namespace

bool check_pixels(Gpu& gpu) {
  bool ok = true;
  for (const auto kind : {gpu::egl::PassKind::compute, gpu::egl::PassKind::fragment}) {
    for (const auto& format : kGlFormats) {
      for (const auto size : kSizes) {
        ok &= tell(
            fmt::format("GL {} pass, {}, {}x{}", kind == gpu::egl::PassKind::compute ? "compute" : "fragment",
                        format.name, size.width, size.height),
            check_gl(gpu, kind, format, size));
      }
    }
  }
  auto device = gpu::vulkan::Device::create(gpu.vulkan, gpu.cuda->uuid());
  if (!device) return tell("Vulkan", tl::unexpected{device.error()});
  for (const auto& format : kGlFormats) {
    for (const auto size : kSizes) {
      ok &= tell(fmt::format("GL pass into shared memory, {}, {}x{}", format.name, size.width, size.height),
                 check_shared_gl(gpu, **device, format, size));
    }
  }
  for (const auto matrix : {ColorMatrix::bt601, ColorMatrix::bt709}) {
    for (const auto range : {ColorRange::limited, ColorRange::full}) {
      for (const auto size : kSizes) {
        ok &=
            tell(fmt::format("NV12 kernel, {} {}, {}x{}", matrix == ColorMatrix::bt601 ? "BT.601" : "BT.709",
                             range == ColorRange::full ? "full" : "limited", size.width, size.height),
                 check_nv12(gpu, {matrix, range}, size));
      }
    }
  }
  ok &= check_vulkan_formats(gpu, gpu::vulkan::QueueKind::graphics, "graphics");
  ok &= check_vulkan_formats(gpu, gpu::vulkan::QueueKind::compute, "compute");
  return ok;
}

}  // namespace lumen::bench
