// GFNI with AVX-512: a product by a constant is one 8×8 bit-matrix product per 64 bytes. (The GFNI
// multiplication proper is of no use: its polynomial, 0x11B, is fixed.)
#if defined(__x86_64__)

#include <immintrin.h>

#include <utility>

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

// Access to a whole strip, or to the bytes of one that exist: masked loads cost an execution slot.
struct WholeStrip {
  LUMEN_GFNI __m512i load(const std::byte* at, std::size_t vector) const {
    return _mm512_loadu_si512(at + vector * kVector);
  }
  LUMEN_GFNI void store(std::byte* at, std::size_t vector, __m512i value) const {
    _mm512_storeu_si512(at + vector * kVector, value);
  }
};

struct PartOfStrip {
  std::array<__mmask64, 2> exists;

  explicit PartOfStrip(std::size_t bytes)
      : exists{low_bits(bytes), bytes > kVector ? low_bits(bytes - kVector) : 0} {}
  static __mmask64 low_bits(std::size_t count) {
    return count >= kVector ? ~__mmask64{0} : (__mmask64{1} << count) - 1;
  }
  LUMEN_GFNI __m512i load(const std::byte* at, std::size_t vector) const {
    return _mm512_maskz_loadu_epi8(exists[vector], at + vector * kVector);
  }
  LUMEN_GFNI void store(std::byte* at, std::size_t vector, __m512i value) const {
    _mm512_mask_storeu_epi8(at + vector * kVector, exists[vector], value);
  }
};

LUMEN_GFNI inline __m512i bit_matrix(std::uint8_t factor) {
  return _mm512_set1_epi64(static_cast<long long>(kBitMatrices[factor]));
}

constexpr int kXorOfThree = 0x96;  // truth table of _mm512_ternarylogic_epi64

// Writes one strip of rows [row, row + Rows) at `at`. Takes two inputs at a time, so that one instruction
// adds two products; the products themselves have one execution port only.
template <class Strip, std::size_t Rows>
LUMEN_GFNI void rows_gfni(const MatrixProduct& product, std::size_t row, std::size_t at, Strip strip) {
  __m512i sum[Rows][2];
#pragma GCC unroll 12
  for (std::size_t r = 0; r < Rows; ++r) sum[r][0] = sum[r][1] = _mm512_setzero_si512();
  const auto stride = product.column_stride;
  const auto* factor = product.column(0, row);
  const auto* const* next = product.inputs.data();
  const auto* const* const end = next + product.inputs.size();
  if (product.inputs.size() % 2 != 0) {
    const auto x0 = strip.load(*next + at, 0);
    const auto x1 = strip.load(*next + at, 1);
#pragma GCC unroll 12
    for (std::size_t r = 0; r < Rows; ++r) {
      sum[r][0] = _mm512_gf2p8affine_epi64_epi8(x0, bit_matrix(factor[r]), 0);
      sum[r][1] = _mm512_gf2p8affine_epi64_epi8(x1, bit_matrix(factor[r]), 0);
    }
    factor += stride;
    ++next;
  }
  for (; next != end; next += 2, factor += 2 * stride) {
    const auto x0 = strip.load(next[0] + at, 0);
    const auto x1 = strip.load(next[0] + at, 1);
    const auto y0 = strip.load(next[1] + at, 0);
    const auto y1 = strip.load(next[1] + at, 1);
#pragma GCC unroll 12
    for (std::size_t r = 0; r < Rows; ++r) {
      const auto a = bit_matrix(factor[r]);
      const auto b = bit_matrix(factor[stride + r]);
      sum[r][0] = _mm512_ternarylogic_epi64(sum[r][0], _mm512_gf2p8affine_epi64_epi8(x0, a, 0),
                                            _mm512_gf2p8affine_epi64_epi8(y0, b, 0), kXorOfThree);
      sum[r][1] = _mm512_ternarylogic_epi64(sum[r][1], _mm512_gf2p8affine_epi64_epi8(x1, a, 0),
                                            _mm512_gf2p8affine_epi64_epi8(y1, b, 0), kXorOfThree);
    }
  }
#pragma GCC unroll 12
  for (std::size_t r = 0; r < Rows; ++r) {
    auto* output = product.outputs[row + r] + at;
    strip.store(output, 0, sum[r][0]);
    strip.store(output, 1, sum[r][1]);
  }
}

template <class Strip, std::size_t... Less>
void all_rows(const MatrixProduct& product, std::size_t at, Strip strip, std::index_sequence<Less...>) {
  using RowsFn = void (*)(const MatrixProduct&, std::size_t, std::size_t, Strip);
  constexpr std::array<RowsFn, kMaxRows> kRows{rows_gfni<Strip, Less + 1>...};
  const auto rows = product.outputs.size();
  const auto groups = (rows + kMaxRows - 1) / kMaxRows;
  for (std::size_t group = 0; group < groups; ++group) {
    const auto first = rows * group / groups;
    const auto count = rows * (group + 1) / groups - first;
    kRows[count - 1](product, first, at, strip);
  }
}

}  // namespace

void multiply_gfni(const MatrixProduct& product) {
  constexpr std::make_index_sequence<kMaxRows> kUpToMaxRows;
  std::size_t at = 0;
  for (; at + kStrip <= product.bytes; at += kStrip) all_rows(product, at, WholeStrip{}, kUpToMaxRows);
  if (at < product.bytes) all_rows(product, at, PartOfStrip{product.bytes - at}, kUpToMaxRows);
}

}  // namespace lumen::fec

#endif
