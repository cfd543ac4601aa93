// lumen/media: the arithmetic every conversion to Y'CbCr shares, so that CPU and GPU agree byte for byte.
//
// Luma:   Y = (b·B + g·G + r·R + bias) >> 15             coefficients are 2^15 times the real ones
// Chroma: C = (b·ΣB + g·ΣG + r·ΣR + bias) >> 16, ≤ 255   Σ over 2 × 2 pixels, coefficients 2^14 times the
// real ones. All of it fits pmaddwd: 16-bit factors, 32-bit sums. Coefficient rounding costs at most 0.02 of
// a step, so the result is the real number rounded to nearest, or its neighbour when that is a near tie. The
// luma coefficients sum to the exact scale and the chroma ones to zero: white, black and grey are exact.
#pragma once

#include <cstdint>

#include "media/picture.hpp"

namespace lumen {

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

}  // namespace lumen
