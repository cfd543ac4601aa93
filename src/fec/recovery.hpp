// lumen/fec: which data is missing, how it is computed from what there is, and which way is the cheapest. The
// same for all codes: each is a Cauchy code on points of a field, parity row j at point j and data i at point
// `first_point` + i, whose columns may be scaled. Internal to the module.
//
// Three ways, by the number e of lost data shards:
// - closed form: the inverse of a Cauchy matrix is known; e products a shard that is read;
// - syndromes: encode what is present, take the difference to the parity received, multiply it by the e × e
//   inverse: as much as encoding and e² products;
// - in full: a transform of all points and back, whatever is lost (Leopard's way).
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "fec/arena.hpp"
#include "fec/kernels.hpp"

namespace lumen::fec {

template <class Logs>
struct CauchyCode {
  const Logs& logs;
  std::size_t first_point = 0;
  unsigned log_block = 0;  // the column of data i is scaled by 1 + (i >> log_block)
  bool has_scale = false;

  std::uint32_t log_scale(std::size_t data) const {
    return has_scale ? logs.log(static_cast<std::uint32_t>(1 + (data >> log_block))) : 0;
  }
};

struct Losses {
  std::size_t data = 0;      // how many data shards are missing
  std::size_t rows_end = 0;  // one past the last parity row used
};

// nullopt when fewer than `data_shards` are present.
inline std::optional<Losses> losses_of(std::span<const bool> present, std::size_t data_shards) {
  Losses losses;
  losses.data = static_cast<std::size_t>(std::ranges::count(present.first(data_shards), false));
  auto wanted = losses.data;
  for (std::size_t j = 0; wanted > 0; ++j) {
    if (data_shards + j == present.size()) return std::nullopt;
    if (!present[data_shards + j]) continue;
    --wanted;
    losses.rows_end = j + 1;
  }
  return losses;
}

// The points of lost data and of the parity rows used instead, and for each point p
//   L(p) = Π (p ^ lost) / Π (p ^ used row), leaving out a factor of zero.
// With it, lost data t is the sum over all shards u that are used of
//   scale(u) / scale(t) · L(u) / (L(t) · (t ^ u)) · u.
template <class Logs>
class Locator {
 public:
  Locator(const CauchyCode<Logs>& code, std::span<const bool> present, std::size_t data_shards,
          const Losses& losses, Arena& arena)
      : code_{code},
        lost_{arena.take<std::uint32_t>(losses.data)},
        rows_{arena.take<std::uint32_t>(losses.data)},
        log_of_lost_{arena.take<std::uint32_t>(losses.data)} {
    std::size_t t = 0;
    for (std::size_t i = 0; i < data_shards; ++i) {
      if (!present[i]) lost_[t++] = static_cast<std::uint32_t>(code.first_point + i);
    }
    std::size_t r = 0;
    for (std::size_t j = 0; j < losses.rows_end; ++j) {
      if (present[data_shards + j]) rows_[r++] = static_cast<std::uint32_t>(j);
    }
    for (t = 0; t < lost_.size(); ++t) {
      log_of_lost_[t] = reduced(log_at(lost_[t]) + code.log_scale(lost_[t] - code.first_point));
    }
  }
  static constexpr std::size_t work_bytes(std::size_t lost) { return 3 * Arena::cost<std::uint32_t>(lost); }

  std::span<const std::uint32_t> rows() const { return rows_; }
  std::span<const std::uint32_t> lost() const { return lost_; }

  // log(L(p)) and, of data, of its scale.
  std::uint32_t log_of_row(std::uint32_t row) const { return log_at(row); }
  std::uint32_t log_of_data(std::size_t data) const {
    return reduced(log_at(static_cast<std::uint32_t>(code_.first_point + data)) + code_.log_scale(data));
  }
  // What lost data t takes of the shard at `point`, whose log is as above.
  std::uint16_t constant(std::size_t t, std::uint32_t point, std::uint32_t log_of_point) const {
    const auto below = reduced(log_of_lost_[t] + code_.logs.log(lost_[t] ^ point));
    return code_.logs.antilog(log_of_point + Logs::kOrder - below);
  }

 private:
  static std::uint32_t reduced(std::uint32_t sum) { return std::min(sum, sum - Logs::kOrder); }

  std::uint32_t log_at(std::uint32_t point) const {
    // At most 32768 of each, so that twice as many logs fit.
    auto sum = static_cast<std::uint32_t>(rows_.size()) * Logs::kOrder;
    for (const auto y : lost_) sum += y == point ? 0 : code_.logs.log(y ^ point);
    for (const auto x : rows_) sum -= x == point ? 0 : code_.logs.log(x ^ point);
    return sum % Logs::kOrder;
  }

  const CauchyCode<Logs>& code_;
  std::span<std::uint32_t> lost_, rows_, log_of_lost_;
};

// The shards of a block and what is known of them.
struct Block {
  std::span<std::byte* const> shards;
  std::span<const bool> present;
  std::size_t data_shards = 0, shard_bytes = 0;

