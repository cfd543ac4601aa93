#include "render/yuv_to_bgrx.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <tuple>
#include <vector>

namespace lumen::render {
namespace {

struct Color {
  int red, green, blue;
};

// Textbook forward conversion of one colour, into a picture that is that colour everywhere.
struct Flat {
  std::array<std::vector<std::byte>, 3> planes;
  PictureView view;
};

std::array<double, 3> ycbcr(Color c, ColorSpace space) {
  const bool hd = space.matrix == ColorMatrix::bt709;
  const double y = hd ? 0.2126 * c.red + 0.7152 * c.green + 0.0722 * c.blue
                      : 0.299 * c.red + 0.587 * c.green + 0.114 * c.blue;
  const double cb = (c.blue - y) / (hd ? 1.8556 : 1.772), cr = (c.red - y) / (hd ? 1.5748 : 1.402);
  if (space.range == ColorRange::full) return {y, 128 + cb, 128 + cr};
  return {16 + y * 219 / 255, 128 + cb * 224 / 255, 128 + cr * 224 / 255};
}

std::byte rounded(double value) { return static_cast<std::byte>(std::min(std::lround(value), 255L)); }

Flat flat(Color color, PixelFormat format, ColorSpace space, std::uint32_t width, std::uint32_t height) {
  const auto [y, cb, cr] = ycbcr(color, space);
  const std::size_t columns = (width + 1) / 2, rows = (height + 1) / 2;
  Flat out;
  out.planes[0].assign(std::size_t{width} * height, rounded(y));
  out.planes[1].assign(columns * rows * (format == PixelFormat::nv12 ? 2 : 1), rounded(cb));
  out.planes[2].assign(columns * rows, rounded(cr));
  if (format == PixelFormat::nv12) {
    for (std::size_t i = 1; i < out.planes[1].size(); i += 2) out.planes[1][i] = rounded(cr);
  }
  out.view = {.format = format, .color = space, .width = width, .height = height, .planes = {}};
  out.view.planes = {ConstPlane{out.planes[0].data(), width},
                     ConstPlane{out.planes[1].data(), format == PixelFormat::nv12 ? columns * 2 : columns},
                     ConstPlane{out.planes[2].data(), columns}};
  return out;
}

void expect_everywhere(Color color, const PictureView& picture) {
  std::vector<std::byte> out(std::size_t{picture.width} * picture.height * 4);
  to_bgrx(picture, out.data(), std::size_t{picture.width} * 4);
  for (std::size_t i = 0; i < out.size(); i += 4) {
    EXPECT_NEAR(std::to_integer<int>(out[i]), color.blue, 2);
    EXPECT_NEAR(std::to_integer<int>(out[i + 1]), color.green, 2);
    EXPECT_NEAR(std::to_integer<int>(out[i + 2]), color.red, 2);
    EXPECT_EQ(out[i + 3], std::byte{255});
  }
}

class YuvToBgrxSpaces : public ::testing::TestWithParam<std::tuple<ColorMatrix, ColorRange, PixelFormat>> {};

TEST_P(YuvToBgrxSpaces, colours_come_back) {
  const auto [matrix, range, format] = GetParam();
  constexpr std::array<Color, 6> kColors{
      {{0, 0, 0}, {255, 255, 255}, {255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {90, 160, 33}}};
  for (const auto& color : kColors) {
    const auto picture = flat(color, format, {.matrix = matrix, .range = range}, 5, 3);
    expect_everywhere(color, picture.view);
  }
}

INSTANTIATE_TEST_SUITE_P(Every, YuvToBgrxSpaces,
                         ::testing::Combine(::testing::Values(ColorMatrix::bt601, ColorMatrix::bt709),
                                            ::testing::Values(ColorRange::limited, ColorRange::full),
                                            ::testing::Values(PixelFormat::nv12, PixelFormat::i420)));

TEST(YuvToBgrx, values_outside_the_range_are_clamped_and_stride_gap_is_left_alone) {
  auto picture = flat({255, 255, 255}, PixelFormat::i420, {ColorMatrix::bt709, ColorRange::limited}, 2, 2);
  picture.planes[0].assign(4, std::byte{255});
  std::vector<std::byte> out(24, std::byte{0x55});
  to_bgrx(picture.view, out.data(), 12);
  EXPECT_EQ(out[0], std::byte{255});
  EXPECT_EQ(out[8], std::byte{0x55});
  EXPECT_EQ(out[12], std::byte{255});
}

}  // namespace
}  // namespace lumen::render
