#include "fec/leopard.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "fec/cantor.hpp"

namespace lumen::fec {

struct Leopard::Tables {
  CantorLogs<Cantor8> gf8;
  CantorLogs<Cantor16> gf16;
};

std::size_t leopard_points(std::size_t data_shards, std::size_t parity_shards) noexcept {
  if (parity_shards == 0) return data_shards;
  return std::bit_ceil(std::bit_ceil(parity_shards) + data_shards);
}

std::optional<LeopardField> leopard_field(std::size_t data_shards, std::size_t parity_shards) noexcept {
  if (data_shards == 0 || data_shards > kLeopardMaxPoints || parity_shards > kLeopardMaxPoints)
    return std::nullopt;
  const auto points = leopard_points(data_shards, parity_shards);
  if (points <= 256) return LeopardField::gf8;
  if (points <= kLeopardMaxPoints) return LeopardField::gf16;
  return std::nullopt;
}

Leopard::Leopard(Kernel kernel, std::size_t max_points)
    : kernel_{kernel}, max_points_{max_points}, tables_{std::make_unique<Tables>()} {}
Leopard::~Leopard() = default;
Leopard::Leopard(Leopard&&) noexcept = default;
Leopard& Leopard::operator=(Leopard&&) noexcept = default;

std::size_t Leopard::work_bytes(std::size_t data_shards, std::size_t parity_shards) noexcept {
  return std::min(leopard_points(data_shards, parity_shards), kLeopardMaxPoints) * 160 + 4096;
}

bool Leopard::is_possible(LeopardField field, std::size_t data_shards, std::size_t parity_shards,
                          std::size_t shard_bytes) const noexcept {
  if (data_shards == 0 || data_shards > kLeopardMaxPoints || parity_shards > kLeopardMaxPoints) return false;
  if (field == LeopardField::gf16 && shard_bytes % 2 != 0) return false;
  return leopard_points(data_shards, parity_shards) <=
         std::min<std::size_t>(max_points_, field == LeopardField::gf8 ? 256 : kLeopardMaxPoints);
}

namespace {
template <class Field>
std::uint16_t entry(const CantorLogs<Field>& f, std::size_t M, std::size_t j, std::size_t i) {
  return f.divide(static_cast<std::uint32_t>(1 + i / M), static_cast<std::uint32_t>((M + i) ^ j));
}
std::size_t low_offset(std::size_t s, std::size_t bytes, std::size_t& high) {
  const auto g = s / 32 * 64;
  const auto half = std::min<std::size_t>(64, bytes - g) / 2;
  high = g + half + s % 32;
  return g + s % 32;
}
void add_product(const CantorLogs<Cantor8>& f, std::uint16_t c, const std::byte* x, std::byte* y,
                 std::size_t n) {
  for (std::size_t b = 0; b < n; ++b)
    y[b] ^= static_cast<std::byte>(f.multiply(c, std::to_integer<std::uint32_t>(x[b])));
}
void add_product(const CantorLogs<Cantor16>& f, std::uint16_t c, const std::byte* x, std::byte* y,
                 std::size_t n) {
  for (std::size_t s = 0; s < n / 2; ++s) {
    std::size_t h = 0;
    const auto l = low_offset(s, n, h);
    const auto p =
        f.multiply(c, std::to_integer<std::uint32_t>(x[l]) | std::to_integer<std::uint32_t>(x[h]) << 8U);
    y[l] ^= static_cast<std::byte>(p & 0xFF);
    y[h] ^= static_cast<std::byte>(p >> 8);
  }
}
template <class Field>
void slow_encode(const CantorLogs<Field>& f, std::span<const std::byte* const> data,
                 std::span<std::byte* const> parity, std::size_t n) {
  const auto M = std::bit_ceil(parity.size());
  for (std::size_t j = 0; j < parity.size(); ++j) {
    std::fill_n(parity[j], n, std::byte{0});
    for (std::size_t i = 0; i < data.size(); ++i) add_product(f, entry(f, M, j, i), data[i], parity[j], n);
  }
}
template <class Field>
void slow_recover(const CantorLogs<Field>& f, std::span<std::byte* const> shards,
                  std::span<const bool> present, std::size_t k, std::size_t n) {
  const auto M = std::bit_ceil(shards.size() - k);
  std::vector<std::size_t> lost, rows;
  for (std::size_t i = 0; i < k; ++i)
    if (!present[i]) lost.push_back(i);
  for (std::size_t j = 0; rows.size() < lost.size(); ++j)
    if (present[k + j]) rows.push_back(j);
  const auto e = lost.size();
  std::vector<std::vector<std::uint16_t>> a(e, std::vector<std::uint16_t>(e));
  std::vector<std::vector<std::byte>> s(e, std::vector<std::byte>(n));
  for (std::size_t r = 0; r < e; ++r) {
    std::copy_n(shards[k + rows[r]], n, s[r].begin());
    for (std::size_t i = 0; i < k; ++i)
      if (present[i]) add_product(f, entry(f, M, rows[r], i), shards[i], s[r].data(), n);
    for (std::size_t t = 0; t < e; ++t) a[r][t] = entry(f, M, rows[r], lost[t]);
  }
  for (std::size_t c = 0; c < e; ++c) {  // Cauchy: pivots on the diagonal never vanish
    const auto inv = f.divide(1, a[c][c]);
    std::vector<std::byte> scaled(n);
    add_product(f, inv, s[c].data(), scaled.data(), n);
    s[c] = scaled;
    for (auto& x : a[c]) x = f.multiply(x, inv);
    for (std::size_t r = 0; r < e; ++r) {
      if (r == c || a[r][c] == 0) continue;
      const auto factor = a[r][c];
      for (std::size_t t = 0; t < e; ++t) a[r][t] ^= f.multiply(factor, a[c][t]);
      add_product(f, factor, s[c].data(), s[r].data(), n);
    }
  }
  for (std::size_t t = 0; t < e; ++t) std::copy_n(s[t].begin(), n, shards[lost[t]]);
}
}  // namespace

bool Leopard::encode(LeopardField field, std::span<const std::byte* const> data,
                     std::span<std::byte* const> parity, std::size_t shard_bytes,
                     std::span<std::byte> work) const {
  if (!is_possible(field, data.size(), parity.size(), shard_bytes)) return false;
  if (parity.empty()) return true;
  if (work.size() < work_bytes(data.size(), parity.size())) return false;
  if (field == LeopardField::gf8)
    slow_encode(tables_->gf8, data, parity, shard_bytes);
  else
    slow_encode(tables_->gf16, data, parity, shard_bytes);
  return true;
}

bool Leopard::recover(LeopardField field, std::span<std::byte* const> shards, std::span<const bool> present,
                      std::size_t data_shards, std::size_t shard_bytes, std::span<std::byte> work) const {
  if (present.size() != shards.size() || data_shards > shards.size() ||
      !is_possible(field, data_shards, shards.size() - data_shards, shard_bytes))
    return false;
  if (static_cast<std::size_t>(std::count(present.begin(), present.end(), true)) < data_shards) return false;
  const auto data = present.first(data_shards);
  if (std::count(data.begin(), data.end(), false) == 0) return true;
  if (work.size() < work_bytes(data_shards, shards.size() - data_shards)) return false;
  if (field == LeopardField::gf8)
    slow_recover(tables_->gf8, shards, present, data_shards, shard_bytes);
  else
    slow_recover(tables_->gf16, shards, present, data_shards, shard_bytes);
  return true;
}

}  // namespace lumen::fec