  std::byte* parity(std::size_t row) const { return shards[data_shards + row]; }
  std::span<std::byte* const> lost(std::size_t count, Arena& arena) const {
    const auto lost = arena.take<std::byte*>(count);
    std::size_t t = 0;
    for (std::size_t i = 0; i < data_shards; ++i) {
      if (!present[i]) lost[t++] = shards[i];
    }
    return lost;
  }
};

// Calls visit(shard, point, log of the point's locator) for the shards that recovery reads, data first.
template <class Logs, class Visit>
void for_each_used(const CauchyCode<Logs>& code, const Locator<Logs>& locator, const Block& block,
                   const Visit& visit) {
  for (std::size_t i = 0; i < block.data_shards; ++i) {
    if (!block.present[i]) continue;
    visit(block.shards[i], static_cast<std::uint32_t>(code.first_point + i), locator.log_of_data(i));
  }
  for (const auto row : locator.rows()) visit(block.parity(row), row, locator.log_of_row(row));
}

// Closed form over GF(2⁸), all rows by the kernel for whole matrices.
template <class Logs>
void recover_by_matrix8(const Kernels& kernels, const FieldTables& tables, const CauchyCode<Logs>& code,
                        const Block& block, const Losses& losses, Arena arena) {
  const Locator<Logs> locator{code, block.present, block.data_shards, losses, arena};
  const auto used = arena.take<const std::byte*>(block.data_shards);
  const auto matrix = arena.take<std::uint8_t>(block.data_shards * losses.data);
  std::size_t u = 0;
  for_each_used(code, locator, block, [&](const std::byte* shard, std::uint32_t point, std::uint32_t log) {
    for (std::size_t t = 0; t < losses.data; ++t) {
      matrix[u * losses.data + t] = static_cast<std::uint8_t>(locator.constant(t, point, log));
    }
    used[u++] = shard;
  });
  kernels.multiply({.factors = tables.factors,
                    .matrix = matrix.data(),
                    .column_stride = losses.data,
                    .inputs = used,
                    .outputs = block.lost(losses.data, arena),
                    .bytes = block.shard_bytes});
}

inline constexpr std::size_t kMostKeptBytes = std::size_t{512}
                                              << 10U;  // of factors: more are made on the way

// Room for so many factors, if there is; the last thing to be taken.
inline std::byte* room_for(std::size_t factors, const FieldKernels& kernels, const Arena& arena) {
  const auto bytes = factors * kernels.factor_bytes;
  return bytes <= kMostKeptBytes && bytes <= arena.rest().size() ? arena.rest().data() : nullptr;
}

// Closed form with few rows.
template <class Logs>
void recover_by_rows(const FieldKernels& kernels, const FieldTables& tables, const CauchyCode<Logs>& code,
                     const Block& block, const Losses& losses, Arena arena) {
  const Locator<Logs> locator{code, block.present, block.data_shards, losses, arena};
  const auto used = arena.take<const std::byte*>(block.data_shards);
  const auto matrix = arena.take<std::uint16_t>(block.data_shards * losses.data);
  std::size_t u = 0;
  for_each_used(code, locator, block, [&](const std::byte* shard, std::uint32_t point, std::uint32_t log) {
    for (std::size_t t = 0; t < losses.data; ++t) {
      matrix[t * block.data_shards + u] = locator.constant(t, point, log);
    }
    used[u++] = shard;
  });
  const auto lost = block.lost(losses.data, arena);
  kernels.few_rows({.tables = &tables,
                    .matrix = matrix.data(),
                    .inputs = used,
                    .outputs = lost,
                    .shard_bytes = block.shard_bytes,
                    .kept = room_for(matrix.size(), kernels, arena)});
}

inline std::size_t sums_of(std::span<const Chunk> chunks) {
  std::size_t sums = 0;
  for (const auto& chunk : chunks) sums += std::size_t{1} << chunk.log_size;
  return sums;
}

// Scratch of Transform with these chunks.
inline std::size_t transform_work_bytes(const FieldKernels& kernels, std::span<const Chunk> chunks,
                                        std::size_t lost) {
  const auto top = std::size_t{1} << chunks.back().log_size;
  return (top + sums_of(chunks) + lost) * kernels.scratch_bytes;
}

template <class Logs>
void recover_by_syndromes(const FieldKernels& kernels, const FieldTables& tables,
                          const CauchyCode<Logs>& code, std::span<const Chunk> chunks, const Block& block,
                          const Losses& losses, Arena arena) {
  const Locator<Logs> locator{code, block.present, block.data_shards, losses, arena};
  const auto inputs = arena.take<const std::byte*>(block.data_shards);
  for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = block.present[i] ? block.shards[i] : nullptr;
  const auto received = arena.take<const std::byte*>(losses.rows_end);
  const auto index = arena.take<std::uint16_t>(losses.rows_end);
  const auto matrix = arena.take<std::uint16_t>(losses.data * losses.data);
  std::ranges::fill(received, nullptr);
  for (std::size_t r = 0; r < losses.data; ++r) {
    const auto row = locator.rows()[r];
    received[row] = block.parity(row);
    index[row] = static_cast<std::uint16_t>(r);
    const auto log = locator.log_of_row(row);
    for (std::size_t t = 0; t < losses.data; ++t) {
      matrix[t * losses.data + r] = locator.constant(t, row, log);
    }
  }
  SyndromeProduct product{.received = received.data(),
                          .index = index.data(),
                          .matrix = matrix.data(),
                          .lost = block.lost(losses.data, arena)};
  const auto scratch = arena.take<std::byte>(transform_work_bytes(kernels, chunks, losses.data));
  product.kept = room_for(matrix.size(), kernels, arena);
  kernels.transform({.tables = &tables,
                     .first_point = code.first_point,
                     .inputs = inputs,
                     .chunks = chunks,
                     .rows = losses.rows_end,
                     .syndromes = &product,
                     .shard_bytes = block.shard_bytes,
                     .work = scratch.data()});
}

}  // namespace lumen::fec
