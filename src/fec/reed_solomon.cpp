#include "fec/reed_solomon.hpp"

#include <algorithm>

#include "fec/kernels.hpp"

namespace lumen::fec {
namespace {

using gf256::kLogs;
using gf256::kOrder;

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

void write_encoding_matrix(std::size_t data_shards, std::size_t parity_shards,
                           std::span<std::uint8_t> matrix) {
  auto to = matrix.begin();
  for (std::size_t point = parity_shards; point < parity_shards + data_shards; ++point) {
    for (std::size_t row = 0; row < parity_shards; row += kBlock) {
      to = std::ranges::copy(kInverseBlocks[point ^ row], to).out;
    }
  }
}

// Up to kMaxShards of something, on the stack.
template <class T>
class ShardList {
 public:
  void push_back(T value) { items_[size_++] = value; }
  std::size_t size() const { return size_; }
  std::span<const T> view() const { return std::span{items_}.first(size_); }
  T operator[](std::size_t index) const { return items_[index]; }

 private:
  std::array<T, kMaxShards> items_;  // the first size_ are set
  std::size_t size_ = 0;
};

// The shards that recovery reads and writes, and their evaluation points (parity j: j, data i: m + i).
struct Recovery {
  ShardList<std::byte*> lost;
  ShardList<const std::byte*> used;  // k of them, or fewer when recovery is impossible
  ShardList<std::uint8_t> lost_points, used_points, parity_points;
};

Recovery plan_recovery(std::span<std::byte* const> shards, std::span<const bool> present,
                       std::size_t data_shards) {
  const auto parity_shards = shards.size() - data_shards;
  Recovery plan;
  for (std::size_t i = 0; i < data_shards; ++i) {
    const auto point = static_cast<std::uint8_t>(parity_shards + i);
    if (present[i]) {
      plan.used.push_back(shards[i]);
      plan.used_points.push_back(point);
    } else {
      plan.lost.push_back(shards[i]);
      plan.lost_points.push_back(point);
    }
  }
  for (std::size_t j = 0; j < parity_shards && plan.used.size() < data_shards; ++j) {
    if (!present[data_shards + j]) continue;
    plan.used.push_back(shards[data_shards + j]);
    plan.used_points.push_back(static_cast<std::uint8_t>(j));
    plan.parity_points.push_back(static_cast<std::uint8_t>(j));
  }
  return plan;
}

// log of Π (point ^ lost) / Π (point ^ used parity), leaving out a factor of zero (log[0] is 0).
std::size_t log_locator(const Recovery& plan, std::uint8_t point) {
  std::size_t sum = kOrder * kMaxShards;  // a multiple of the order that keeps the sum positive
  for (std::size_t s = 0; s < plan.lost.size(); ++s) {
    sum += kLogs.log[plan.lost_points[s] ^ point];
    sum -= kLogs.log[plan.parity_points[s] ^ point];
  }
  return sum % kOrder;
}

// The inverse of a Cauchy matrix in closed form, multiplied by the encoding matrix of the received data.
// With L(p) the locator above, lost shard t is the sum over used shards u of
//   L(p_u) / (L(p_t) · (p_t ^ p_u)) · shard u.
void write_recovery_matrix(const Recovery& plan, std::span<std::uint8_t> matrix) {
  std::array<std::size_t, kMaxShards> log_scale;
  for (std::size_t t = 0; t < plan.lost.size(); ++t) {
    log_scale[t] = kOrder - log_locator(plan, plan.lost_points[t]);
  }
  auto to = matrix.begin();
  for (const auto point : plan.used_points.view()) {
    const auto log_used = log_locator(plan, point);
    for (std::size_t t = 0; t < plan.lost.size(); ++t) {
      const auto log_inverse = kOrder - kLogs.log[plan.lost_points[t] ^ point];
      *to++ = kLogs.antilog[log_used + log_scale[t] + log_inverse];
    }
  }
}

void multiply(Kernel kernel, const MatrixProduct& product) {
  switch (kernel) {
#if defined(__x86_64__)
    case Kernel::gfni:
      return multiply_gfni(product);
    case Kernel::avx2:
      return multiply_avx2(product);
    case Kernel::ssse3:
      return multiply_ssse3(product);
#endif
    default:
      return multiply_scalar(product);
  }
}

}  // namespace

std::string_view to_string(Kernel kernel) noexcept {
  switch (kernel) {
    case Kernel::scalar:
      return "scalar";
    case Kernel::ssse3:
      return "ssse3";
    case Kernel::avx2:
      return "avx2";
    case Kernel::gfni:
      return "gfni";
  }
  return "unknown";
}

bool is_supported(Kernel kernel) noexcept {
#if defined(__x86_64__)
  switch (kernel) {
    case Kernel::scalar:
      return true;
    case Kernel::ssse3:
      return __builtin_cpu_supports("ssse3") != 0;
    case Kernel::avx2:
      return __builtin_cpu_supports("avx2") != 0;
    case Kernel::gfni:
      return __builtin_cpu_supports("gfni") != 0 && __builtin_cpu_supports("avx512f") != 0 &&
             __builtin_cpu_supports("avx512bw") != 0;
  }
  return false;
#else
  return kernel == Kernel::scalar;
#endif
}

Kernel best_kernel() noexcept {
  for (const auto kernel : {Kernel::gfni, Kernel::avx2, Kernel::ssse3}) {
    if (is_supported(kernel)) return kernel;
  }
  return Kernel::scalar;
}

ReedSolomon::ReedSolomon(Kernel kernel)
    : kernel_{is_supported(kernel) ? kernel : best_kernel()}, matrix_(largest_matrix()) {}

bool ReedSolomon::encode(std::span<const std::byte* const> data, std::span<std::byte* const> parity,
                         std::size_t shard_bytes) {
  if (data.empty() || data.size() > kMaxShards || parity.size() > kMaxShards - data.size()) return false;
  if (parity.empty()) return true;
  write_encoding_matrix(data.size(), parity.size(), matrix_);
  multiply(kernel_, {.matrix = matrix_.data(),
                     .column_stride = rounded_rows(parity.size()),
                     .inputs = data,
                     .outputs = parity,
                     .bytes = shard_bytes});
  return true;
}

bool ReedSolomon::recover(std::span<std::byte* const> shards, std::span<const bool> present,
                          std::size_t data_shards, std::size_t shard_bytes) {
  if (shards.size() > kMaxShards || present.size() != shards.size()) return false;
  if (data_shards == 0 || data_shards > shards.size()) return false;
  const auto plan = plan_recovery(shards, present, data_shards);
  if (plan.used.size() < data_shards) return false;
  if (plan.lost.size() == 0) return true;
  write_recovery_matrix(plan, matrix_);
  multiply(kernel_, {.matrix = matrix_.data(),
                     .column_stride = plan.lost.size(),
                     .inputs = plan.used.view(),
                     .outputs = plan.lost.view(),
                     .bytes = shard_bytes});
  return true;
}

}  // namespace lumen::fec
