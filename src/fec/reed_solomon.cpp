#include "fec/reed_solomon.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "fec/arena.hpp"
#include "fec/factors.hpp"
#include "fec/gf256.hpp"
#include "fec/kernels.hpp"
#include "fec/polynomial_factors.hpp"
#include "fec/recovery.hpp"

namespace lumen::fec {
namespace {

using gf256::kLogs;

constexpr std::size_t kBlock = 16;  // consecutive rows that encoding matrices are put together from

constexpr std::size_t rounded_rows(std::size_t rows) { return (rows + kBlock - 1) / kBlock * kBlock; }

consteval std::size_t largest_matrix() {
  std::size_t largest = 0;
  for (std::size_t m = 1; m < kMaxShards; ++m)
    largest = std::max(largest, (kMaxShards - m) * rounded_rows(m));
  return largest;
}

// [a][b] = 1 / (a ^ b) for b < 16, so [y ^ 16·n] is what point y has in parity rows 16·n … 16·n + 15. A
// whole encoding matrix is then a few hundred copies of 16 bytes: too cheap to be worth keeping.
using InverseBlocks = std::array<std::array<std::uint8_t, kBlock>, 256>;

consteval InverseBlocks make_inverse_blocks() {
  InverseBlocks blocks{};
  for (std::size_t a = 0; a < 256; ++a) {
    for (std::size_t b = 0; b < kBlock; ++b) blocks[a][b] = gf256::inverse(static_cast<std::uint8_t>(a ^ b));
  }
  return blocks;
}

constexpr InverseBlocks kInverseBlocks = make_inverse_blocks();

// Rows [first_row, parity_shards); first_row has none of the bits that number the others from there.
void write_encoding_matrix(std::size_t data_shards, std::size_t parity_shards, std::size_t first_row,
                           std::span<std::uint8_t> matrix) {
  auto to = matrix.begin();
  for (std::size_t point = parity_shards; point < parity_shards + data_shards; ++point) {
    for (auto row = first_row; row < parity_shards; row += kBlock) {
      to = std::ranges::copy(kInverseBlocks[point ^ row], to).out;
    }
  }
}

// Logarithms of the points as they are, in the polynomial basis.
struct PolynomialLogs {
  static constexpr std::uint32_t kOrder = gf256::kOrder;
  static std::uint32_t log(std::uint32_t x) { return kLogs.log[x]; }
  static std::uint16_t antilog(std::uint32_t exponent) { return kLogs.antilog[exponent]; }
};

constexpr PolynomialLogs kPolynomialLogs;

constexpr unsigned kLayers = 8;

// [d][x] = S_d(x), the polynomial that vanishes exactly on 0 … 2^d − 1: S_0(x) = x,
// S_(d+1)(x) = S_d(x) · (S_d(x) + S_d(2^d)).
using Subspaces = std::array<std::array<std::uint8_t, 256>, kLayers>;

consteval Subspaces make_subspaces() {
  Subspaces values{};
  for (std::size_t x = 0; x < 256; ++x) values[0][x] = static_cast<std::uint8_t>(x);
  for (unsigned d = 0; d + 1 < kLayers; ++d) {
    const auto step = values[d][std::size_t{1} << d];
    for (std::size_t x = 0; x < 256; ++x) {
      values[d + 1][x] = gf256::multiply(values[d][x], static_cast<std::uint8_t>(values[d][x] ^ step));
    }
  }
  return values;
}

constexpr Subspaces kSubspaces = make_subspaces();

consteval std::array<std::uint8_t, kLayers> make_products_of_subspaces() {
  std::array<std::uint8_t, kLayers> products{};
  for (unsigned d = 0; d < kLayers; ++d) {
    products[d] = 1;
    for (std::size_t u = 1; u < std::size_t{1} << d; ++u) {
      products[d] = gf256::multiply(products[d], static_cast<std::uint8_t>(u));
    }
  }
  return products;
}

constexpr auto kProductsOfSubspaces = make_products_of_subspaces();  // without zero

// What a butterfly of layer d on the block of points that begins at `point` multiplies by.
std::uint8_t twiddle(unsigned d, std::size_t point) {
  return gf256::multiply(kSubspaces[d][point], gf256::inverse(kSubspaces[d][std::size_t{1} << d]));
}

// The parity rows before `rows_end` by the binary digits of their number, and what sums of blocks are scaled
// by.
class Plan {
 public:
  Plan(std::size_t parity_shards, std::size_t rows_end) {
    auto first = parity_shards;
    for (unsigned log_size = 0; log_size < kLayers; ++log_size) {
      if ((parity_shards >> log_size & 1U) == 0) continue;
      first -= std::size_t{1} << log_size;
      if (first < rows_end) chunks_[count_++] = {.first = first, .log_size = log_size};
    }
  }

