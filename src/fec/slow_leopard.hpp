// Leopard's codes from their definition, symbol by symbol: what the tests compare with.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <span>

#include "fec/cantor.hpp"
#include "fec/leopard.hpp"

namespace lumen::fec::test {

inline void add_product(const CantorLogs<Cantor8>& field, std::uint16_t factor, const std::byte* input,
                        std::byte* sum, std::size_t shard_bytes) {
  for (std::size_t at = 0; at < shard_bytes; ++at) {
    sum[at] ^= static_cast<std::byte>(field.multiply(factor, std::to_integer<std::uint32_t>(input[at])));
  }
}

inline void add_product(const CantorLogs<Cantor16>& field, std::uint16_t factor, const std::byte* input,
                        std::byte* sum, std::size_t shard_bytes) {
  for (std::size_t symbol = 0; symbol < shard_bytes / 2; ++symbol) {
    const auto group = symbol / 32 * 64;
    const auto low = group + symbol % 32;
    const auto high = low + std::min<std::size_t>(64, shard_bytes - group) / 2;
    const auto x = std::to_integer<std::uint32_t>(input[low]) | std::to_integer<std::uint32_t>(input[high])
                                                                    << 8U;
    const auto product = field.multiply(factor, x);
    sum[low] ^= static_cast<std::byte>(product & 0xFFU);
    sum[high] ^= static_cast<std::byte>(product >> 8U);
  }
}

template <class Field>
void slow_encode(const CantorLogs<Field>& field, std::span<const std::byte* const> data,
                 std::span<std::byte* const> parity, std::size_t shard_bytes) {
  const auto parity_points = std::bit_ceil(parity.size());
  for (std::size_t j = 0; j < parity.size(); ++j) {
    std::fill_n(parity[j], shard_bytes, std::byte{0});
    for (std::size_t i = 0; i < data.size(); ++i) {
      const auto factor = field.divide(static_cast<std::uint32_t>(1 + i / parity_points),
                                       static_cast<std::uint32_t>((parity_points + i) ^ j));
      add_product(field, factor, data[i], parity[j], shard_bytes);
    }
  }
}

inline void slow_encode(LeopardField field, std::span<const std::byte* const> data,
                        std::span<std::byte* const> parity, std::size_t shard_bytes) {
  static const CantorLogs<Cantor8> kField8;
  static const CantorLogs<Cantor16> kField16;
  if (field == LeopardField::gf8) {
    slow_encode(kField8, data, parity, shard_bytes);
  } else {
    slow_encode(kField16, data, parity, shard_bytes);
  }
}

}  // namespace lumen::fec::test
