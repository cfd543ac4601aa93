// lumen/fec: products by constants in the form that a kernel wants. Internal to the module.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "fec/kernels.hpp"

namespace lumen::fec {

// Byte 7 − i of the result holds the mask of those images that have bit `first_bit` + i.
template <std::size_t kImages>
constexpr std::uint64_t bit_matrix(const std::array<std::uint16_t, kImages>& images, std::size_t first_image,
                                   unsigned first_bit) {
  std::uint64_t matrix = 0;
  for (unsigned j = 0; j < 8; ++j) {
    for (unsigned i = 0; i < 8; ++i) {
      const std::uint64_t image = images[first_image + j];
      matrix |= (image >> (first_bit + i) & 1U) << (8 * (7 - i) + j);
    }
  }
  return matrix;
}

// What a linear map with these images of the bits makes of the nibble `x` at bit `4 · n`.
template <std::size_t kImages>
constexpr std::uint16_t image_of_nibble(const std::array<std::uint16_t, kImages>& images, std::size_t n,
                                        std::size_t x) {
  std::uint16_t sum = 0;
  for (std::size_t bit = 0; bit < 4; ++bit) {
    if ((x >> bit & 1U) != 0) sum = static_cast<std::uint16_t>(sum ^ images[4 * n + bit]);
  }
  return sum;
}

constexpr void assign(BitFactor8& factor, const std::array<std::uint16_t, 8>& images) {
  factor.matrix = bit_matrix(images, 0, 0);
}

constexpr void assign(BitFactor16& factor, const std::array<std::uint16_t, 16>& images) {
  factor = {.ll = bit_matrix(images, 0, 0),
            .lh = bit_matrix(images, 8, 0),
            .hl = bit_matrix(images, 0, 8),
            .hh = bit_matrix(images, 8, 8)};
}

constexpr void assign(NibbleFactor8& factor, const std::array<std::uint16_t, 8>& images) {
  for (std::size_t n = 0; n < 2; ++n) {
    for (std::size_t x = 0; x < 16; ++x) {
      factor.of[n][x] = static_cast<std::uint8_t>(image_of_nibble(images, n, x));
    }
  }
}

constexpr void assign(NibbleFactor16& factor, const std::array<std::uint16_t, 16>& images) {
  for (std::size_t n = 0; n < 4; ++n) {
    for (std::size_t x = 0; x < 16; ++x) {
      const auto image = image_of_nibble(images, n, x);
      factor.to_low[n][x] = static_cast<std::uint8_t>(image & 0xFFU);
      factor.to_high[n][x] = static_cast<std::uint8_t>(image >> 8U);
    }
  }
}

// Factors that a FieldTables points to, in either form.
class FactorStore {
 public:
  // `product(constant, x)` is that of the field.
  template <unsigned kBits, class Product>
  static FactorStore make(bool bit_factors, const std::vector<std::uint16_t>& constants,
                          const Product& product) {
    if (bit_factors) {
      return of<std::conditional_t<kBits == 8, BitFactor8, BitFactor16>, kBits>(constants, product);
    }
    return of<std::conditional_t<kBits == 8, NibbleFactor8, NibbleFactor16>, kBits>(constants, product);
  }
  const void* data() const { return data_.get(); }

 private:
  template <class Factor, unsigned kBits, class Product>
  static FactorStore of(const std::vector<std::uint16_t>& constants, const Product& product) {
    auto factors = std::make_shared<std::vector<Factor>>(constants.size());
    for (std::size_t i = 0; i < constants.size(); ++i) {
      std::array<std::uint16_t, kBits> images{};
      for (unsigned bit = 0; bit < kBits; ++bit) {
        images[bit] = static_cast<std::uint16_t>(product(constants[i], std::uint32_t{1} << bit));
      }
      assign((*factors)[i], images);
    }
    FactorStore store;
    store.data_ = std::shared_ptr<const void>{factors, factors->data()};
    return store;
  }

  std::shared_ptr<const void> data_;
};

}  // namespace lumen::fec