  std::span<const Chunk> chunks() const { return std::span{chunks_}.subspan(skipped_, count_ - skipped_); }
  // Rows [0, transformed_rows()) come from the transform, the others from the matrix.
  std::size_t transformed_rows() const {
    return chunks().empty() ? 0 : chunks().front().first + (std::size_t{1} << chunks().front().log_size);
  }
  // Leaves small chunks, or all, to the matrix, of `rows`, as is cheapest.
  void choose(const TransformCosts& costs, std::size_t rows) {
    auto best = 10 * rows;
    auto best_skipped = count_;
    for (skipped_ = 0; skipped_ < count_; ++skipped_) {
      const auto cost = costs.of(chunks()) + 10 * (rows - transformed_rows());
      if (cost < best) {
        best = cost;
        best_skipped = skipped_;
      }
    }
    skipped_ = best_skipped;
  }
  void write_scales() {
    auto* to = scales_.data();
    for (auto& chunk : std::span{chunks_}.subspan(skipped_, count_ - skipped_)) {
      chunk.scale = to;
      const auto blocks = std::size_t{256} >> chunk.log_size;
      const auto log = kLogs.log[kProductsOfSubspaces[chunk.log_size]] + gf256::kOrder;
      for (std::size_t b = 0; b < blocks; ++b) {
        const auto value = kSubspaces[chunk.log_size][(b << chunk.log_size) ^ chunk.first];
        to[b] = kLogs.antilog[log - kLogs.log[value]];
      }
      to += blocks;
    }
  }

 private:
  std::size_t count_ = 0, skipped_ = 0;
  std::array<Chunk, kLayers> chunks_{};
  std::array<std::uint16_t, 512> scales_;
};

constexpr std::size_t kWorkBytes = std::size_t{192} << 10U;

}  // namespace

struct ReedSolomon::Tables {
  const Kernels& kernels;
  FactorStore factors;
  std::array<FactorStore, kLayers> layers;
  FieldTables view;

  explicit Tables(const Kernels& chosen) : kernels{chosen}, factors{all_polynomial_factors(chosen)} {
    view.factors = factors.data();
    for (unsigned d = 0; d < kLayers; ++d) {
      std::vector<std::uint16_t> constants;
      for (std::size_t point = 0; point < 256; point += std::size_t{2} << d) {
        constants.push_back(twiddle(d, point));
      }
      layers[d] = polynomial_factors(kernels, constants);
      view.layers[d] = layers[d].data();
    }
  }
};

ReedSolomon::ReedSolomon(Kernel kernel)
    : tables_{std::make_unique<Tables>(kernels_of(is_supported(kernel) ? kernel : best_kernel()))},
      work_(kWorkBytes) {}
ReedSolomon::~ReedSolomon() = default;
ReedSolomon::ReedSolomon(ReedSolomon&&) noexcept = default;
ReedSolomon& ReedSolomon::operator=(ReedSolomon&&) noexcept = default;

// Writes the first rows, as many as are cheaper this way; their number.
std::size_t ReedSolomon::encode_by_transform(std::span<const std::byte* const> data,
                                             std::span<std::byte* const> parity, std::size_t shard_bytes) {
  const auto& costs = tables_->kernels.costs8;
  if (costs.rules_out(parity.size())) return 0;
  Plan plan{parity.size(), parity.size()};
  plan.choose(costs, parity.size());
  const auto rows = plan.transformed_rows();
  if (rows == 0) return 0;
  plan.write_scales();
  tables_->kernels.gf8.transform({.tables = &tables_->view,
                                  .first_point = parity.size(),
                                  .inputs = data,
                                  .chunks = plan.chunks(),
                                  .rows = rows,
                                  .outputs = parity.data(),
                                  .shard_bytes = shard_bytes,
                                  .work = Arena{work_}.rest().data()});
  return rows;
}

bool ReedSolomon::encode(std::span<const std::byte* const> data, std::span<std::byte* const> parity,
                         std::size_t shard_bytes) {
  if (data.empty() || data.size() > kMaxShards || parity.size() > kMaxShards - data.size()) return false;
  if (parity.empty() || shard_bytes == 0) return true;
  const auto transformed = encode_by_transform(data, parity, shard_bytes);
  Arena arena{work_};
  if (transformed < parity.size()) {
    const auto matrix = arena.take<std::uint8_t>(largest_matrix());
    write_encoding_matrix(data.size(), parity.size(), transformed, matrix);
    tables_->kernels.multiply({.factors = tables_->view.factors,
                               .matrix = matrix.data(),
                               .column_stride = rounded_rows(parity.size() - transformed),
                               .inputs = data,
                               .outputs = parity.subspan(transformed),
                               .bytes = shard_bytes});
  }
  return true;
}

bool ReedSolomon::recover(std::span<std::byte* const> shards, std::span<const bool> present,
                          std::size_t data_shards, std::size_t shard_bytes) {
  if (shards.size() > kMaxShards || present.size() != shards.size()) return false;
  if (data_shards == 0 || data_shards > shards.size()) return false;
  const auto losses = losses_of(present, data_shards);
  if (!losses) return false;
  if (losses->data == 0 || shard_bytes == 0) return true;
  const Block block{shards, present, data_shards, shard_bytes};
  const auto parity_shards = shards.size() - data_shards;
  const CauchyCode<PolynomialLogs> code{kPolynomialLogs, parity_shards};
  const auto& costs = tables_->kernels.costs8;
  if (!costs.rules_out(losses->data)) {
    Plan plan{parity_shards, losses->rows_end};
    const auto by_transform =
        costs.of(plan.chunks()) * data_shards + costs.syndrome * losses->data * losses->data;
    if (by_transform < costs.of_matrix(data_shards, losses->data)) {
      plan.write_scales();
      recover_by_syndromes(tables_->kernels.gf8, tables_->view, code, plan.chunks(), block, *losses,
                           Arena{work_});
      return true;
    }
  }
  recover_by_matrix8(tables_->kernels, tables_->view, code, block, *losses, Arena{work_});
  return true;
}

}  // namespace lumen::fec
