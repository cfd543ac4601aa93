// GFNI with AVX-512: a product by a constant is one 8×8 bit-matrix product per 64 bytes and plane. (The GFNI
// multiplication proper is of no use: its polynomial, 0x11B, is fixed.)
#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>
#include <utility>

#include "fec/kernels.hpp"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,gfni"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,gfni")
#endif

#include "fec/kernel_strips.hpp"
//
#include "fec/kernel_transform.hpp"

namespace lumen::fec {
namespace {

LUMEN_INLINE __m512i in_all_lanes(std::uint64_t matrix) {
  auto lanes = _mm512_set1_epi64(static_cast<long long>(matrix));
#if defined(__clang__)
  // As a memory operand of the product it would be read from a wrong address: clang 19 does not scale the
  // displacement as this instruction wants it.
  asm("" : "+v"(lanes));
#endif
  return lanes;
}

LUMEN_INLINE __m512i transformed(__m512i x, std::uint64_t matrix) {
  return _mm512_gf2p8affine_epi64_epi8(x, in_all_lanes(matrix), 0);
}

constexpr int kXorOfThree = 0x96;  // truth table of _mm512_ternarylogic_epi64

struct GfniGf8 {
  using Factor = BitFactor8;
  using Strip = ByteStrip;
  using Strips = ByteStrips<64>;
  using Vec = __m512i;
  using Prepared = __m512i;
  static constexpr std::size_t kScratchBytes = 64;
  static constexpr unsigned kMaxLayers = 4;
  static constexpr std::size_t kRows = 8;

  LUMEN_INLINE static Vec zero() { return _mm512_setzero_si512(); }
  LUMEN_INLINE static Vec load(const std::byte* at) { return _mm512_loadu_si512(at); }
  LUMEN_INLINE static void store(std::byte* at, Vec x) { _mm512_storeu_si512(at, x); }
  LUMEN_INLINE static Vec load(const std::byte* shard, const Strip& strip) {
    if (strip.small_bytes > 0) [[unlikely]]
      return _mm512_maskz_loadu_epi8(mask(strip), shard);
    return load(shard + strip.at);
  }
  LUMEN_INLINE static void store(std::byte* shard, const Strip& strip, Vec x) {
    if (strip.small_bytes > 0) [[unlikely]]
      return _mm512_mask_storeu_epi8(shard, mask(strip), x);
    store(shard + strip.at, x);
  }
  LUMEN_INLINE static void add(Vec& x, Vec y) { x = _mm512_xor_si512(x, y); }
  LUMEN_INLINE static Prepared prepare(Vec x) { return x; }
  LUMEN_INLINE static void add_product(Vec& sum, Prepared x, const Factor& factor) {
    sum = _mm512_xor_si512(sum, transformed(x, factor.matrix));
  }
  LUMEN_INLINE static void add_product_of(Vec& sum, const Vec& x, const Factor& factor) {
    add_product(sum, x, factor);
  }
  LUMEN_INLINE static const Factor& factor(const Factor* factors, std::uint16_t constant) {
    return factors[constant];
  }

 private:
  LUMEN_INLINE static __mmask64 mask(const Strip& strip) { return (__mmask64{1} << strip.small_bytes) - 1; }
};

// Two groups at a time: one register of low bytes, one of high ones.
struct SymbolStripPair {
  SymbolStrip first, second;
};

class SymbolStripPairs {
 public:
  explicit SymbolStripPairs(std::size_t shard_bytes) : groups_{shard_bytes} {}
  std::size_t count() const { return (groups_.count() + 1) / 2; }
  SymbolStripPair at(std::size_t i) const {
    if (const auto small = groups_.small_bytes(); small > 0) return {{0, kHalf, small}, {0, kHalf, small}};
    const auto groups = groups_.count();
    if (groups == 1) return {groups_.at(0), groups_.at(0)};
    const auto first = i == 0 ? groups - 2 : (i - 1) * 2;
    return {groups_.at(first), groups_.at(first + 1)};
  }

