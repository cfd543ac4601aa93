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

// Vectors of eight bytes, in a general register where that helps.
struct Scalar {
  using Vector = std::uint64_t;
  static constexpr std::size_t kWidth = 8;

  LUMEN_INLINE static Vector zero() { return 0; }
  LUMEN_INLINE static Vector load(const std::byte* at) {
    Vector x;
    std::memcpy(&x, at, sizeof x);
    return x;
  }
  LUMEN_INLINE static void store(std::byte* at, Vector x) { std::memcpy(at, &x, sizeof x); }
  LUMEN_INLINE static Vector exclusive_or(Vector x, Vector y) { return x ^ y; }
  LUMEN_INLINE static Vector low_nibbles(Vector x) { return x & 0x0F0F0F0F0F0F0F0FU; }
  LUMEN_INLINE static Vector high_nibbles(Vector x) { return x >> 4U & 0x0F0F0F0F0F0F0F0FU; }
  LUMEN_INLINE static const std::uint8_t* table(const std::uint8_t* sixteen) { return sixteen; }
  LUMEN_INLINE static Vector look_up(const std::uint8_t* table, Vector index) {
    Vector found = 0;
    for (unsigned shift = 0; shift < 64; shift += 8) {
      found |= Vector{table[index >> shift & 0xFFU]} << shift;
    }
    return found;
  }
};

constexpr Kernels kKernels{.bit_factors = false,
                           .costs8 = {.first = 50,
                                      .layer = 9,
                                      .more_chunks = 22,
                                      .tiny_chunk = 90,
                                      .syndrome = 12,
                                      .constant = 2,
                                      .full = 16},
                           .multiply = matrix_product<Scalar>,
                           .sum = sum<ShuffleGf8<Scalar>>,
                           .walsh = walsh,
                           .gf8 = field_kernels<ShuffleGf8<Scalar>>(),
                           .gf16 = field_kernels<ShuffleGf16<Scalar>>()};

}  // namespace

const Kernels& scalar_kernels() noexcept { return kKernels; }

}  // namespace lumen::fec
