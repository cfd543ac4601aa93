// GFNI with AVX-512: a product by a constant is one 8×8 bit-matrix product per 64 bytes. (The GFNI
// multiplication proper is of no use: its polynomial, 0x11B, is fixed.)
#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>

#include "fec/kernels.hpp"

#define LUMEN_GFNI __attribute__((target("avx512f,avx512bw,gfni")))

namespace lumen::fec {
namespace {

constexpr std::size_t kMaxRows = 12;  // × 2 vectors of sums, of 32 registers
constexpr std::size_t kVector = 64, kStrip = 2 * kVector;

// Byte 7 − i of a matrix holds the mask of input bits that make up output bit i: bit j when c·2ʲ has bit i.
consteval std::array<std::uint64_t, 256> make_bit_matrices() {
  std::array<std::uint64_t, 256> matrices{};
  for (std::size_t c = 0; c < 256; ++c) {
    for (unsigned j = 0; j < 8; ++j) {
      const auto image = gf256::multiply(static_cast<std::uint8_t>(c), static_cast<std::uint8_t>(1U << j));
      for (unsigned i = 0; i < 8; ++i) {
        matrices[c] |= static_cast<std::uint64_t>((image >> i) & 1U) << (8 * (7 - i) + j);
      }
    }
  }
  return matrices;
}

constexpr std::array<std::uint64_t, 256> kBitMatrices = make_bit_matrices();

// Which of a strip's bytes exist. Masked loads read, and masked stores write, nothing else.
struct StripMask {
  __mmask64 first = ~__mmask64{0}, second = ~__mmask64{0};
};

StripMask mask_of(std::size_t bytes) {
  const auto low_bits = [](std::size_t count) {
    return count >= kVector ? ~__mmask64{0} : (__mmask64{1} << count) - 1;
  };
  return {low_bits(bytes), bytes > kVector ? low_bits(bytes - kVector) : 0};
}

// Writes one strip of rows [row, row + Rows) at `at`.
template <std::size_t Rows>
LUMEN_GFNI void rows_gfni(const MatrixProduct& product, std::size_t row, std::size_t at, StripMask mask) {
  __m512i sum[Rows][2];
#pragma GCC unroll 12
  for (std::size_t r = 0; r < Rows; ++r) sum[r][0] = sum[r][1] = _mm512_setzero_si512();
  for (std::size_t i = 0; i < product.inputs.size(); ++i) {
    const auto* input = product.inputs[i] + at;
    const auto x0 = _mm512_maskz_loadu_epi8(mask.first, input);
    const auto x1 = _mm512_maskz_loadu_epi8(mask.second, input + kVector);
    const auto* factor = product.column(i, row);
#pragma GCC unroll 12
    for (std::size_t r = 0; r < Rows; ++r) {
      const auto matrix = _mm512_set1_epi64(static_cast<long long>(kBitMatrices[factor[r]]));
      sum[r][0] = _mm512_xor_si512(sum[r][0], _mm512_gf2p8affine_epi64_epi8(x0, matrix, 0));
      sum[r][1] = _mm512_xor_si512(sum[r][1], _mm512_gf2p8affine_epi64_epi8(x1, matrix, 0));
    }
  }
#pragma GCC unroll 12
  for (std::size_t r = 0; r < Rows; ++r) {
    auto* output = product.outputs[row + r] + at;
    _mm512_mask_storeu_epi8(output, mask.first, sum[r][0]);
    _mm512_mask_storeu_epi8(output + kVector, mask.second, sum[r][1]);
  }
}

using RowsFn = void (*)(const MatrixProduct& product, std::size_t row, std::size_t at, StripMask mask);

constexpr std::array<RowsFn, kMaxRows> kRows{rows_gfni<1>, rows_gfni<2>,  rows_gfni<3>,  rows_gfni<4>,
                                             rows_gfni<5>, rows_gfni<6>,  rows_gfni<7>,  rows_gfni<8>,
                                             rows_gfni<9>, rows_gfni<10>, rows_gfni<11>, rows_gfni<12>};

void all_rows(const MatrixProduct& product, std::size_t at, StripMask mask) {
  const auto rows = product.outputs.size();
  const auto groups = (rows + kMaxRows - 1) / kMaxRows;
  for (std::size_t group = 0; group < groups; ++group) {
    const auto first = rows * group / groups;
    kRows[rows * (group + 1) / groups - first - 1](product, first, at, mask);
  }
}

}  // namespace

void multiply_gfni(const MatrixProduct& product) {
  for (std::size_t at = 0; at < product.bytes; at += kStrip) {
    all_rows(product, at, mask_of(product.bytes - at));
  }
}

}  // namespace lumen::fec

#endif
