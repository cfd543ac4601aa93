// SSSE3 and AVX2: a product by a constant is two 16-entry byte look-ups, one per nibble.
#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>

#include "fec/kernels.hpp"

#define LUMEN_SSSE3 __attribute__((target("ssse3")))
#define LUMEN_AVX2 __attribute__((target("avx2")))

namespace lumen::fec {
namespace {

constexpr std::size_t kMaxRows = 4;  // 4 rows × 2 vectors of sums + 4 of nibbles + 2 of tables: 16 registers

// Writes 16 bytes of rows [row, row + Rows) at `at`.
template <std::size_t Rows>
LUMEN_SSSE3 void rows_ssse3(const MatrixProduct& product, std::size_t row, std::size_t at) {
  const auto nibble = _mm_set1_epi8(15);
  __m128i sum[Rows];
#pragma GCC unroll 4
  for (std::size_t r = 0; r < Rows; ++r) sum[r] = _mm_setzero_si128();
  for (std::size_t i = 0; i < product.inputs.size(); ++i) {
    const auto x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(product.inputs[i] + at));
    const auto low = _mm_and_si128(x, nibble);
    const auto high = _mm_and_si128(_mm_srli_epi64(x, 4), nibble);
    const auto* factor = product.column(i, row);
#pragma GCC unroll 4
    for (std::size_t r = 0; r < Rows; ++r) {
      const auto& table = kNibbleProducts[factor[r]];
      const auto low_table = _mm_load_si128(reinterpret_cast<const __m128i*>(table.low.data()));
      const auto high_table = _mm_load_si128(reinterpret_cast<const __m128i*>(table.high.data()));
      sum[r] = _mm_xor_si128(sum[r], _mm_shuffle_epi8(low_table, low));
      sum[r] = _mm_xor_si128(sum[r], _mm_shuffle_epi8(high_table, high));
    }
  }
#pragma GCC unroll 4
  for (std::size_t r = 0; r < Rows; ++r) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(product.outputs[row + r] + at), sum[r]);
  }
}

// Writes 64 bytes of rows [row, row + Rows) at `at`.
template <std::size_t Rows>
LUMEN_AVX2 void rows_avx2(const MatrixProduct& product, std::size_t row, std::size_t at) {
  const auto nibble = _mm256_set1_epi8(15);
  __m256i sum[Rows][2];
#pragma GCC unroll 4
  for (std::size_t r = 0; r < Rows; ++r) sum[r][0] = sum[r][1] = _mm256_setzero_si256();
  for (std::size_t i = 0; i < product.inputs.size(); ++i) {
    const auto* input = reinterpret_cast<const __m256i*>(product.inputs[i] + at);
    const auto x0 = _mm256_loadu_si256(input);
    const auto x1 = _mm256_loadu_si256(input + 1);
    const auto low0 = _mm256_and_si256(x0, nibble);
    const auto low1 = _mm256_and_si256(x1, nibble);
    const auto high0 = _mm256_and_si256(_mm256_srli_epi64(x0, 4), nibble);
    const auto high1 = _mm256_and_si256(_mm256_srli_epi64(x1, 4), nibble);
    const auto* factor = product.column(i, row);
#pragma GCC unroll 4
    for (std::size_t r = 0; r < Rows; ++r) {
      const auto& table = kNibbleProducts[factor[r]];
      const auto low =
          _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(table.low.data())));
      const auto high =
          _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(table.high.data())));
      sum[r][0] = _mm256_xor_si256(sum[r][0], _mm256_shuffle_epi8(low, low0));
      sum[r][1] = _mm256_xor_si256(sum[r][1], _mm256_shuffle_epi8(low, low1));
      sum[r][0] = _mm256_xor_si256(sum[r][0], _mm256_shuffle_epi8(high, high0));
      sum[r][1] = _mm256_xor_si256(sum[r][1], _mm256_shuffle_epi8(high, high1));
    }
  }
#pragma GCC unroll 4
  for (std::size_t r = 0; r < Rows; ++r) {
    auto* output = reinterpret_cast<__m256i*>(product.outputs[row + r] + at);
    _mm256_storeu_si256(output, sum[r][0]);
    _mm256_storeu_si256(output + 1, sum[r][1]);
  }
}

using RowsFn = void (*)(const MatrixProduct& product, std::size_t row, std::size_t at);

void all_rows(const MatrixProduct& product, std::size_t at, const std::array<RowsFn, kMaxRows>& kernels) {
  for (std::size_t row = 0; row < product.outputs.size(); row += kMaxRows) {
    const auto count = std::min(kMaxRows, product.outputs.size() - row);
    kernels[count - 1](product, row, at);
  }
}

// The last strip overlaps the one before it instead of leaving a tail: outputs are pure functions of the
// inputs, so writing some bytes twice is harmless. The shard must be at least `strip` long.
void all_strips(const MatrixProduct& product, std::size_t strip,
                const std::array<RowsFn, kMaxRows>& kernels) {
  std::size_t at = 0;
  for (; at + strip <= product.bytes; at += strip) all_rows(product, at, kernels);
  if (at < product.bytes) all_rows(product, product.bytes - strip, kernels);
}

}  // namespace

void multiply_ssse3(const MatrixProduct& product) {
  if (product.bytes < 16) return multiply_scalar(product);
  all_strips(product, 16, {rows_ssse3<1>, rows_ssse3<2>, rows_ssse3<3>, rows_ssse3<4>});
}

void multiply_avx2(const MatrixProduct& product) {
  if (product.bytes < 64) return multiply_ssse3(product);
  all_strips(product, 64, {rows_avx2<1>, rows_avx2<2>, rows_avx2<3>, rows_avx2<4>});
}

}  // namespace lumen::fec

#endif
