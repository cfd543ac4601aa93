// lumen/codec: BGRx to NV12 or I420 in BT.601 or BT.709, limited or full range, by SIMD chosen at run time.
// Chroma is the mean of each 2 × 2 block (centre-sited). 8-bit exact to ±1 of the real-number result.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "interface/color_converter.hpp"

namespace lumen::codec {

enum class ConvertKernel : std::uint8_t { scalar, avx2, avx512 };
std::string_view to_string(ConvertKernel kernel) noexcept;
bool is_supported(ConvertKernel kernel) noexcept;
ConvertKernel best_convert_kernel() noexcept;

std::unique_ptr<ColorConverter> make_converter(ConvertKernel kernel = best_convert_kernel());

}  // namespace lumen::codec
