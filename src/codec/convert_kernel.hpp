// lumen/codec, private: what every conversion kernel takes; the arithmetic is
// media/convert_coefficients.hpp's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "media/convert_coefficients.hpp"

namespace lumen::codec {

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
