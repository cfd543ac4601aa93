// lumen/fec: Leopard's Reed–Solomon codes, over GF(2⁸) for small blocks and over GF(2¹⁶) for up to 65 536
// shards. Systematic and MDS: any k of the k + m shards give all back. Byte-compatible with catid/leopard.
//
// With M = next_pow2(m) the code lives on n = next_pow2(M + k) points. Symbols are coordinates in a Cantor
// basis; parity row j, data column i is (1 + ⌊i/M⌋) / ((M + i) ⊕ j) in the field. A symbol of GF(2¹⁶) is
// split: each 64 bytes of a shard hold 32 low bytes and then 32 high ones; a last group of t < 64 bytes holds
// t/2 and t/2. Because the points form a linear space, encoding is an additive FFT (Lin, Chung, Han 2014;
// Lin, Al-Naffouri, Han, Chung 2016): O(log M) products a shard instead of m.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "fec/reed_solomon.hpp"

namespace lumen::fec {

// Ends must agree on it: parity over one field is no parity over the other. The numbers are lumen/1's.
enum class LeopardField : std::uint8_t { gf8 = 1, gf16 = 2 };

inline constexpr std::size_t kLeopardMaxPoints = 65536;

// n of the code for k data and m parity shards (m = 0: no code, k). k and m at most kLeopardMaxPoints.
std::size_t leopard_points(std::size_t data_shards, std::size_t parity_shards) noexcept;
// The cheaper field that has room; nullopt when neither has, or k = 0.
std::optional<LeopardField> leopard_field(std::size_t data_shards, std::size_t parity_shards) noexcept;

// Tables and kernels; const and so usable from any number of threads at once, each with work memory of its
// own. Never allocates after construction. Shards need no alignment; one that is written overlaps no other.
class Leopard {
 public:
  // Serves blocks of up to `max_points` points; the tables of GF(2¹⁶) grow with it, to some megabytes. A
  // kernel that this CPU lacks is replaced by the best one.
  explicit Leopard(Kernel kernel = best_kernel(), std::size_t max_points = kLeopardMaxPoints);
  ~Leopard();
  Leopard(Leopard&&) noexcept;
  Leopard& operator=(Leopard&&) noexcept;

  // Work memory that encode() and recover() of such a block want, whatever is lost and however long its
  // shards are. Less than 15 MiB. Needs no alignment.
  static std::size_t work_bytes(std::size_t data_shards, std::size_t parity_shards) noexcept;

  // Whether encode() takes such a block.
  bool is_possible(LeopardField field, std::size_t data_shards, std::size_t parity_shards,
                   std::size_t shard_bytes) const noexcept;

  // Writes parity.size() shards of `shard_bytes`: any length for gf8, an even one for gf16. False when it is
  // not possible or `work` too small (nothing is written then); m = 0 is fine.
  bool encode(LeopardField field, std::span<const std::byte* const> data, std::span<std::byte* const> parity,
              std::size_t shard_bytes, std::span<std::byte> work) const;

  // `shards`: k + m pointers, data first; `present[i]` says whether shard i holds what was sent. Pointers of
  // missing parity are never followed. Writes every missing data shard in place. False when fewer than k are
  // present, sizes disagree or `work` is too small (nothing is written then). With all data present it does
  // nothing.
  bool recover(LeopardField field, std::span<std::byte* const> shards, std::span<const bool> present,
               std::size_t data_shards, std::size_t shard_bytes, std::span<std::byte> work) const;

 private:
  struct Tables;
  std::size_t max_points_;
  std::unique_ptr<const Tables> tables_;
};

}  // namespace lumen::fec
