// lumen/lumen1: the shards of one frame until they are the frame. Part of the reassembler; sans-I/O.
//
// A block is whole once it has as many shards as it has data shards; then missing data is computed from
// parity at once and everything more of it is surplus. So at most data_shards parity shards of a block are
// ever kept, and only while they may be needed: memory is at most twice the frame. Buffers are reused.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <vector>

#include "fec/reed_solomon.hpp"
#include "lumen1/wire.hpp"

namespace lumen::lumen1 {

enum class FrameAdded : std::uint8_t {
  stored,
  surplus,    // parity that nobody needs any more
  duplicate,  // has come before
  late,       // data already computed, or the frame is lost
  invalid,    // disagrees with the frame's first shard
};

class FrameAssembly {
 public:
  enum class State : std::uint8_t { unused, open, whole, delivered, lost };

  // Begins a frame with the geometry of `header`. Whatever was here before is gone.
  void open(std::uint64_t id, const ShardHeader& header, Timestamp now);
  // `shard` is header.shard_bytes long. Also after delivery or loss, to tell what it is.
  FrameAdded add(const ShardHeader& header, ByteView shard, Timestamp now, fec::ReedSolomon& codec);
  void close(State how) { state_ = how; }

  std::uint64_t id() const { return id_; }
  State state() const { return state_; }
  Timestamp received() const { return received_; }
  Timestamp complete() const { return complete_; }
  // Presented → sealed, of the earliest sealed shard that came.
  Duration age() const { return std::chrono::microseconds{age_us_}; }
  std::size_t repaired_shards() const { return repaired_; }
  // Frame header and access unit; when whole.
  ByteView content() const { return {memory_.get(), frame_bytes_}; }
  std::size_t capacity_bytes() const { return capacity_ + parity_.capacity(); }

 private:
  struct Block {
    std::bitset<fec::kMaxShards> present;
    std::uint8_t data = 0, parity = 0;  // data is 0 until the first shard of the block
    std::uint8_t stored = 0, stored_data = 0;
  };
  struct ParityShard {
    std::uint8_t block = 0, shard = 0;
  };

  bool agrees(const ShardHeader& header) const;
  void fit_memory();
  void store(const ShardHeader& header, Block& block, ByteView shard);
  std::byte* new_parity_shard(const ShardHeader& header);
  bool mend(std::size_t index, fec::ReedSolomon& codec);
  std::byte* data_shard(std::size_t block, std::size_t shard) const;

  State state_ = State::unused;
  std::uint64_t id_ = 0;
  std::uint32_t frame_bytes_ = 0, age_us_ = 0;
  std::size_t shard_bytes_ = 0, data_shards_ = 0, blocks_ = 0, whole_blocks_ = 0, repaired_ = 0;
  Timestamp received_, complete_;
  std::array<Block, kMaxBlocks> block_{};
  // All data shards in order, then one shard that stands for missing parity. Not initialised: every byte is
  // written before it is read.
  std::unique_ptr<std::byte[]> memory_;
  std::size_t capacity_ = 0;
  std::vector<std::byte> parity_;  // shard i is described by parity_shards_[i]
  std::vector<ParityShard> parity_shards_;
};

}  // namespace lumen::lumen1
