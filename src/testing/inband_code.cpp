#include "testing/inband_code.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace lumen::testing {
namespace {

constexpr std::uint32_t kCellSize = 8, kCellsPerRow = 64, kCellRows = 2;
constexpr std::uint32_t kPatchTop = 16, kPatchWidth = 32, kPatchHeight = 16;
constexpr std::uint32_t kPatchBorder = 4;  // left out on each side: it bleeds into its neighbour
constexpr std::uint64_t kSync = 0xA5C3, kTimeMask = (1ULL << 56) - 1;
constexpr std::size_t kBytesPerPixel = 4;

static_assert(kCodeWidth == kCellsPerRow * kCellSize);
static_assert(kPatchTop == kCellRows * kCellSize && kCodeHeight == kPatchTop + kPatchHeight);

struct Rgb {
  std::uint8_t red, green, blue;
};

// Grey, the six corners of the cube, a skin tone. The corners are where matrices and ranges differ most.
constexpr std::array<Rgb, 8> kPatches{{{128, 128, 128},
                                       {255, 0, 0},
                                       {0, 255, 0},
                                       {0, 0, 255},
                                       {0, 255, 255},
                                       {255, 0, 255},
                                       {255, 255, 0},
                                       {224, 172, 136}}};

// The 128 cells; the first cell of a row is its word's most significant bit.
using CellRows = std::array<std::uint64_t, kCellRows>;

// CRC-24 of OpenPGP (RFC 4880, section 6.1) over the frame number and the time, most significant bit first.
std::uint32_t checksum(const InbandCode& code) {
  std::uint32_t crc = 0xB704CE;
  const auto feed = [&crc](std::uint64_t value, int bytes) {
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
      crc ^= static_cast<std::uint32_t>((value >> shift) & 0xFF) << 16;
      for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ ((crc & 0x800000) != 0 ? 0x1864CFB : 0);
    }
  };
  feed(code.frame_number, 4);
  feed(code.drawn_us & kTimeMask, 7);
  return crc & 0xFFFFFF;
}

CellRows encode(const InbandCode& code) {
  const auto time = code.drawn_us & kTimeMask;
  return {kSync << 48 | std::uint64_t{code.frame_number} << 16 | time >> 40, time << 24 | checksum(code)};
}

std::optional<InbandCode> decode(const CellRows& rows) {
  if (rows[0] >> 48 != kSync) return std::nullopt;
  const InbandCode code{.frame_number = static_cast<std::uint32_t>(rows[0] >> 16),
                        .drawn_us = (rows[0] & 0xFFFF) << 40 | rows[1] >> 24};
  if (checksum(code) != (rows[1] & 0xFFFFFF)) return std::nullopt;
  return code;
}

// One line of pixels, painted in runs and then copied to as many lines as it is high.
class Line {
 public:
  void paint(std::uint32_t from, std::uint32_t width, Rgb color) {
    for (std::uint32_t x = from; x < from + width; ++x) {
      const std::array<std::byte, kBytesPerPixel> pixel{std::byte{color.blue}, std::byte{color.green},
                                                        std::byte{color.red}, std::byte{0xFF}};
      std::ranges::copy(pixel, &pixels_[x * kBytesPerPixel]);
    }
  }
  void copy_to(std::byte* first_row, std::size_t stride_bytes, std::uint32_t rows) const {
    for (std::uint32_t y = 0; y < rows; ++y) {
      std::memcpy(first_row + y * stride_bytes, pixels_.data(), pixels_.size());
    }
  }

 private:
  std::array<std::byte, kCodeWidth * kBytesPerPixel> pixels_{};
};

// Mean of a plane's samples; `step` is the distance between two samples of a row in bytes.
struct Samples {
  const std::byte* first;
  std::size_t stride_bytes;
  std::size_t step;

  double mean(std::uint32_t left, std::uint32_t top, std::uint32_t width, std::uint32_t height) const {
    std::uint32_t sum = 0;
    for (std::uint32_t y = top; y < top + height; ++y) {
      const auto* row = first + y * stride_bytes;
      for (std::uint32_t x = left; x < left + width; ++x)
        sum += std::to_integer<std::uint32_t>(row[x * step]);
    }
    return static_cast<double>(sum) / (width * height);
  }
};

struct YCbCr {
  double y, cb, cr;
};

// ITU-R BT.601 and BT.709: Y' from the luma coefficients, chroma as scaled colour differences.
YCbCr expected(Rgb color, ColorSpace space) {
  const double red_share = space.matrix == ColorMatrix::bt601 ? 0.299 : 0.2126;
  const double blue_share = space.matrix == ColorMatrix::bt601 ? 0.114 : 0.0722;
  const double red = color.red / 255.0, green = color.green / 255.0, blue = color.blue / 255.0;
  const double luma = red_share * red + (1 - red_share - blue_share) * green + blue_share * blue;
  const double cb = (blue - luma) / (2 * (1 - blue_share)), cr = (red - luma) / (2 * (1 - red_share));
  if (space.range == ColorRange::full) return {255 * luma, 128 + 255 * cb, 128 + 255 * cr};
  return {16 + 219 * luma, 128 + 224 * cb, 128 + 224 * cr};
}

