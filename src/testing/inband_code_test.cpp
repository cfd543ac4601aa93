#include "testing/inband_code.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

namespace lumen::testing {
namespace {

constexpr std::uint32_t kWidth = 640, kHeight = 48;

constexpr ColorSpace kBt709Limited{ColorMatrix::bt709, ColorRange::limited};
constexpr ColorSpace kBt709Full{ColorMatrix::bt709, ColorRange::full};
constexpr ColorSpace kBt601Limited{ColorMatrix::bt601, ColorRange::limited};
constexpr ColorSpace kBt601Full{ColorMatrix::bt601, ColorRange::full};

struct Desktop {
  std::vector<std::byte> bgrx = std::vector<std::byte>(std::size_t{kWidth} * kHeight * 4);
  std::size_t stride() const { return std::size_t{kWidth} * 4; }
};

Desktop desktop_with(const InbandCode& code) {
  Desktop desktop;
  draw_code(desktop.bgrx.data(), desktop.stride(), code);
  return desktop;
}

// A picture that owns its planes.
struct Decoded {
  PictureView view;
  std::array<std::vector<std::byte>, 3> planes;
};

// The textbook matrices as rows of numbers, so that the reader's formula is not checked against itself.
std::array<double, 3> convert_pixel(const std::byte* bgrx, ColorSpace space) {
  const double b = std::to_integer<int>(bgrx[0]), g = std::to_integer<int>(bgrx[1]),
               r = std::to_integer<int>(bgrx[2]);
  const bool hd = space.matrix == ColorMatrix::bt709;
  const double y = hd ? 0.2126 * r + 0.7152 * g + 0.0722 * b : 0.299 * r + 0.587 * g + 0.114 * b;
  const double cb = hd ? -0.114572 * r - 0.385428 * g + 0.5 * b : -0.168736 * r - 0.331264 * g + 0.5 * b;
  const double cr = hd ? 0.5 * r - 0.454153 * g - 0.045847 * b : 0.5 * r - 0.418688 * g - 0.081312 * b;
  if (space.range == ColorRange::full) return {y, 128 + cb, 128 + cr};
  return {16 + y * 219 / 255, 128 + cb * 224 / 255, 128 + cr * 224 / 255};
}

std::byte rounded(double value) { return static_cast<std::byte>(std::clamp(std::lround(value), 0L, 255L)); }

void fill_planes(Decoded& out, const Desktop& desktop) {
  for (std::uint32_t y = 0; y < kHeight; y += 2) {
    for (std::uint32_t x = 0; x < kWidth; x += 2) {
      double cb = 0, cr = 0;
      for (std::uint32_t i = 0; i < 4; ++i) {
        const std::size_t px = x + i % 2, py = y + i / 2;
        const auto ycbcr = convert_pixel(&desktop.bgrx[py * desktop.stride() + px * 4], out.view.color);
        out.planes[0][py * kWidth + px] = rounded(ycbcr[0]);
        cb += ycbcr[1] / 4;
        cr += ycbcr[2] / 4;
      }
      const bool nv12 = out.view.format == PixelFormat::nv12;
      const std::size_t at = nv12 ? y / 2 * std::size_t{kWidth} + x : y / 2 * (kWidth / 2) + x / 2;
      out.planes[1][at] = rounded(cb);
      if (nv12) out.planes[1][at + 1] = rounded(cr);
      if (!nv12) out.planes[2][at] = rounded(cr);
    }
  }
}

Decoded ideal_conversion(const Desktop& desktop, PixelFormat format, ColorSpace space) {
  Decoded out;
  out.view = {.format = format, .color = space, .width = kWidth, .height = kHeight, .planes = {}};
  const bool nv12 = format == PixelFormat::nv12;
  out.planes[0].resize(std::size_t{kWidth} * kHeight);
  out.planes[1].resize(std::size_t{kWidth} * kHeight / (nv12 ? 2 : 4));
  out.planes[2].resize(nv12 ? 0 : std::size_t{kWidth} * kHeight / 4);
  fill_planes(out, desktop);
  const std::size_t chroma_stride = nv12 ? kWidth : kWidth / 2;
  out.view.planes = {ConstPlane{out.planes[0].data(), kWidth},
                     ConstPlane{out.planes[1].data(), chroma_stride},
                     ConstPlane{out.planes[2].data(), nv12 ? 0 : chroma_stride}};
  return out;
}

Decoded decoded_with(const InbandCode& code) {
  return ideal_conversion(desktop_with(code), PixelFormat::i420, kBt709Limited);
}

// Paints cell `index` (0…127, row by row) into a luma plane.
void paint_cell(Decoded& picture, std::size_t index, bool white) {
  const auto left = index % 64 * 8, top = index / 64 * 8;
  for (std::size_t y = top; y < top + 8; ++y) {
    const auto row = picture.planes[0].begin() + static_cast<std::ptrdiff_t>(y * kWidth + left);
    std::fill(row, row + 8, white ? std::byte{235} : std::byte{16});
  }
}

bool is_white(const Decoded& picture, std::size_t index) {
  const auto at = (index / 64 * 8 + 4) * kWidth + index % 64 * 8 + 4;
  return std::to_integer<int>(picture.planes[0][at]) > 126;
}

// What the picture says; a failure, and nonsense, when it says nothing.
CodeReading read(const Decoded& picture) {
  const auto reading = read_code(picture.view);
  EXPECT_TRUE(reading) << "no code";
  return reading.value_or(
      CodeReading{.code = {.frame_number = 0xDEAD, .drawn_us = 0}, .max_color_error = -1});
}

constexpr InbandCode kCode{.frame_number = 0x01234567, .drawn_us = 0x89ABCDEF012345};

TEST(InbandCode, survives_every_colour_space_and_format_with_true_colours) {
  for (const auto space : {kBt709Limited, kBt709Full, kBt601Limited, kBt601Full}) {
    for (const auto format : {PixelFormat::nv12, PixelFormat::i420}) {
      const auto reading = read(ideal_conversion(desktop_with(kCode), format, space));
      EXPECT_EQ(reading.code, kCode);
      EXPECT_LE(reading.max_color_error, 2);
    }
  }
}

// Computed apart, from docs/inband-code.md: the layout may not drift, other programs draw it too.
TEST(InbandCode, cells_are_the_documented_bits) {
  const auto picture = decoded_with(kCode);
  const std::array<std::uint64_t, 2> want{0xA5C30123456789AB, 0xCDEF0123451D6CC4};
  for (std::size_t cell = 0; cell < 128; ++cell) {
    EXPECT_EQ(is_white(picture, cell), (want[cell / 64] >> (63 - cell % 64) & 1) != 0) << "cell " << cell;
  }
}

TEST(InbandCode, every_bit_of_number_and_time_comes_back) {
  for (unsigned bit = 0; bit < 56; ++bit) {
    for (const std::uint64_t value : {(1ULL << bit) - 1, 1ULL << bit, (1ULL << 56) - 1 - (1ULL << bit)}) {
      const InbandCode code{.frame_number = static_cast<std::uint32_t>(value), .drawn_us = value};
      const auto reading = read(decoded_with(code));
      EXPECT_EQ(reading.code, code);
    }
  }
}

TEST(InbandCode, time_beyond_56_bits_loses_its_high_bits_only) {
  const auto reading = read(decoded_with({.frame_number = 7, .drawn_us = (1ULL << 60) + 5}));
  EXPECT_EQ(reading.code, (InbandCode{.frame_number = 7, .drawn_us = 5}));
}

TEST(InbandCode, noise_of_20_steps_does_not_hurt) {
  std::mt19937 random{1};
  std::uniform_int_distribution<int> noise{-20, 20};
  auto picture = decoded_with(kCode);
  for (auto& plane : picture.planes) {
    for (auto& sample : plane) sample = rounded(std::to_integer<int>(sample) + noise(random));
  }
  const auto reading = read(picture);
  EXPECT_EQ(reading.code, kCode);
  EXPECT_LE(reading.max_color_error, kColorTolerance);
}

TEST(InbandCode, wrong_tags_show_as_colour_error_and_the_code_still_reads) {
  struct Case {
    ColorSpace is, tagged;
  };
  for (const auto& [is, tagged] : {Case{kBt709Limited, kBt601Limited}, Case{kBt601Limited, kBt709Limited},
                                   Case{kBt709Limited, kBt709Full}, Case{kBt709Full, kBt709Limited}}) {
    auto picture = ideal_conversion(desktop_with(kCode), PixelFormat::nv12, is);
    picture.view.color = tagged;
    const auto reading = read(picture);
    EXPECT_EQ(reading.code, kCode);
    EXPECT_GT(reading.max_color_error, kColorTolerance);
  }
}

TEST(InbandCode, swapped_chroma_planes_show_as_colour_error) {
  auto picture = decoded_with(kCode);
  std::swap(picture.view.planes[1], picture.view.planes[2]);
  const auto reading = read(picture);
  EXPECT_GT(reading.max_color_error, kColorTolerance);
}

TEST(InbandCode, one_wrong_cell_is_never_read) {
  const auto good = decoded_with(kCode);
  for (std::size_t cell = 0; cell < 128; ++cell) {
    auto picture = good;
    picture.view.planes[0].pixels = picture.planes[0].data();
    paint_cell(picture, cell, !is_white(good, cell));
    EXPECT_FALSE(read_code(picture.view)) << "cell " << cell;
  }
}

TEST(InbandCode, upper_row_of_one_frame_with_lower_row_of_the_next_is_not_read) {
  auto torn = decoded_with({.frame_number = 1, .drawn_us = 1'000'000});
  const auto next = decoded_with({.frame_number = 2, .drawn_us = 1'016'667});
  for (std::size_t cell = 64; cell < 128; ++cell) paint_cell(torn, cell, is_white(next, cell));
  EXPECT_FALSE(read_code(torn.view));
}

TEST(InbandCode, picture_smaller_than_the_code_is_not_read) {
  for (const auto& [width, height] : {std::pair{511U, 48U}, {640U, 31U}, {0U, 0U}}) {
    auto picture = decoded_with(kCode);
    picture.view.width = width;
    picture.view.height = height;
    EXPECT_FALSE(read_code(picture.view)) << width << "x" << height;
  }
}

void paint_cells(Decoded& picture, const std::array<std::uint64_t, 2>& rows) {
  for (std::size_t cell = 0; cell < 128; ++cell) {
    paint_cell(picture, cell, (rows[cell / 64] >> (63 - cell % 64) & 1) != 0);
  }
}

TEST(InbandCode, random_cells_are_never_read) {
  std::mt19937_64 random{2};
  auto picture = decoded_with(kCode);
  for (int round = 0; round < 50'000; ++round) {
    std::array<std::uint64_t, 2> rows{random(), random()};
    paint_cells(picture, rows);
    EXPECT_FALSE(read_code(picture.view)) << "round " << round;
    rows[0] = (rows[0] & 0xFFFF'FFFF'FFFF) | 0xA5C3ULL << 48;  // now only the checksum refuses it
    paint_cells(picture, rows);
    EXPECT_FALSE(read_code(picture.view)) << "round " << round << " with sync";
  }
}

// Everything in one colour.
Desktop painted(std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  Desktop desktop;
  for (std::size_t at = 0; at < desktop.bgrx.size(); at += 4) {
    desktop.bgrx[at] = std::byte{blue};
    desktop.bgrx[at + 1] = std::byte{green};
    desktop.bgrx[at + 2] = std::byte{red};
  }
  return desktop;
}

TEST(Flash, is_read_in_every_colour_space_and_format_and_no_other_colour_is_taken_for_it) {
  for (const auto space : {kBt709Limited, kBt709Full, kBt601Limited, kBt601Full}) {
    for (const auto format : {PixelFormat::nv12, PixelFormat::i420}) {
      const auto flash = [&](std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
        return read_flash(ideal_conversion(painted(red, green, blue), format, space).view);
      };
      EXPECT_EQ(flash(192, 32, 192), false);
      EXPECT_EQ(flash(32, 192, 32), true);
      EXPECT_EQ(flash(128, 128, 128), std::nullopt);
      EXPECT_EQ(flash(0, 0, 0), std::nullopt);
      EXPECT_EQ(flash(70, 120, 190), std::nullopt);
    }
  }
}

TEST(Flash, of_an_empty_picture_is_none) {
  auto picture = decoded_with(kCode);
  picture.view.width = 4;
  EXPECT_EQ(read_flash(picture.view), std::nullopt);
}

}  // namespace
}  // namespace lumen::testing