 private:
  Groups groups_;
};

struct GfniGf16 {
  using Factor = BitFactor16;
  using Strip = SymbolStripPair;
  using Strips = SymbolStripPairs;
  static constexpr std::size_t kScratchBytes = 128;
  static constexpr unsigned kMaxLayers = 3;
  static constexpr std::size_t kRows = 6;

  struct Vec {
    __m512i low, high;
  };
  using Prepared = Vec;

  LUMEN_INLINE static Vec zero() { return {_mm512_setzero_si512(), _mm512_setzero_si512()}; }
  LUMEN_INLINE static Vec load(const std::byte* at) {
    return {_mm512_loadu_si512(at), _mm512_loadu_si512(at + 64)};
  }
  LUMEN_INLINE static void store(std::byte* at, const Vec& x) {
    _mm512_storeu_si512(at, x.low);
    _mm512_storeu_si512(at + 64, x.high);
  }
  LUMEN_INLINE static Vec load(const std::byte* shard, const Strip& strip) {
    if (strip.first.small_bytes > 0) [[unlikely]] {
      const auto buffer = load_small16(shard, strip.first.small_bytes);
      return {halves(buffer.data(), buffer.data()), halves(buffer.data() + kHalf, buffer.data() + kHalf)};
    }
    return {halves(shard + strip.first.low, shard + strip.second.low),
            halves(shard + strip.first.high, shard + strip.second.high)};
  }
  LUMEN_INLINE static void store(std::byte* shard, const Strip& strip, const Vec& x) {
    if (strip.first.small_bytes > 0) [[unlikely]] {
      SmallShard buffer;
      store_half(buffer.data(), _mm512_castsi512_si256(x.low));
      store_half(buffer.data() + kHalf, _mm512_castsi512_si256(x.high));
      return store_small16(shard, strip.first.small_bytes, buffer);
    }
    // What a tail spoils is in the group before it, here the first of the pair.
    store_half(shard + strip.second.high, _mm512_extracti64x4_epi64(x.high, 1));
    store_half(shard + strip.second.low, _mm512_extracti64x4_epi64(x.low, 1));
    store_half(shard + strip.first.high, _mm512_castsi512_si256(x.high));
    store_half(shard + strip.first.low, _mm512_castsi512_si256(x.low));
  }
  LUMEN_INLINE static void add(Vec& x, const Vec& y) {
    x.low = _mm512_xor_si512(x.low, y.low);
    x.high = _mm512_xor_si512(x.high, y.high);
  }
  LUMEN_INLINE static Prepared prepare(const Vec& x) { return x; }
  LUMEN_INLINE static void add_product(Vec& sum, const Prepared& x, const Factor& factor) {
    sum.low = _mm512_ternarylogic_epi64(sum.low, transformed(x.low, factor.ll),
                                        transformed(x.high, factor.lh), kXorOfThree);
    sum.high = _mm512_ternarylogic_epi64(sum.high, transformed(x.low, factor.hl),
                                         transformed(x.high, factor.hh), kXorOfThree);
  }
  LUMEN_INLINE static void add_product_of(Vec& sum, const Vec& x, const Factor& factor) {
    add_product(sum, x, factor);
  }
  LUMEN_INLINE static Factor factor(const Factor* factors, std::uint16_t constant) {
    const auto& a = factors[constant & 0xFFU];
    const auto& b = factors[256 + (constant >> 8U)];
    return {a.ll ^ b.ll, a.lh ^ b.lh, a.hl ^ b.hl, a.hh ^ b.hh};
  }

 private:
  LUMEN_INLINE static __m512i halves(const std::byte* first, const std::byte* second) {
    const auto low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(first));
    const auto high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(second));
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
  }
  LUMEN_INLINE static void store_half(std::byte* at, __m256i x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), x);
  }
};

// ---- A whole matrix of GF(2⁸) over whole shards.

constexpr std::size_t kMaxRows = 12;  // × 2 vectors of sums, of 32 registers
constexpr std::size_t kVector = 64, kStrip = 2 * kVector;

