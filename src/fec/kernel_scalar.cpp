#include <algorithm>

#include "fec/kernels.hpp"

namespace lumen::fec {
namespace {

constexpr std::size_t kStrip = 64;  // bytes of one output held at a time
using Strip = std::array<std::uint8_t, kStrip>;

void add_product(Strip& sum, std::uint8_t factor, const std::byte* input, std::size_t count) {
  const auto& products = kNibbleProducts[factor];
  for (std::size_t i = 0; i < count; ++i) {
    const auto x = std::to_integer<std::size_t>(input[i]);
    sum[i] = static_cast<std::uint8_t>(sum[i] ^ products.low[x & 15U] ^ products.high[x >> 4U]);
  }
}

}  // namespace

void multiply_scalar(const MatrixProduct& product, std::size_t from_byte) {
  for (std::size_t at = from_byte; at < product.bytes; at += kStrip) {
    const auto count = std::min(kStrip, product.bytes - at);
    for (std::size_t row = 0; row < product.outputs.size(); ++row) {
      Strip sum{};
      for (std::size_t i = 0; i < product.inputs.size(); ++i) {
        add_product(sum, *product.column(i, row), product.inputs[i] + at, count);
      }
      std::ranges::transform(sum.begin(), sum.begin() + static_cast<std::ptrdiff_t>(count),
                             product.outputs[row] + at, [](std::uint8_t x) { return std::byte{x}; });
    }
  }
}

}  // namespace lumen::fec