Samples luma_of(const PictureView& picture) {
  return {picture.planes[0].pixels, picture.planes[0].stride_bytes, 1};
}

std::array<Samples, 2> chroma_of(const PictureView& picture) {
  const auto& second = picture.planes[1];
  if (picture.format == PixelFormat::nv12) {
    return {Samples{second.pixels, second.stride_bytes, 2}, {second.pixels + 1, second.stride_bytes, 2}};
  }
  return {Samples{second.pixels, second.stride_bytes, 1},
          {picture.planes[2].pixels, picture.planes[2].stride_bytes, 1}};
}

// Half way between black and white in both ranges, near enough that a wrong range tag does not matter.
constexpr double kWhiteFrom = 126.0;

// Both differences of the flashing square's colours, R'G'B' 192 32 192 and 32 192 32, are beyond 40 in every
// matrix and range.
constexpr double kNoColor = 128, kFlashColor = 20;

CellRows read_cells(const Samples& luma) {
  constexpr std::uint32_t kBorder = 2, kInner = kCellSize - 2 * kBorder;
  CellRows rows{};
  for (std::uint32_t row = 0; row < kCellRows; ++row) {
    for (std::uint32_t cell = 0; cell < kCellsPerRow; ++cell) {
      const auto mean = luma.mean(cell * kCellSize + kBorder, row * kCellSize + kBorder, kInner, kInner);
      rows[row] = rows[row] << 1 | (mean >= kWhiteFrom ? 1U : 0U);
    }
  }
  return rows;
}

YCbCr patch_mean(const PictureView& picture, std::uint32_t patch) {
  constexpr std::uint32_t kWidth = kPatchWidth - 2 * kPatchBorder, kHeight = kPatchHeight - 2 * kPatchBorder;
  const auto left = patch * kPatchWidth + kPatchBorder, top = kPatchTop + kPatchBorder;
  const auto chroma = chroma_of(picture);
  return {luma_of(picture).mean(left, top, kWidth, kHeight),
          chroma[0].mean(left / 2, top / 2, kWidth / 2, kHeight / 2),
          chroma[1].mean(left / 2, top / 2, kWidth / 2, kHeight / 2)};
}

int max_color_error(const PictureView& picture) {
  double worst = 0;
  for (std::uint32_t patch = 0; patch < kPatches.size(); ++patch) {
    const auto want = expected(kPatches[patch], picture.color);
    const auto is = patch_mean(picture, patch);
    worst = std::max({worst, std::abs(is.y - want.y), std::abs(is.cb - want.cb), std::abs(is.cr - want.cr)});
  }
  return static_cast<int>(std::lround(worst));
}

}  // namespace

void draw_code(std::byte* bgrx, std::size_t stride_bytes, const InbandCode& code) {
  constexpr Rgb kBlack{0, 0, 0}, kWhite{255, 255, 255};
  const auto rows = encode(code);
  Line line;
  for (std::uint32_t row = 0; row < kCellRows; ++row) {
    for (std::uint32_t cell = 0; cell < kCellsPerRow; ++cell) {
      const bool white = (rows[row] >> (kCellsPerRow - 1 - cell) & 1U) != 0;
      line.paint(cell * kCellSize, kCellSize, white ? kWhite : kBlack);
    }
    line.copy_to(bgrx + std::size_t{row} * kCellSize * stride_bytes, stride_bytes, kCellSize);
  }
  line.paint(0, kCodeWidth, kPatches[0]);  // right of the last patch nothing is read: plain grey
  for (std::uint32_t patch = 0; patch < kPatches.size(); ++patch) {
    line.paint(patch * kPatchWidth, kPatchWidth, kPatches[patch]);
  }
  line.copy_to(bgrx + kPatchTop * stride_bytes, stride_bytes, kPatchHeight);
}

std::optional<bool> read_flash(const PictureView& picture) {
  // The inner half of the square: at most 64 x 64 luma pixels, beside which codec and pointer do not count.
  const auto side = std::min({64U, picture.width / 8, picture.height / 8}) / 2;
  if (side == 0) return std::nullopt;
  const auto left = picture.width / 4 - side / 2, top = picture.height / 4 - side / 2;
  const auto chroma = chroma_of(picture);
  const auto cb = chroma[0].mean(left, top, side, side) - kNoColor;
  const auto cr = chroma[1].mean(left, top, side, side) - kNoColor;
  if (cb > kFlashColor && cr > kFlashColor) return false;
  if (cb < -kFlashColor && cr < -kFlashColor) return true;
  return std::nullopt;
}

std::optional<CodeReading> read_code(const PictureView& picture) {
  if (picture.width < kCodeWidth || picture.height < kCodeHeight) return std::nullopt;
  const auto code = decode(read_cells(luma_of(picture)));
  if (!code) return std::nullopt;
  return CodeReading{.code = *code, .max_color_error = max_color_error(picture)};
}

}  // namespace lumen::testing
