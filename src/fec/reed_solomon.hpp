// lumen/fec: Reed–Solomon over GF(2⁸) as GameStream video uses it: polynomial 0x11D, systematic,
// parity row j, data column i: P[j][i] = 1 / ((m + i) ^ j), k + m <= 255. Any k of the k + m shards give
// all back (MDS). Parity depends on m: both ends must agree on (k, m).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace lumen::fec {

inline constexpr std::size_t kMaxShards = 255;

// Instruction sets of the kernels; best_kernel() is the best one that this CPU can do. gfni is AVX-512 and
// GFNI. Those of another architecture are not supported.
enum class Kernel : std::uint8_t { scalar, ssse3, avx2, gfni, neon };
std::string_view to_string(Kernel kernel) noexcept;
bool is_supported(Kernel kernel) noexcept;
Kernel best_kernel() noexcept;

// Computes parity and recovers data for any (k, m). Owner: one thread. Never allocates after
// construction. Shards are `shard_bytes` long, any length; they need no alignment. A shard that is written
// must overlap no other.
//
// Parity is a matrix product, or an additive FFT on the points 0 … k + m − 1 (which are a linear space) where
// that takes less: m falls into aligned parts by its binary digits, each of which is one forward transform.
class ReedSolomon {
 public:
  // A kernel that this CPU lacks is replaced by the best one.
  explicit ReedSolomon(Kernel kernel = best_kernel());
  ~ReedSolomon();
  ReedSolomon(ReedSolomon&&) noexcept;
  ReedSolomon& operator=(ReedSolomon&&) noexcept;

  // Writes parity.size() shards. False when k = 0, k + m > 255 (nothing is written then); m = 0 is fine.
  bool encode(std::span<const std::byte* const> data, std::span<std::byte* const> parity,
              std::size_t shard_bytes);

  // `shards`: k + m pointers, data first, none of them null that is present or data; `present[i]` says
  // whether shard i holds what was sent. Writes every missing data shard in place; missing parity stays as it
  // is. False when fewer than k are present or sizes disagree (nothing is written then). With all data
  // present it does nothing.
  bool recover(std::span<std::byte* const> shards, std::span<const bool> present, std::size_t data_shards,
               std::size_t shard_bytes);

 private:
  struct Tables;
  std::size_t encode_by_transform(std::span<const std::byte* const> data, std::span<std::byte* const> parity,
                                  std::size_t shard_bytes);

  std::unique_ptr<const Tables> tables_;
  std::vector<std::byte> work_;  // of the call in progress
};

}  // namespace lumen::fec
