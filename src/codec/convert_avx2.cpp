// 32 × 2 pixels a step. A pixel is one 32-bit lane: masked it is the word pair (B, R), shifted (G, x); one
// pmaddwd on each gives the weighted sum in that lane, and the same words summed over 2 × 2 feed the chroma.
#include "codec/convert_kernel.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#define LUMEN_TARGET __attribute__((target("avx2")))
#define LUMEN_INLINE __attribute__((target("avx2"), always_inline)) inline

namespace lumen::codec {
namespace {

constexpr std::size_t kStep = 32;  // pixels

struct Pixels8 {
  __m256i br, gx;  // 16-bit words
};

struct Vector2 {
  __m256i br, gx;
};

struct Constants {
  Vector2 y, cb, cr;
  __m256i y_bias, chroma_bias, order;
};

LUMEN_INLINE __m256i word_pair(std::int16_t low, std::int16_t high) {
  return _mm256_set1_epi32(static_cast<int>(
      static_cast<std::uint16_t>(low) | static_cast<std::uint32_t>(static_cast<std::uint16_t>(high)) << 16));
}

LUMEN_INLINE Vector2 weights(const Weights& w) { return {word_pair(w.b, w.r), word_pair(w.g, 0)}; }

LUMEN_INLINE Constants constants(const ConvertCoefficients& c) {
  // The packs work within 128-bit halves: this puts the eight groups of four bytes back in order.
  return {weights(c.y),
          weights(c.cb),
          weights(c.cr),
          _mm256_set1_epi32(c.y_bias),
          _mm256_set1_epi32(c.chroma_bias),
          _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)};
}

LUMEN_INLINE Pixels8 load(const std::uint8_t* pixels) {
  const __m256i raw = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(pixels));
  return {_mm256_and_si256(raw, _mm256_set1_epi32(0x00FF00FF)), _mm256_srli_epi16(raw, 8)};
}

LUMEN_INLINE __m256i dot(const Vector2& w, const Pixels8& p, __m256i bias) {
  return _mm256_add_epi32(_mm256_add_epi32(_mm256_madd_epi16(p.br, w.br), bias),
                          _mm256_madd_epi16(p.gx, w.gx));
}

LUMEN_INLINE __m256i luma(const Constants& k, const Pixels8& p) {
  return _mm256_srli_epi32(dot(k.y, p, k.y_bias), kLumaShift);
}

LUMEN_INLINE void store_luma(const Constants& k, std::uint8_t* out, const Pixels8 (&p)[4]) {
  const __m256i low = _mm256_packus_epi32(luma(k, p[0]), luma(k, p[1]));
  const __m256i high = _mm256_packus_epi32(luma(k, p[2]), luma(k, p[3]));
  const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), k.order);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), bytes);
}

// Adds neighbouring lanes of two vectors: 16 pixels become 8 sums.
LUMEN_INLINE __m256i pair_sums(__m256i first, __m256i second) {
  const __m256 a = _mm256_castsi256_ps(first), b = _mm256_castsi256_ps(second);
  return _mm256_add_epi16(_mm256_castps_si256(_mm256_shuffle_ps(a, b, 0x88)),
                          _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0xDD)));
}

// Words Cb Cr Cb Cr… of 16 × 2 pixels.
LUMEN_INLINE __m256i chroma(const Constants& k, const Pixels8* top, const Pixels8* bottom) {
  const Pixels8 sum{
      pair_sums(_mm256_add_epi16(top[0].br, bottom[0].br), _mm256_add_epi16(top[1].br, bottom[1].br)),
      pair_sums(_mm256_add_epi16(top[0].gx, bottom[0].gx), _mm256_add_epi16(top[1].gx, bottom[1].gx))};
  const __m256i cb = _mm256_srli_epi32(dot(k.cb, sum, k.chroma_bias), kChromaShift);
  return _mm256_blend_epi16(cb, dot(k.cr, sum, k.chroma_bias), 0xAA);  // Cr's integer part is its high word
}

template <bool Planar>
LUMEN_INLINE void store_chroma(const RowPair& rows, std::size_t x, __m256i cbcr) {
  if constexpr (Planar) {
    const __m256i split = _mm256_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15,  //
                                           0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
    const __m256i planes = _mm256_permute4x64_epi64(_mm256_shuffle_epi8(cbcr, split), 0xD8);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(rows.cb + x / 2), _mm256_castsi256_si128(planes));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(rows.cr + x / 2), _mm256_extracti128_si256(planes, 1));
  } else {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(rows.cb + x), cbcr);
  }
}

LUMEN_INLINE void prefetch(const RowPair& rows, std::size_t offset) {
  _mm_prefetch(rows.top + offset + kPrefetchBytes, _MM_HINT_T0);
  _mm_prefetch(rows.bottom + offset + kPrefetchBytes, _MM_HINT_T0);
}

template <bool Planar>
LUMEN_INLINE void convert_step(const RowPair& rows, const Constants& k, std::size_t x) {
  Pixels8 top[4], bottom[4];
  for (std::size_t i = 0; i < 4; ++i) {
    top[i] = load(rows.top + 4 * x + 32 * i);
    bottom[i] = load(rows.bottom + 4 * x + 32 * i);
    if (i % 2 == 0) prefetch(rows, 4 * x + 32 * i);  // a cache line holds two vectors
  }
  store_luma(k, rows.y_top + x, top);
  store_luma(k, rows.y_bottom + x, bottom);
  const __m256i bytes = _mm256_packus_epi16(chroma(k, top, bottom), chroma(k, top + 2, bottom + 2));
  store_chroma<Planar>(rows, x, _mm256_permutevar8x32_epi32(bytes, k.order));
}

template <bool Planar>
LUMEN_TARGET void convert_even(const RowPair& rows, const ConvertCoefficients& c, std::size_t width) {
  const Constants k = constants(c);
  std::size_t x = 0;
  for (; x + kStep <= width; x += kStep) convert_step<Planar>(rows, k, x);
  if (x != width) convert_step<Planar>(rows, k, width - kStep);  // overlaps what is done, with equal bytes
}

}  // namespace

LUMEN_TARGET void convert_rows_avx2(const RowPair& rows, const ConvertCoefficients& c) {
  const std::size_t even = rows.width & ~std::size_t{1};
  if (even < kStep) return convert_rows_scalar(rows, c);
  rows.cr != nullptr ? convert_even<true>(rows, c, even) : convert_even<false>(rows, c, even);
  if (even != rows.width) convert_rows_scalar(columns_from(rows, even), c);
}

}  // namespace lumen::codec

#else

namespace lumen::codec {
void convert_rows_avx2(const RowPair& rows, const ConvertCoefficients& c) { convert_rows_scalar(rows, c); }
}  // namespace lumen::codec

#endif
