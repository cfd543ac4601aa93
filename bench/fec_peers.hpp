// bench: what a benchmark has to know of an erasure code, ours or a peer's. A coder owns the shards of one
// block and all memory it needs, so that only coding is measured.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace lumen::bench {

struct Shape {
  std::size_t data = 0, parity = 0, shard_bytes = 0;
  std::size_t total() const { return data + parity; }
};

// Which shards of a block are missing.
class Losses {
 public:
  // `lost`: shard numbers, data first.
  Losses(const Shape& shape, std::span<const std::size_t> lost);
  std::span<const bool> present() const { return {present_.get(), total_}; }
  const std::vector<std::size_t>& lost_data() const { return lost_data_; }
  // The first received parity shards that make up for the lost data, counted from 0.
  const std::vector<std::size_t>& used_parity() const { return used_parity_; }

 private:
  std::size_t total_;
  std::unique_ptr<bool[]> present_;
  std::vector<std::size_t> lost_data_, used_parity_;
};

// The shards of one block in one piece, each at a multiple of 64 bytes: what every code likes best.
class Shards {
 public:
  explicit Shards(const Shape& shape);
  const Shape& shape() const { return shape_; }
  std::span<std::byte* const> all() const { return pointers_; }
  std::span<std::byte* const> data() const { return all().first(shape_.data); }
  std::span<std::byte* const> parity() const { return all().subspan(shape_.data); }
  std::span<const std::byte* const> const_data() const {
    return std::span{const_pointers_}.first(shape_.data);
  }

 private:
  Shape shape_;
  std::vector<std::byte> memory_;
  std::vector<std::byte*> pointers_;
  std::vector<const std::byte*> const_pointers_;
};

// Owner: one thread.
class Coder {
 public:
  explicit Coder(const Shape& shape) : shards_{shape} {}
  virtual ~Coder() = default;
  Coder(const Coder&) = delete;
  Coder& operator=(const Coder&) = delete;

  // Writes the parity shards.
  virtual bool encode() = 0;
  // Computes the lost data shards. What lies in their places is not used. May be called again at once; a
  // peer that destroys parity while it recovers then computes something else in the same time.
  virtual bool recover(const Losses& losses) = 0;
  // Where recover() has left a data shard that was lost.
  virtual const std::byte* recovered(std::size_t shard) const { return shards_.all()[shard]; }

  const Shards& shards() const { return shards_; }
  const Shape& shape() const { return shards_.shape(); }

 private:
  Shards shards_;
};

struct Codec {
  std::string name, level;  // level: its SIMD instruction set
  std::size_t max_shards = 255, max_block_data = 212;
  std::size_t frame_shard_bytes = 1408;
  bool has_frames = true;    // whether frames are measured, or single blocks only
  bool is_for_show = false;  // a lesser level: only where all levels are shown
  std::function<std::unique_ptr<Coder>(const Shape&)> create;
};

// Each appends what this CPU can run.
void add_lumen(std::vector<Codec>& codecs);
void add_isal(std::vector<Codec>& codecs);
void add_cm256(std::vector<Codec>& codecs);
void add_leopard(std::vector<Codec>& codecs);      // with LUMEN_LEOPARD_DIR
void add_nanors(std::vector<Codec>& codecs);       // with LUMEN_NANORS_DIR
void add_nanors_avx2(std::vector<Codec>& codecs);  // the same

}  // namespace lumen::bench
