#include "fec/leopard.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "fec/arena.hpp"
#include "fec/cantor.hpp"
#include "fec/factors.hpp"
#include "fec/kernels.hpp"
#include "fec/recovery.hpp"

namespace lumen::fec {
namespace {

constexpr std::size_t kMostGf8Points = 256;

unsigned log2_of(std::size_t power) { return static_cast<unsigned>(std::countr_zero(power)); }

// A field: its logarithms, its factors, and the transforms of its logarithms that locate losses.
template <class Field>
class LeopardTables {
 public:
  LeopardTables(const Kernels& kernels, std::size_t max_points) {
    const auto product = [this](std::uint32_t a, std::uint32_t b) { return logs_.multiply(a, b); };
    const auto make = [&](const std::vector<std::uint16_t>& constants) {
      return FactorStore::make<Field::kBits>(kernels.bit_factors, constants, product);
    };
    factors_ = make(constants());
    // A butterfly of layer d multiplies by the coordinate (point >> d), whose lowest bit is 0.
    std::vector<std::uint16_t> even(std::max<std::size_t>(max_points, 2) / 2);
    for (std::size_t i = 0; i < even.size(); ++i) even[i] = static_cast<std::uint16_t>(2 * i);
    twiddles_ = make(even);
    view_.factors = factors_.data();
    view_.layers.fill(twiddles_.data());
    for (std::size_t points = 2; points <= max_points; points *= 2) {
      walsh_of_logs_.push_back(walsh_of_logs(kernels, points));
    }
  }

  const CantorLogs<Field>& logs() const { return logs_; }
  const FieldTables& view() const { return view_; }

  // log of Π (p ^ lost), leaving out a factor of zero, for each point p: `values` holds 1 where a point is
  // lost and 0 elsewhere, and the logs afterwards.
  void locate(const Kernels& kernels, std::span<std::uint32_t> values) const {
    const auto log_points = log2_of(values.size());
    const auto& of_logs = walsh_of_logs_[log_points - 1];
    kernels.walsh(values.data(), values.size(), kOrder);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = multiply(values[i], of_logs[i]);
    kernels.walsh(values.data(), values.size(), kOrder);
    // Transforming twice multiplies by the number of points; the rest to 2^bits, which is 1, is a rotation.
    const auto left = Field::kBits - log_points;
    for (auto& value : values) {
      value = (value << left | value >> (Field::kBits - left)) & kOrder;
      if (value == kOrder) value = 0;
    }
  }

 private:
  static constexpr auto kOrder = CantorLogs<Field>::kOrder;

  static std::vector<std::uint16_t> constants() {
    std::vector<std::uint16_t> constants;
    for (unsigned shift = 0; shift < Field::kBits; shift += 8) {
      for (unsigned x = 0; x < 256; ++x) constants.push_back(static_cast<std::uint16_t>(x << shift));
    }
    return constants;
  }
  static std::uint32_t multiply(std::uint32_t a, std::uint32_t b) {
    const auto product = a * b;
    const auto sum = (product & kOrder) + (product >> Field::kBits);
    return std::min(sum, sum - kOrder);
  }
  std::vector<std::uint16_t> walsh_of_logs(const Kernels& kernels, std::size_t points) const {
    std::vector<std::uint32_t> values(points);
    for (std::size_t x = 1; x < points; ++x) values[x] = logs_.log(static_cast<std::uint32_t>(x));
    kernels.walsh(values.data(), points, kOrder);
    return {values.begin(), values.end()};
  }

  CantorLogs<Field> logs_;
  FactorStore factors_, twiddles_;
  FieldTables view_;
  std::vector<std::vector<std::uint16_t>> walsh_of_logs_;  // of 2, 4, 8 … points
};

}  // namespace

struct Leopard::Tables {
  const Kernels& kernels;
  LeopardTables<Cantor8> gf8;
  LeopardTables<Cantor16> gf16;

  Tables(const Kernels& chosen, std::size_t max_points)
      : kernels{chosen}, gf8{chosen, std::min(max_points, kMostGf8Points)}, gf16{chosen, max_points} {}
};

namespace {

// One block of a code, what it is made with, and what its recovery costs.
template <class Field>
class LeopardBlock {
 public:
  LeopardBlock(const Kernels& kernels, const FieldKernels& field_kernels, const LeopardTables<Field>& tables,
               std::size_t data_shards, std::size_t parity_shards, std::size_t shard_bytes, Arena arena)
      : kernels_{kernels},
        field_kernels_{field_kernels},
        tables_{tables},
        data_shards_{data_shards},
        parity_shards_{parity_shards},
        shard_bytes_{shard_bytes},
        parity_points_{std::bit_ceil(parity_shards)},
        points_{leopard_points(data_shards, parity_shards)},
        chunk_{.first = 0, .log_size = log2_of(parity_points_)},
        code_{tables.logs(), parity_points_, log2_of(parity_points_), true},
        arena_{arena} {}

