#if defined(__aarch64__)

#include <arm_neon.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

#include "fec/kernels.hpp"
//
#include "fec/kernel_strips.hpp"
//
#include "fec/kernel_shuffle.hpp"
//
#include "fec/kernel_transform.hpp"

namespace lumen::fec {
namespace {

struct Neon {
  using Vector = uint8x16_t;
  static constexpr std::size_t kWidth = 16;

  LUMEN_INLINE static Vector zero() { return vdupq_n_u8(0); }
  LUMEN_INLINE static Vector load(const std::byte* at) {
    return vld1q_u8(reinterpret_cast<const std::uint8_t*>(at));
  }
  LUMEN_INLINE static void store(std::byte* at, Vector x) {
    vst1q_u8(reinterpret_cast<std::uint8_t*>(at), x);
  }
  LUMEN_INLINE static Vector exclusive_or(Vector x, Vector y) { return veorq_u8(x, y); }
  LUMEN_INLINE static Vector low_nibbles(Vector x) { return vandq_u8(x, vdupq_n_u8(15)); }
  LUMEN_INLINE static Vector high_nibbles(Vector x) { return vshrq_n_u8(x, 4); }
  LUMEN_INLINE static Vector table(const std::uint8_t* sixteen) { return vld1q_u8(sixteen); }
  LUMEN_INLINE static Vector look_up(Vector table, Vector index) { return vqtbl1q_u8(table, index); }
};

constexpr Kernels kKernels{.bit_factors = false,
                           .costs8 = {.first = 50,
                                      .layer = 9,
                                      .more_chunks = 22,
                                      .tiny_chunk = 90,
                                      .syndrome = 12,
                                      .constant = 2,
                                      .full = 16},
                           .multiply = matrix_product<Neon>,
                           .sum = sum<ShuffleGf8<Neon>>,
                           .walsh = walsh,
                           .gf8 = field_kernels<ShuffleGf8<Neon>>(),
                           .gf16 = field_kernels<ShuffleGf16<Neon>>()};

}  // namespace

const Kernels& neon_kernels() noexcept { return kKernels; }

}  // namespace lumen::fec

#endif
