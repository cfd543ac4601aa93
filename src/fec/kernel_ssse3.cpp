#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

#include "fec/kernels.hpp"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("ssse3"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("ssse3")
#endif

#include "fec/kernel_strips.hpp"
//
#include "fec/kernel_shuffle.hpp"
//
#include "fec/kernel_transform.hpp"

namespace lumen::fec {
namespace {

struct Ssse3 {
  using Vector = __m128i;
  static constexpr std::size_t kWidth = 16;

  LUMEN_INLINE static Vector zero() { return _mm_setzero_si128(); }
  LUMEN_INLINE static Vector load(const std::byte* at) {
    return _mm_loadu_si128(reinterpret_cast<const Vector*>(at));
  }
  LUMEN_INLINE static void store(std::byte* at, Vector x) {
    _mm_storeu_si128(reinterpret_cast<Vector*>(at), x);
  }
  LUMEN_INLINE static Vector exclusive_or(Vector x, Vector y) { return _mm_xor_si128(x, y); }
  LUMEN_INLINE static Vector low_nibbles(Vector x) { return _mm_and_si128(x, _mm_set1_epi8(15)); }
  LUMEN_INLINE static Vector high_nibbles(Vector x) { return low_nibbles(_mm_srli_epi64(x, 4)); }
  LUMEN_INLINE static Vector table(const std::uint8_t* sixteen) {
    return load(reinterpret_cast<const std::byte*>(sixteen));
  }
  LUMEN_INLINE static Vector look_up(Vector table, Vector index) { return _mm_shuffle_epi8(table, index); }
};

constexpr Kernels kKernels{.bit_factors = false,
                           .costs8 = {.first = 50,
                                      .layer = 9,
                                      .more_chunks = 22,
                                      .tiny_chunk = 90,
                                      .syndrome = 12,
                                      .constant = 2,
                                      .full = 16},
                           .multiply = matrix_product<Ssse3>,
                           .sum = sum<ShuffleGf8<Ssse3>>,
                           .walsh = walsh,
                           .gf8 = field_kernels<ShuffleGf8<Ssse3>>(),
                           .gf16 = field_kernels<ShuffleGf16<Ssse3>>()};

}  // namespace

const Kernels& ssse3_kernels() noexcept { return kKernels; }

}  // namespace lumen::fec

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
