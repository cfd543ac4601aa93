// lumen/fec: products by the constants of GF(2⁸) in its polynomial basis. Internal to the module.
#pragma once

#include <cstdint>
#include <vector>

#include "fec/factors.hpp"
#include "fec/gf256.hpp"

namespace lumen::fec {

inline FactorStore polynomial_factors(const Kernels& kernels, const std::vector<std::uint16_t>& constants) {
  return FactorStore::make<8>(
      kernels.bit_factors, constants, [](std::uint32_t a, std::uint32_t b) -> std::uint16_t {
        return gf256::multiply(static_cast<std::uint8_t>(a), static_cast<std::uint8_t>(b));
      });
}

// By constant.
inline FactorStore all_polynomial_factors(const Kernels& kernels) {
  std::vector<std::uint16_t> constants;
  for (std::uint16_t c = 0; c < 256; ++c) constants.push_back(c);
  return polynomial_factors(kernels, constants);
}

}  // namespace lumen::fec