  void encode(std::span<const std::byte* const> data, std::span<std::byte* const> parity) {
    if (parity.size() == 1) return kernels_.sum(data, parity.front(), shard_bytes_);
    field_kernels_.transform({.tables = &tables_.view(),
                              .first_point = parity_points_,
                              .inputs = data,
                              .chunks = {&chunk_, 1},
                              .rows = parity.size(),
                              .outputs = parity.data(),
                              .shard_bytes = shard_bytes_,
                              .work = arena_.rest().data()});
  }

  void recover(std::span<std::byte* const> shards, std::span<const bool> present, const Losses& losses) {
    const Block block{shards, present, data_shards_, shard_bytes_};
    if (parity_shards_ == 1) return recover_by_sum(block);
    const auto& view = tables_.view();
    const auto by_matrix = cost_by_matrix(losses.data);
    const auto by_syndromes = cost_by_syndromes(losses.data);
    const auto in_full = cost_in_full();
    if (by_matrix <= std::min(by_syndromes, in_full) && (Field::kBits == 8 || losses.data <= kFewRows)) {
      if constexpr (Field::kBits == 8) {
        recover_by_matrix8(kernels_, view, code_, block, losses, arena_);
      } else {
        recover_by_rows(field_kernels_, view, code_, block, losses, arena_);
      }
    } else if (by_syndromes <= in_full) {
      recover_by_syndromes(field_kernels_, view, code_, {&chunk_, 1}, block, losses, arena_);
    } else {
      recover_in_full(block, losses);
    }
  }

 private:
  static constexpr std::size_t kFewRows = 6;

  // In tenths of a product of a matrix.
  std::size_t cost_by_matrix(std::size_t lost) const {
    if constexpr (Field::kBits == 8) return kernels_.costs8.of_matrix(data_shards_, lost);
    return 10 * data_shards_ * lost;
  }
  std::size_t cost_by_syndromes(std::size_t lost) const {
    if constexpr (Field::kBits == 8) {
      return kernels_.costs8.of({&chunk_, 1}) * data_shards_ + kernels_.costs8.syndrome * lost * lost;
    }
    const auto log = log2_of(parity_points_);
    return 5 * (data_shards_ * (log + 2) + parity_points_ * log) + 10 * lost * lost;
  }
  std::size_t cost_in_full() const {
    const auto log = log2_of(points_);
    if constexpr (Field::kBits == 8) {
      const Chunk all{.first = 0, .log_size = log};
      return kernels_.costs8.full * kernels_.costs8.of({&all, 1}) * points_ / 10;
    }
    return 10 * (points_ * log + 2 * data_shards_);
  }

  // The one parity shard is the sum of all data.
  void recover_by_sum(const Block& block) {
    const auto used = arena_.take<const std::byte*>(data_shards_);
    std::size_t count = 0;
    for (std::size_t i = 0; i < block.shards.size(); ++i) {
      if (block.present[i]) used[count++] = block.shards[i];
    }
    kernels_.sum(used, block.lost(1, arena_).front(), shard_bytes_);
  }

  void recover_in_full(const Block& block, const Losses& losses) {
    const auto received = arena_.take<const std::byte*>(points_);
    const auto scale = arena_.take<std::uint16_t>(points_);
    const auto lost_points = arena_.take<std::uint32_t>(losses.data);
    const auto lost_scale = arena_.take<std::uint16_t>(losses.data);
    const auto lost = block.lost(losses.data, arena_);
    const auto end = parity_points_ + data_shards_;
    std::ranges::fill(received, nullptr);
    for (std::size_t j = 0; j < parity_shards_; ++j) {
      if (block.present[data_shards_ + j]) received[j] = block.parity(j);
    }
    for (std::size_t i = 0; i < data_shards_; ++i) {
      if (block.present[i]) received[parity_points_ + i] = block.shards[i];
    }
    const auto logs = Arena{arena_}.template take<std::uint32_t>(points_);  // scratch of the transform later
    for (std::size_t p = 0; p < points_; ++p) logs[p] = p < end && received[p] == nullptr ? 1 : 0;
    tables_.locate(kernels_, logs);
    std::size_t next = 0;
    for (std::size_t p = 0; p < end; ++p) {
      scale[p] = tables_.logs().antilog(logs[p]);
      if (p < parity_points_ || received[p] != nullptr) continue;
      lost_points[next] = static_cast<std::uint32_t>(p);
      lost_scale[next++] = tables_.logs().antilog(CantorLogs<Field>::kOrder - logs[p]);
    }
    field_kernels_.full_recovery({.tables = &tables_.view(),
                                  .log_points = log2_of(points_),
                                  .points = end,
                                  .received = received.data(),
                                  .scale = scale.data(),
                                  .lost = lost,
                                  .lost_points = lost_points.data(),
                                  .lost_scale = lost_scale.data(),
                                  .shard_bytes = shard_bytes_,
                                  .work = arena_.rest().data()});
  }

