#include <cstring>

#include <fmt/format.h>

#include "codec/convert.hpp"
#include "gpu_parts.hpp"

namespace lumen::bench {
namespace {

using gpu::cuda::BufferPool;

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

// How many pixels of `picture` are not as `source` has them.
Result<std::size_t> count_wrong(gpu::cuda::PooledPicture& picture, const std::vector<std::uint8_t>& source,
                                std::size_t stride, std::size_t offset, const PackedLayout& layout) {
  std::vector<std::uint8_t> got(std::size_t{4} * picture.width() * picture.height());
  LUMEN_CHECK_OK(
      picture.download(reinterpret_cast<std::byte*>(got.data()), std::size_t{4} * picture.width()));
  std::size_t wrong = 0;
  for (std::size_t y = 0; y < picture.height(); ++y) {
    for (std::size_t x = 0; x < picture.width(); ++x) {
      std::uint32_t pixel = 0;
      std::memcpy(&pixel, got.data() + 4 * (y * picture.width() + x), 4);
      const auto* const at = source.data() + offset + y * stride + x * layout.bytes;
      if ((pixel & 0xFFFFFFU) != wanted_pixel(at, layout)) ++wrong;
    }
  }
  return wrong;
}

Result<std::size_t> check_gl(Gpu& gpu, gpu::egl::PassKind kind, const GlFormat& format, Size size) {
  const auto pixels = noise(std::size_t{4} * size.width * size.height, size.width);
  LUMEN_TRY(const auto source,
            upload(*gpu.egl, format.format, size, format.order, format.type, pixels.data()));
  LUMEN_TRY(auto texture, gpu::egl::Texture::create(*gpu.egl, GL_RGBA8, size.width, size.height));
  LUMEN_TRY(const auto registered, gpu::egl::RegisteredTexture::create(gpu.cuda, std::move(texture)));
  LUMEN_TRY(const auto pass, gpu::egl::Pass::create(*gpu.egl, kind));
  LUMEN_TRY(const auto pool, BufferPool::create(gpu.cuda, {size.width, size.height, 1}));
  const auto out = pool->try_acquire();
  LUMEN_CHECK_OK(pass->run(source.name(), registered->name(), size.width, size.height));
  LUMEN_CHECK_OK(registered->copy_to(*out));
  LUMEN_CHECK_OK(pass->wait());
  return count_wrong(*out, pixels, std::size_t{4} * size.width, 0, format.layout);
}

Result<std::size_t> check_vulkan(Gpu& gpu, gpu::vulkan::Device& device, const PackedLayout& layout,
                                 Size size) {
  const std::uint32_t stride = (size.width * layout.bytes + 255) / 256 * 256, offset = 512;
  const auto bytes = noise(offset + std::size_t{stride} * size.height, size.height);
  LUMEN_TRY(const auto source, upload(device, *gpu.cuda, bytes));
  LUMEN_TRY(const auto bridge, gpu::vulkan::LinearBridge::create(device, gpu.cuda));
  LUMEN_TRY(const auto pool, BufferPool::create(gpu.cuda, {size.width, size.height, 1}));
  const auto out = pool->try_acquire();
  for (int picture = 0; picture < 3; ++picture) {
    auto copied = bridge->copy(source->buffer(), 1, {size.width, size.height, offset, stride, layout}, *out);
    LUMEN_CHECK_OK(copied);
  }
  return count_wrong(*out, bytes, stride, offset, layout);
}

Status fill(Gpu& gpu, const gpu::cuda::PooledPicture& picture, const std::vector<std::uint8_t>& pixels) {
  LUMEN_TRY(const auto current, gpu::cuda::Current::push(*gpu.cuda));
  CUDA_MEMCPY2D copy{};
  copy.srcMemoryType = CU_MEMORYTYPE_HOST;
  copy.srcHost = pixels.data();
  copy.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  copy.dstDevice = picture.address();
  copy.dstPitch = picture.pitch_bytes();
  copy.srcPitch = copy.WidthInBytes = std::size_t{4} * picture.width();
  copy.Height = picture.height();
  return gpu.cuda->check(gpu.cuda->driver().copy_2d(&copy, gpu.cuda->stream()), "bench.upload", "an upload");
}

std::size_t count_wrong_bytes(const Picture& wanted, const std::vector<std::uint8_t>& got,
                              std::size_t pitch) {
  std::size_t wrong = 0;
  const auto compare = [&](const Plane& plane, std::size_t rows, std::size_t first_row) {
    for (std::size_t y = 0; y < rows; ++y) {
      const auto* const row = reinterpret_cast<const std::uint8_t*>(plane.pixels + y * plane.stride_bytes);
      for (std::size_t x = 0; x < wanted.coded_width(); ++x)
        if (row[x] != got[(first_row + y) * pitch + x]) ++wrong;
    }
  };
  compare(wanted.planes[0], wanted.coded_height(), 0);
  compare(wanted.planes[1], wanted.coded_height() / 2, wanted.coded_height());
  return wrong;
}

Result<std::size_t> check_nv12(Gpu& gpu, ColorSpace color, Size size) {
  const auto pixels = noise(std::size_t{4} * size.width * size.height, 9);
  LUMEN_TRY(const auto pool, BufferPool::create(gpu.cuda, {size.width, size.height, 1}));
  LUMEN_TRY(const auto planes, BufferPool::create(gpu.cuda, {size.width, 2 * size.height + 2, 1}));
  const auto source = pool->try_acquire(), out = planes->try_acquire();
  LUMEN_CHECK_OK(fill(gpu, *source, pixels));
  LUMEN_TRY(const auto cpu,
            PicturePool::create({.color = color, .width = size.width, .height = size.height, .count = 1}));
  const auto wanted = cpu->try_acquire();
  const auto uv = out->address() + out->pitch_bytes() * wanted->picture().coded_height();
  LUMEN_CHECK_OK(gpu.converter->to_nv12(view(*source),
                                        {out->address(), uv, out->pitch_bytes(), out->pitch_bytes()}, color));
  std::vector<std::uint8_t> got(out->pitch_bytes() * out->height());
  LUMEN_CHECK_OK(out->download(reinterpret_cast<std::byte*>(got.data()), out->pitch_bytes()));
  const BorrowedFrame frame{.width = size.width,
                            .height = size.height,
                            .stride_bytes = std::size_t{4} * size.width,
                            .pixels = reinterpret_cast<const std::byte*>(pixels.data())};
  LUMEN_CHECK_OK(codec::make_converter()->convert(frame, wanted->picture(), 0, size.height));
  return count_wrong_bytes(wanted->picture(), got, out->pitch_bytes());
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
  return ok;
}

}  // namespace lumen::bench
