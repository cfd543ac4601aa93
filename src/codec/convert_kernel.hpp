// lumen/codec, private: the arithmetic every conversion kernel shares, so that they agree byte for byte.
//
// Luma:   Y = (b·B + g·G + r·R + bias) >> 15             coefficients are 2^15 times the real ones
// Chroma: C = (b·ΣB + g·ΣG + r·ΣR + bias) >> 16, ≤ 255   Σ over 2 × 2 pixels, coefficients 2^14 times the
// real ones All of it fits pmaddwd: 16-bit factors, 32-bit sums. Coefficient rounding costs at most 0.02 of a
// step, so the result is the real number rounded to nearest, or its neighbour when that is a near tie. The
// luma coefficients sum to the exact scale and the chroma ones to zero: white, black and grey are exact.
#pragma once

#include <cstddef>
#include <cstdint>

#include "media/picture.hpp"

namespace lumen::codec {

struct Weights {
  std::int16_t b = 0, g = 0, r = 0;
};

struct ConvertCoefficients {
  Weights y, cb, cr;
  std::int32_t y_bias = 0, chroma_bias = 0;
};

inline constexpr int kLumaShift = 15, kChromaShift = 16;

constexpr std::int16_t to_fixed(double value) {
  return static_cast<std::int16_t>(value + (value < 0 ? -0.5 : 0.5));
}

constexpr ConvertCoefficients convert_coefficients(ColorSpace color) {
  const bool limited = color.range == ColorRange::limited;
  const double kr = color.matrix == ColorMatrix::bt709 ? 0.2126 : 0.299;
  const double kb = color.matrix == ColorMatrix::bt709 ? 0.0722 : 0.114;
  const double luma = (limited ? 219.0 / 255.0 : 1.0) * 32768.0;
  const double chroma = (limited ? 224.0 / 255.0 : 1.0) * 16384.0;
  ConvertCoefficients c;
  c.y.b = to_fixed(kb * luma);
  c.y.r = to_fixed(kr * luma);
  // NOLINTNEXTLINE(bugprone-incorrect-roundings): lround is not constexpr, and luma is positive
  c.y.g = static_cast<std::int16_t>(static_cast<std::int32_t>(luma + 0.5) - c.y.b - c.y.r);
  c.cb.b = to_fixed(0.5 * chroma);
  c.cb.r = to_fixed(-0.5 * kr / (1.0 - kb) * chroma);
  c.cb.g = static_cast<std::int16_t>(-c.cb.b - c.cb.r);
  c.cr.r = to_fixed(0.5 * chroma);
  c.cr.b = to_fixed(-0.5 * kb / (1.0 - kr) * chroma);
  c.cr.g = static_cast<std::int16_t>(-c.cr.b - c.cr.r);
  c.y_bias = ((limited ? 16 : 0) << kLumaShift) + (1 << (kLumaShift - 1));
  c.chroma_bias = (128 << kChromaShift) + (1 << (kChromaShift - 1));
  return c;
}

// Kernels prefetch this far ahead, as two rows at once outrun the processor's own guess on a 4K frame: 3.6 ms
// became 2.8 ms. Past the last pixel that is a hint without effect: a prefetch cannot fault.
inline constexpr std::size_t kPrefetchBytes = 1024;

// Two rows of the frame and where they go. Kernels read 4 × width bytes of each source row and write the
// coded width (width rounded up to even) of each luma row: not a byte more.
struct RowPair {
  const std::uint8_t* top = nullptr;     // B, G, R, ignored
  const std::uint8_t* bottom = nullptr;  // equals `top` below the last row of an odd height
  std::uint8_t* y_top = nullptr;
  std::uint8_t* y_bottom = nullptr;
  std::uint8_t* cb = nullptr;  // nv12: Cb Cr interleaved
  std::uint8_t* cr = nullptr;  // nullptr: nv12
  std::size_t width = 0;       // visible pixels
};

using RowPairKernel = void (*)(const RowPair& rows, const ConvertCoefficients& coefficients);

void convert_rows_scalar(const RowPair& rows, const ConvertCoefficients& c);
void convert_rows_avx2(const RowPair& rows, const ConvertCoefficients& c);
void convert_rows_avx512(const RowPair& rows, const ConvertCoefficients& c);

// The part of a row pair from column `first` (even) on, for kernels that leave a rest to the scalar one.
constexpr RowPair columns_from(const RowPair& rows, std::size_t first) {
  const bool planar = rows.cr != nullptr;
  return {.top = rows.top + 4 * first,
          .bottom = rows.bottom + 4 * first,
          .y_top = rows.y_top + first,
          .y_bottom = rows.y_bottom + first,
          .cb = rows.cb + (planar ? first / 2 : first),
          .cr = planar ? rows.cr + first / 2 : nullptr,
          .width = rows.width - first};
}

}  // namespace lumen::codec
