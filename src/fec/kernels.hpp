// lumen/fec: what the kernels of each instruction set do, and the forms in which they are told. Internal to
// the module. Every shard is cut into strips of one or a few vectors; a whole transform is done for a strip
// before the next one, in scratch memory that stays in the first-level cache, so that shards are read once
// and written once however deep the transform is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "fec/reed_solomon.hpp"

namespace lumen::fec {

// A product by a constant is linear over GF(2): a bit matrix, or look-ups of its four-bit pieces.
//
// Bit matrix as GFNI takes it: byte 7 − i holds the mask of input bits that make up output bit i.
struct BitFactor8 {
  std::uint64_t matrix = 0;
};
struct BitFactor16 {  // low' = ll·low ^ lh·high, high' = hl·low ^ hh·high
  std::uint64_t ll = 0, lh = 0, hl = 0, hh = 0;
};
// of[n][x] = c · (x << 4·n); of GF(2¹⁶) the low and the high byte of it.
struct alignas(32) NibbleFactor8 {
  std::array<std::array<std::uint8_t, 16>, 2> of{};
};
struct alignas(32) NibbleFactor16 {
  std::array<std::array<std::uint8_t, 16>, 4> to_low{}, to_high{};
};

// Factors of one field in one of these forms. `factors`, by constant: of GF(2⁸) 256 of them; of GF(2¹⁶) 256
// by the constant's low byte, then 256 by its high byte, whose sum is the factor.
// `layers[d]`: what a butterfly of layer d multiplies by, index: first point of its block >> (d + 1).
struct FieldTables {
  const void* factors = nullptr;
  std::array<const void*, 16> layers{};
};

// A matrix over the field times shards: outputs[r] = XOR over c of matrix[c][r] · inputs[c].
struct MatrixProduct {
  const void* factors = nullptr;         // FieldTables::factors
  const std::uint8_t* matrix = nullptr;  // column by column: the entries of one input lie together
  std::size_t column_stride = 0;
  std::span<const std::byte* const> inputs;
  std::span<std::byte* const> outputs;  // overlap neither each other nor an input
  std::size_t bytes = 0;

  const std::uint8_t* column(std::size_t input, std::size_t first_row) const {
    return matrix + input * column_stride + first_row;
  }
};

// An aligned part of the parity points that one forward transform makes: rows [first, first + 2^log_size).
struct Chunk {
  std::size_t first = 0;
  unsigned log_size = 0;
  const std::uint16_t* scale = nullptr;  // constants of blocks of that size by index; null: all are 1
};

// Missing data from syndromes: lost[t] = XOR over r of matrix[t · rows + r] · (parity used ^ what the data
// that is present makes of it).
struct SyndromeProduct {
  const std::byte* const* received = nullptr;  // by parity row; null: not used
  const std::uint16_t* index = nullptr;        // by parity row: which of the rows used
  const std::uint16_t* matrix = nullptr;
  std::span<std::byte* const> lost;  // as many as rows are used
  std::byte* kept = nullptr;         // room for lost² factors; null: they are made on the way
};

// Parity by additive FFT (or what recovery makes of it).
struct Transform {
  const FieldTables* tables = nullptr;
  std::size_t first_point = 0;               // of inputs[0]
  std::span<const std::byte* const> inputs;  // null: a shard of zeros
  std::span<const Chunk> chunks;             // smallest first
  std::size_t rows = 0;                      // parity rows wanted: [0, rows)
  std::byte* const* outputs = nullptr;       // by row, when `syndromes` is null
  const SyndromeProduct* syndromes = nullptr;
  std::size_t shard_bytes = 0;
  std::byte* work = nullptr;
};

// A matrix over GF(2¹⁶) or GF(2⁸) with few rows: outputs[r] = XOR over c of matrix[r · inputs + c] ·
// inputs[c].
struct FewRows {
  const FieldTables* tables = nullptr;
  const std::uint16_t* matrix = nullptr;
  std::span<const std::byte* const> inputs;
  std::span<std::byte* const> outputs;
  std::size_t shard_bytes = 0;
  std::byte* kept = nullptr;  // room for a factor for each constant; null: they are made on the way
};

// Recovery whatever is lost: the transform of all points, each received shard multiplied by its locator.
struct FullRecovery {
  const FieldTables* tables = nullptr;
  unsigned log_points = 0;
  std::size_t points = 0;                      // the rest is zero
  const std::byte* const* received = nullptr;  // by point; null: missing, or zero
  const std::uint16_t* scale = nullptr;        // by point
  std::span<std::byte* const> lost;            // in the order of their points
  const std::uint32_t* lost_points = nullptr;
  const std::uint16_t* lost_scale = nullptr;
  std::size_t shard_bytes = 0;
  std::byte* work = nullptr;
};

struct FieldKernels {
  std::size_t scratch_bytes = 0, factor_bytes = 0;  // of one strip of one shard; of one factor
  void (*transform)(const Transform&) = nullptr;
  void (*few_rows)(const FewRows&) = nullptr;
  void (*full_recovery)(const FullRecovery&) = nullptr;
};

// What transforms over GF(2⁸) cost, for each shard read, in tenths of one product of a whole matrix:
// measured.
struct TransformCosts {
  std::size_t first = 0, layer = 0, more_chunks = 0, tiny_chunk = 0;
  std::size_t syndrome = 0;  // of a product of syndromes, not for each shard read
  std::size_t constant = 0;  // of making a constant of a matrix for recovery
  std::size_t full = 0;      // of recovery in full, for each point, in tenths of a transform of all points

  // No transform is cheaper than a matrix of so few rows.
  bool rules_out(std::size_t rows) const { return 10 * rows <= first; }
  std::size_t of_matrix(std::size_t data_shards, std::size_t lost) const {
    return (10 + constant) * data_shards * lost;
  }
  // Of a transform with these chunks.
  std::size_t of(std::span<const Chunk> chunks) const {
    auto cost = first + layer * chunks.back().log_size + more_chunks * (chunks.size() - 1);
    for (const auto& chunk : chunks) cost += chunk.log_size < 2 ? tiny_chunk : 0;
    return cost;
  }
};

struct Kernels {
  bool bit_factors = false;
  TransformCosts costs8;
  void (*multiply)(const MatrixProduct&) = nullptr;
  // The sum of shards, which is their exclusive or.
  void (*sum)(std::span<const std::byte* const> inputs, std::byte* output, std::size_t bytes) = nullptr;
  // Walsh–Hadamard transform modulo 2^bits − 1 of `size` numbers below it, a power of two.
  void (*walsh)(std::uint32_t* values, std::size_t size, std::uint32_t order) = nullptr;
  FieldKernels gf8, gf16;
};

// Work memory is aligned to this and each region in it, too.
inline constexpr std::size_t kWorkAlignment = 64;

const Kernels& kernels_of(Kernel kernel) noexcept;  // must be supported
const Kernels& scalar_kernels() noexcept;
#if defined(__x86_64__)
const Kernels& ssse3_kernels() noexcept;
const Kernels& avx2_kernels() noexcept;
const Kernels& gfni_kernels() noexcept;
#elif defined(__aarch64__)
const Kernels& neon_kernels() noexcept;
#endif

}  // namespace lumen::fec
