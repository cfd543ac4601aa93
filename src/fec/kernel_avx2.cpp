#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

#include "fec/kernels.hpp"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

#include "fec/kernel_strips.hpp"
//
#include "fec/kernel_shuffle.hpp"
//
#include "fec/kernel_transform.hpp"

namespace lumen::fec {
namespace {

struct Avx2 {
  using Vector = __m256i;
  static constexpr std::size_t kWidth = 32;

  LUMEN_INLINE static Vector zero() { return _mm256_setzero_si256(); }
  LUMEN_INLINE static Vector load(const std::byte* at) {
    return _mm256_loadu_si256(reinterpret_cast<const Vector*>(at));
  }
  LUMEN_INLINE static void store(std::byte* at, Vector x) {
    _mm256_storeu_si256(reinterpret_cast<Vector*>(at), x);
  }
  LUMEN_INLINE static Vector exclusive_or(Vector x, Vector y) { return _mm256_xor_si256(x, y); }
  LUMEN_INLINE static Vector low_nibbles(Vector x) { return _mm256_and_si256(x, _mm256_set1_epi8(15)); }
  LUMEN_INLINE static Vector high_nibbles(Vector x) { return low_nibbles(_mm256_srli_epi64(x, 4)); }
  LUMEN_INLINE static Vector table(const std::uint8_t* sixteen) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(sixteen)));
  }
  LUMEN_INLINE static Vector look_up(Vector table, Vector index) { return _mm256_shuffle_epi8(table, index); }
};

constexpr Kernels kKernels{.bit_factors = false,
                           .costs8 = {.first = 50,
                                      .layer = 9,
                                      .more_chunks = 22,
                                      .tiny_chunk = 90,
                                      .syndrome = 12,
                                      .constant = 2,
                                      .full = 16},
                           .multiply = matrix_product<Avx2>,
                           .sum = sum<ShuffleGf8<Avx2>>,
                           .walsh = walsh,
                           .gf8 = field_kernels<ShuffleGf8<Avx2>>(),
                           .gf16 = field_kernels<ShuffleGf16<Avx2>>()};

}  // namespace

const Kernels& avx2_kernels() noexcept { return kKernels; }

}  // namespace lumen::fec

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
