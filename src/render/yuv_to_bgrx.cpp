#include "render/yuv_to_bgrx.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace lumen::render {
namespace {

// Fixed point with 14 fractional bits: sums stay far below 2³¹ and errors below half a step.
constexpr int kShift = 14, kHalf = 1 << (kShift - 1);

struct Coefficients {
  int black;  // Y' of black
  int luma, cr_to_red, cr_to_green, cb_to_green, cb_to_blue;
};

int fixed(double value) { return static_cast<int>(std::lround(value * (1 << kShift))); }

// The inverse of ITU-R BT.601 / BT.709: R' = Y' + 2(1−Kr)·Cr, B' = Y' + 2(1−Kb)·Cb, G' from both.
Coefficients coefficients(ColorSpace color) {
  const double kr = color.matrix == ColorMatrix::bt601 ? 0.299 : 0.2126;
  const double kb = color.matrix == ColorMatrix::bt601 ? 0.114 : 0.0722;
  const double kg = 1 - kr - kb;
  const bool full = color.range == ColorRange::full;
  const double chroma = full ? 1.0 : 255.0 / 224.0;
  return {.black = full ? 0 : 16,
          .luma = fixed(full ? 1.0 : 255.0 / 219.0),
          .cr_to_red = fixed(chroma * 2 * (1 - kr)),
          .cr_to_green = fixed(chroma * -2 * (1 - kr) * kr / kg),
          .cb_to_green = fixed(chroma * -2 * (1 - kb) * kb / kg),
          .cb_to_blue = fixed(chroma * 2 * (1 - kb))};
}

std::byte to_byte(int fixed_value) {
  return static_cast<std::byte>(std::clamp((fixed_value + kHalf) >> kShift, 0, 255));
}

struct ChromaRows {
  const std::byte* cb;
  const std::byte* cr;
  std::size_t step;  // bytes between two samples
};

ChromaRows chroma_rows(const PictureView& picture, std::uint32_t y) {
  const auto* cb = picture.planes[1].pixels + y / 2 * picture.planes[1].stride_bytes;
  if (picture.format == PixelFormat::nv12) return {.cb = cb, .cr = cb + 1, .step = 2};
  return {.cb = cb, .cr = picture.planes[2].pixels + y / 2 * picture.planes[2].stride_bytes, .step = 1};
}

void convert_row(const PictureView& picture, std::uint32_t y, const Coefficients& with, std::byte* out) {
  const auto* luma = picture.planes[0].pixels + y * picture.planes[0].stride_bytes;
  const auto chroma = chroma_rows(picture, y);
  for (std::uint32_t x = 0; x < picture.width; ++x, out += 4) {
    const int grey = (std::to_integer<int>(luma[x]) - with.black) * with.luma;
    const int cb = std::to_integer<int>(chroma.cb[x / 2 * chroma.step]) - 128;
    const int cr = std::to_integer<int>(chroma.cr[x / 2 * chroma.step]) - 128;
    out[0] = to_byte(grey + cb * with.cb_to_blue);
    out[1] = to_byte(grey + cb * with.cb_to_green + cr * with.cr_to_green);
    out[2] = to_byte(grey + cr * with.cr_to_red);
    out[3] = std::byte{255};
  }
}

}  // namespace

void to_bgrx(const PictureView& picture, std::byte* bgrx, std::size_t stride_bytes) {
  const auto with = coefficients(picture.color);
  for (std::uint32_t y = 0; y < picture.height; ++y) convert_row(picture, y, with, bgrx + y * stride_bytes);
}

}  // namespace lumen::render