// Access to a whole strip, or to the bytes of one that exist: masked loads cost an execution slot.
struct WholeStrip {
  LUMEN_INLINE __m512i load(const std::byte* at, std::size_t vector) const {
    return _mm512_loadu_si512(at + vector * kVector);
  }
  LUMEN_INLINE void store(std::byte* at, std::size_t vector, __m512i value) const {
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
  LUMEN_INLINE __m512i load(const std::byte* at, std::size_t vector) const {
    return _mm512_maskz_loadu_epi8(exists[vector], at + vector * kVector);
  }
  LUMEN_INLINE void store(std::byte* at, std::size_t vector, __m512i value) const {
    _mm512_mask_storeu_epi8(at + vector * kVector, exists[vector], value);
  }
};

// Writes one strip of rows [row, row + Rows) at `at`. Takes two inputs at a time, so that one instruction
// adds two products; the products themselves have one execution port only.
template <class Strip, std::size_t Rows>
void rows_gfni(const MatrixProduct& product, std::size_t row, std::size_t at, Strip strip) {
  const auto* const factors = static_cast<const BitFactor8*>(product.factors);
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
      sum[r][0] = _mm512_gf2p8affine_epi64_epi8(x0, in_all_lanes(factors[factor[r]].matrix), 0);
      sum[r][1] = _mm512_gf2p8affine_epi64_epi8(x1, in_all_lanes(factors[factor[r]].matrix), 0);
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
      const auto a = in_all_lanes(factors[factor[r]].matrix);
      const auto b = in_all_lanes(factors[factor[stride + r]].matrix);
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

// kVectors vectors of a single row: each factor is loaded once for all of them.
template <std::size_t kVectors>
void single_row(const MatrixProduct& product, std::size_t at) {
  const auto* const factors = static_cast<const BitFactor8*>(product.factors);
  __m512i sum[kVectors];
#pragma GCC unroll 8
  for (std::size_t v = 0; v < kVectors; ++v) sum[v] = _mm512_setzero_si512();
  for (std::size_t i = 0; i < product.inputs.size(); ++i) {
    const auto factor = in_all_lanes(factors[*product.column(i, 0)].matrix);
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kVectors; ++v) {
      const auto x = _mm512_loadu_si512(product.inputs[i] + at + v * kVector);
      sum[v] = _mm512_xor_si512(sum[v], _mm512_gf2p8affine_epi64_epi8(x, factor, 0));
    }
  }
#pragma GCC unroll 8
  for (std::size_t v = 0; v < kVectors; ++v) {
    _mm512_storeu_si512(product.outputs[0] + at + v * kVector, sum[v]);
  }
}

void matrix_product(const MatrixProduct& product) {
  constexpr std::make_index_sequence<kMaxRows> kUpToMaxRows;
  std::size_t at = 0;
  if (product.outputs.size() == 1) {
    constexpr std::size_t kVectors = 8;
    for (; at + kVectors * kVector <= product.bytes; at += kVectors * kVector) {
      single_row<kVectors>(product, at);
    }
  }
  for (; at + kStrip <= product.bytes; at += kStrip) all_rows(product, at, WholeStrip{}, kUpToMaxRows);
  if (at < product.bytes) all_rows(product, at, PartOfStrip{product.bytes - at}, kUpToMaxRows);
}

constexpr Kernels kKernels{.bit_factors = true,
                           .costs8 = {.first = 150,
                                      .layer = 13,
                                      .more_chunks = 130,
                                      .tiny_chunk = 500,
                                      .syndrome = 24,
                                      .constant = 9,
                                      .full = 28},
                           .multiply = matrix_product,
                           .sum = sum<GfniGf8>,
                           .walsh = walsh,
                           .gf8 = field_kernels<GfniGf8>(),
                           .gf16 = field_kernels<GfniGf16>()};

}  // namespace

const Kernels& gfni_kernels() noexcept { return kKernels; }

}  // namespace lumen::fec

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
