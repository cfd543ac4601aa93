// lumen/fec: the Reed–Solomon code of GameStream audio: 4 data and 2 parity shards over GF(2⁸), polynomial
// 0x11D. Systematic and MDS. Shard i is the value of a polynomial of degree 3 at the point 0, 1, 2, 4 (data),
// 8, 16 (parity), so that any four shards give the other two by interpolation.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "fec/reed_solomon.hpp"

namespace lumen::fec {

inline constexpr std::size_t kAudioDataShards = 4, kAudioParityShards = 2;
inline constexpr std::size_t kAudioShards = kAudioDataShards + kAudioParityShards;

// Const and so usable from any number of threads at once. Never allocates after construction. Shards are
// `shard_bytes` long, any length; one that is written overlaps no other.
class AudioCode {
 public:
  // A kernel that this CPU lacks is replaced by the best one.
  explicit AudioCode(Kernel kernel = best_kernel());
  ~AudioCode();
  AudioCode(AudioCode&&) noexcept;
  AudioCode& operator=(AudioCode&&) noexcept;

  void encode(std::span<const std::byte* const, kAudioDataShards> data,
              std::span<std::byte* const, kAudioParityShards> parity, std::size_t shard_bytes) const;
  // Data first. Writes every missing data shard in place; missing parity stays as it is. False when fewer
  // than four are present (nothing is written then).
  bool recover(std::span<std::byte* const, kAudioShards> shards, std::span<const bool, kAudioShards> present,
               std::size_t shard_bytes) const;

 private:
  struct Tables;
  std::unique_ptr<const Tables> tables_;
};

}  // namespace lumen::fec
