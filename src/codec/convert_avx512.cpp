// 64 × 2 pixels a step; otherwise the AVX2 kernel, lane for lane: see there. Needs AVX-512 F and BW.
#include "codec/convert_kernel.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#define LUMEN_TARGET __attribute__((target("avx512f,avx512bw")))
#define LUMEN_INLINE __attribute__((target("avx512f,avx512bw"), always_inline)) inline

namespace lumen::codec {
namespace {

constexpr std::size_t kStep = 64;  // pixels

struct Pixels16 {
  __m512i br, gx;  // 16-bit words
};

struct Vector2 {
  __m512i br, gx;
};

struct Constants {
  Vector2 y, cb, cr;
  __m512i y_bias, chroma_bias, order;
};

LUMEN_INLINE __m512i word_pair(std::int16_t low, std::int16_t high) {
  return _mm512_set1_epi32(static_cast<int>(
      static_cast<std::uint16_t>(low) | static_cast<std::uint32_t>(static_cast<std::uint16_t>(high)) << 16));
}

LUMEN_INLINE Vector2 weights(const Weights& w) { return {word_pair(w.b, w.r), word_pair(w.g, 0)}; }

LUMEN_INLINE Constants constants(const ConvertCoefficients& c) {
  // The packs work within 128-bit quarters: this puts the sixteen groups of four bytes back in order.
  return {weights(c.y),
          weights(c.cb),
          weights(c.cr),
          _mm512_set1_epi32(c.y_bias),
          _mm512_set1_epi32(c.chroma_bias),
          _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)};
}

LUMEN_INLINE Pixels16 load(const std::uint8_t* pixels) {
  const __m512i raw = _mm512_loadu_si512(pixels);
  return {_mm512_and_si512(raw, _mm512_set1_epi32(0x00FF00FF)), _mm512_srli_epi16(raw, 8)};
}

LUMEN_INLINE __m512i dot(const Vector2& w, const Pixels16& p, __m512i bias) {
  return _mm512_add_epi32(_mm512_add_epi32(_mm512_madd_epi16(p.br, w.br), bias),
                          _mm512_madd_epi16(p.gx, w.gx));
}

LUMEN_INLINE __m512i luma(const Constants& k, const Pixels16& p) {
  return _mm512_srli_epi32(dot(k.y, p, k.y_bias), kLumaShift);
}

LUMEN_INLINE void store_luma(const Constants& k, std::uint8_t* out, const Pixels16 (&p)[4]) {
  const __m512i low = _mm512_packus_epi32(luma(k, p[0]), luma(k, p[1]));
  const __m512i high = _mm512_packus_epi32(luma(k, p[2]), luma(k, p[3]));
  _mm512_storeu_si512(out, _mm512_permutexvar_epi32(k.order, _mm512_packus_epi16(low, high)));
}

// Adds neighbouring lanes of two vectors: 32 pixels become 16 sums.
LUMEN_INLINE __m512i pair_sums(__m512i first, __m512i second) {
  const __m512 a = _mm512_castsi512_ps(first), b = _mm512_castsi512_ps(second);
  return _mm512_add_epi16(_mm512_castps_si512(_mm512_shuffle_ps(a, b, 0x88)),
                          _mm512_castps_si512(_mm512_shuffle_ps(a, b, 0xDD)));
}

// Words Cb Cr Cb Cr… of 32 × 2 pixels.
LUMEN_INLINE __m512i chroma(const Constants& k, const Pixels16* top, const Pixels16* bottom) {
  const Pixels16 sum{
      pair_sums(_mm512_add_epi16(top[0].br, bottom[0].br), _mm512_add_epi16(top[1].br, bottom[1].br)),
      pair_sums(_mm512_add_epi16(top[0].gx, bottom[0].gx), _mm512_add_epi16(top[1].gx, bottom[1].gx))};
  const __m512i cb = _mm512_srli_epi32(dot(k.cb, sum, k.chroma_bias), kChromaShift);
  return _mm512_mask_blend_epi16(0xAAAAAAAAU, cb, dot(k.cr, sum, k.chroma_bias));
}

template <bool Planar>
LUMEN_INLINE void store_chroma(const RowPair& rows, std::size_t x, __m512i cbcr) {
  if constexpr (Planar) {
    const __m256i cb = _mm512_cvtepi16_epi8(cbcr), cr = _mm512_cvtepi16_epi8(_mm512_srli_epi16(cbcr, 8));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(rows.cb + x / 2), cb);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(rows.cr + x / 2), cr);
  } else {
    _mm512_storeu_si512(rows.cb + x, cbcr);
  }
}

LUMEN_INLINE void prefetch(const RowPair& rows, std::size_t offset) {
  _mm_prefetch(rows.top + offset + kPrefetchBytes, _MM_HINT_T0);
  _mm_prefetch(rows.bottom + offset + kPrefetchBytes, _MM_HINT_T0);
}

template <bool Planar>
LUMEN_INLINE void convert_step(const RowPair& rows, const Constants& k, std::size_t x) {
  Pixels16 top[4], bottom[4];
  for (std::size_t i = 0; i < 4; ++i) {
    top[i] = load(rows.top + 4 * x + 64 * i);
    bottom[i] = load(rows.bottom + 4 * x + 64 * i);
    prefetch(rows, 4 * x + 64 * i);
  }
  store_luma(k, rows.y_top + x, top);
  store_luma(k, rows.y_bottom + x, bottom);
  const __m512i bytes = _mm512_packus_epi16(chroma(k, top, bottom), chroma(k, top + 2, bottom + 2));
  store_chroma<Planar>(rows, x, _mm512_permutexvar_epi32(k.order, bytes));
}

template <bool Planar>
LUMEN_TARGET void convert_even(const RowPair& rows, const ConvertCoefficients& c, std::size_t width) {
  const Constants k = constants(c);
  std::size_t x = 0;
  for (; x + kStep <= width; x += kStep) convert_step<Planar>(rows, k, x);
  if (x != width) convert_step<Planar>(rows, k, width - kStep);  // overlaps what is done, with equal bytes
}

}  // namespace

LUMEN_TARGET void convert_rows_avx512(const RowPair& rows, const ConvertCoefficients& c) {
  const std::size_t even = rows.width & ~std::size_t{1};
  if (even < kStep) return convert_rows_scalar(rows, c);
  rows.cr != nullptr ? convert_even<true>(rows, c, even) : convert_even<false>(rows, c, even);
  if (even != rows.width) convert_rows_scalar(columns_from(rows, even), c);
}

}  // namespace lumen::codec

#else

namespace lumen::codec {
void convert_rows_avx512(const RowPair& rows, const ConvertCoefficients& c) { convert_rows_scalar(rows, c); }
}  // namespace lumen::codec

#endif
