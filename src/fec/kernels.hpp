// lumen/fec: the one operation that encoding and recovery share, a matrix over GF(2⁸) times shards:
//   output[r] = XOR over c of matrix[c][r] · input[c]
// Internal to the module. Each kernel reads every input once per row group, keeps the group's outputs in
// registers and writes each output once; a row-by-row multiply-add would be bound by its stores.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "fec/gf256.hpp"

namespace lumen::fec {

struct MatrixProduct {
  const std::uint8_t* matrix = nullptr;  // column by column: the entries of one input lie together
  std::size_t column_stride = 0;
  std::span<const std::byte* const> inputs;
  std::span<std::byte* const> outputs;  // overlap neither each other nor an input
  std::size_t bytes = 0;

  const std::uint8_t* column(std::size_t input, std::size_t first_row) const {
    return matrix + input * column_stride + first_row;
  }
};

void multiply_scalar(const MatrixProduct& product, std::size_t from_byte = 0);
#if defined(__x86_64__)
void multiply_ssse3(const MatrixProduct& product);
void multiply_avx2(const MatrixProduct& product);
void multiply_gfni(const MatrixProduct& product);
#endif

// c·x = low[x & 15] ^ high[x >> 4].
struct alignas(32) NibbleProducts {
  std::array<std::uint8_t, 16> low{}, high{};
};

consteval std::array<NibbleProducts, 256> make_nibble_products() {
  std::array<NibbleProducts, 256> products;
  for (std::size_t c = 0; c < 256; ++c) {
    for (std::size_t x = 0; x < 16; ++x) {
      const auto factor = static_cast<std::uint8_t>(c);
      products[c].low[x] = gf256::multiply(factor, static_cast<std::uint8_t>(x));
      products[c].high[x] = gf256::multiply(factor, static_cast<std::uint8_t>(x << 4U));
    }
  }
  return products;
}

inline constexpr std::array<NibbleProducts, 256> kNibbleProducts = make_nibble_products();

}  // namespace lumen::fec
