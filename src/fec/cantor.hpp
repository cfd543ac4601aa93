// lumen/fec: the fields of Leopard's codes: GF(2⁸) with polynomial 0x11D and GF(2¹⁶) with 0x1002D, elements
// as coordinates in a Cantor basis (v₀ = 1, vᵢ² + vᵢ = vᵢ₋₁). Addition is XOR; products are those of the
// elements.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lumen::fec {

struct Cantor8 {
  static constexpr unsigned kBits = 8;
  static constexpr std::uint32_t kPolynomial = 0x11D;
  static constexpr std::array<std::uint16_t, kBits> kBasis{1, 214, 152, 146, 86, 200, 88, 230};
};

struct Cantor16 {
  static constexpr unsigned kBits = 16;
  static constexpr std::uint32_t kPolynomial = 0x1002D;
  static constexpr std::array<std::uint16_t, kBits> kBasis{0x0001, 0xACCA, 0x3C0E, 0x163E, 0xC582, 0xED2E,
                                                           0x914C, 0x4012, 0x6C98, 0x10D8, 0x6A72, 0xB900,
                                                           0xFDB8, 0xFB34, 0xFF38, 0x991E};
};

// Discrete logarithms to base 2 of coordinates, and back. Logs count modulo kOrder.
template <class Field>
class CantorLogs {
 public:
  static constexpr std::uint32_t kOrder = (1U << Field::kBits) - 1;

  CantorLogs() : log_(kOrder + 1), antilog_(2 * kOrder + 1) {
    std::vector<std::uint16_t> coordinates(kOrder + 1);  // of an element in polynomial representation
    for (unsigned bit = 0; bit < Field::kBits; ++bit) element_of_bit_[bit] = Field::kBasis[bit];
    for (std::uint32_t x = 0; x <= kOrder; ++x) {
      std::uint16_t element = 0;
      for (unsigned bit = 0; bit < Field::kBits; ++bit) {
        if ((x >> bit & 1U) != 0) element ^= element_of_bit_[bit];
      }
      coordinates[element] = static_cast<std::uint16_t>(x);
    }
    std::uint32_t power = 1;
    for (std::uint32_t exponent = 0; exponent < kOrder; ++exponent) {
      const auto x = coordinates[power];
      log_[x] = static_cast<std::uint16_t>(exponent);
      antilog_[exponent] = antilog_[exponent + kOrder] = x;
      power <<= 1U;
      if (power > kOrder) power ^= Field::kPolynomial;
    }
    antilog_[2 * kOrder] = antilog_[0];
  }

  std::uint32_t log(std::uint32_t x) const { return log_[x]; }                        // x ≠ 0
  std::uint16_t antilog(std::uint32_t exponent) const { return antilog_[exponent]; }  // up to 2 · kOrder
  std::uint16_t multiply(std::uint32_t a, std::uint32_t b) const {
    return a == 0 || b == 0 ? std::uint16_t{0} : antilog_[std::uint32_t{log_[a]} + log_[b]];
  }
  std::uint16_t divide(std::uint32_t a, std::uint32_t b) const {  // b ≠ 0
    return a == 0 ? std::uint16_t{0} : antilog_[std::uint32_t{log_[a]} + kOrder - log_[b]];
  }

 private:
  std::array<std::uint16_t, Field::kBits> element_of_bit_{};
  std::vector<std::uint16_t> log_, antilog_;
};

}  // namespace lumen::fec