  const Kernels& kernels_;
  const FieldKernels& field_kernels_;
  const LeopardTables<Field>& tables_;
  std::size_t data_shards_, parity_shards_, shard_bytes_, parity_points_, points_;
  Chunk chunk_;
  CauchyCode<CantorLogs<Field>> code_;
  Arena arena_;
};

// Calls use(block) with the LeopardBlock of the field.
template <class Tables, class Use>
void with_block(const Tables& tables, LeopardField field, std::size_t data_shards, std::size_t parity_shards,
                std::size_t shard_bytes, std::span<std::byte> work, const Use& use) {
  if (field == LeopardField::gf8) {
    use(LeopardBlock{tables.kernels, tables.kernels.gf8, tables.gf8, data_shards, parity_shards, shard_bytes,
                     Arena{work}});
  } else {
    use(LeopardBlock{tables.kernels, tables.kernels.gf16, tables.gf16, data_shards, parity_shards,
                     shard_bytes, Arena{work}});
  }
}

}  // namespace

std::size_t leopard_points(std::size_t data_shards, std::size_t parity_shards) noexcept {
  if (parity_shards == 0) return data_shards;
  return std::bit_ceil(std::bit_ceil(parity_shards) + data_shards);
}

std::optional<LeopardField> leopard_field(std::size_t data_shards, std::size_t parity_shards) noexcept {
  if (data_shards == 0 || data_shards > kLeopardMaxPoints || parity_shards > kLeopardMaxPoints) {
    return std::nullopt;
  }
  const auto points = leopard_points(data_shards, parity_shards);
  if (points <= kMostGf8Points) return LeopardField::gf8;
  if (points <= kLeopardMaxPoints) return LeopardField::gf16;
  return std::nullopt;
}

Leopard::Leopard(Kernel kernel, std::size_t max_points)
    : max_points_{std::min(max_points, kLeopardMaxPoints)},
      tables_{std::make_unique<Tables>(kernels_of(is_supported(kernel) ? kernel : best_kernel()),
                                       std::bit_ceil(max_points_))} {}
Leopard::~Leopard() = default;
Leopard::Leopard(Leopard&&) noexcept = default;
Leopard& Leopard::operator=(Leopard&&) noexcept = default;

// By point: 128 bytes of scratch for blocks, sums and syndromes each, at most as many as there are parity
// points (half of all), or 128 for every point; and some thirty for pointers, constants and matrices.
std::size_t Leopard::work_bytes(std::size_t data_shards, std::size_t parity_shards) noexcept {
  constexpr std::size_t kBytesPerPoint = 232, kAlways = 16384;
  return std::min(leopard_points(data_shards, parity_shards), kLeopardMaxPoints) * kBytesPerPoint + kAlways;
}

bool Leopard::is_possible(LeopardField field, std::size_t data_shards, std::size_t parity_shards,
                          std::size_t shard_bytes) const noexcept {
  if (data_shards == 0 || data_shards > kLeopardMaxPoints || parity_shards > kLeopardMaxPoints) return false;
  if (field == LeopardField::gf16 && shard_bytes % 2 != 0) return false;
  return leopard_points(data_shards, parity_shards) <=
         std::min(max_points_, field == LeopardField::gf8 ? kMostGf8Points : kLeopardMaxPoints);
}

bool Leopard::encode(LeopardField field, std::span<const std::byte* const> data,
                     std::span<std::byte* const> parity, std::size_t shard_bytes,
                     std::span<std::byte> work) const {
  if (!is_possible(field, data.size(), parity.size(), shard_bytes)) return false;
  if (parity.empty() || shard_bytes == 0) return true;
  if (work.size() < work_bytes(data.size(), parity.size())) return false;
  with_block(*tables_, field, data.size(), parity.size(), shard_bytes, work,
             [&](auto block) { block.encode(data, parity); });
  return true;
}

bool Leopard::recover(LeopardField field, std::span<std::byte* const> shards, std::span<const bool> present,
                      std::size_t data_shards, std::size_t shard_bytes, std::span<std::byte> work) const {
  if (present.size() != shards.size() || data_shards > shards.size()) return false;
  const auto parity_shards = shards.size() - data_shards;
  if (!is_possible(field, data_shards, parity_shards, shard_bytes)) return false;
  const auto losses = losses_of(present, data_shards);
  if (!losses) return false;
  if (losses->data == 0 || shard_bytes == 0) return true;
  if (work.size() < work_bytes(data_shards, parity_shards)) return false;
  with_block(*tables_, field, data_shards, parity_shards, shard_bytes, work,
             [&](auto block) { block.recover(shards, present, *losses); });
  return true;
}

}  // namespace lumen::fec
