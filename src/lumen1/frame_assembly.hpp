// lumen/lumen1: the shards of one frame until they are the frame. Part of the reassembler; sans-I/O.
//
// A frame is whole once it has as many shards as it has data shards; then missing data is computed from
// parity at once and everything more of it is surplus. So no more than data_shards shards are ever kept.
// The memory for them is reserved for the whole frame but never touched before a shard is there to fill it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "fec/leopard.hpp"
#include "lumen1/wire.hpp"

namespace lumen::lumen1 {

enum class FrameAdded : std::uint8_t {
  stored,
  surplus,    // parity that nobody needs any more, or that our codec cannot use
  duplicate,  // has come before
  late,       // data already computed, or the frame is lost
  invalid,    // disagrees with the frame's first shard
};

// Bytes of one frame, reused by others. Not initialised: every byte is written before it is read.
struct FrameMemory {
  std::unique_ptr<std::byte[]> bytes;
  std::size_t capacity = 0;
};

// What mending a frame needs, of all frames together: grows with the largest that was mended.
struct MendMemory {
  std::vector<std::byte> work;
  std::vector<std::byte*> shards;
  std::unique_ptr<bool[]> present;
  std::size_t present_capacity = 0;
  std::size_t capacity_bytes() const {
    return work.capacity() + shards.capacity() * sizeof(std::byte*) + present_capacity;
  }
};

class FrameAssembly {
 public:
  enum class State : std::uint8_t { unused, open, whole, delivered, lost };

  // What open() wants to have for such a frame.
  static std::size_t memory_for(const ShardHeader& header);
  // Begins a frame with the geometry of `header`. Whatever was here before is gone.
  void open(std::uint64_t id, const ShardHeader& header, FrameMemory&& memory, const fec::Leopard& codec,
            Timestamp now);
  // `shard` is header.shard_bytes long. Also after delivery or loss, to tell what it is.
  FrameAdded add(const ShardHeader& header, ByteView shard, Timestamp now, const fec::Leopard& codec,
                 MendMemory& mending);
  // Ends it and gives its memory back; whether shards have come before is still known.
  FrameMemory close(State how);

  std::uint64_t id() const { return id_; }
  State state() const { return state_; }
  Timestamp received() const { return received_; }
  Timestamp complete() const { return complete_; }
  // Presented → sealed, of the earliest sealed shard that came.
  Duration age() const { return std::chrono::microseconds{age_us_}; }
  std::size_t repaired_shards() const { return repaired_; }
  const ShardHeader& geometry() const { return header_; }
  // Shards that an open frame still needs.
  std::size_t needed_shards() const { return data_shards_ - stored_; }
  bool has_shard(std::size_t shard) const { return is_present(shard); }
  // Frame header and access unit; when whole.
  ByteView content() const { return {memory_.bytes.get(), header_.frame_bytes}; }
  // It begins with the frame header; empty: it has not come.
  ByteView first_shard() const {
    return is_present(0) ? content().first(std::min<std::size_t>(header_.shard_bytes, header_.frame_bytes))
                         : ByteView{};
  }
  // Without the memory that open() was given.
  std::size_t capacity_bytes() const {
    return present_.capacity() * sizeof(std::uint64_t) + parity_.capacity() * sizeof(std::uint16_t);
  }

 private:
  bool agrees(const ShardHeader& header) const;
  bool mark_present(std::size_t shard);
  bool is_present(std::size_t shard) const { return (present_[shard / 64] >> (shard % 64) & 1U) != 0; }
  std::byte* place(std::size_t index) const { return memory_.bytes.get() + index * header_.shard_bytes; }
  void store(std::size_t shard, ByteView bytes);
  bool mend(const fec::Leopard& codec, MendMemory& mending);

  State state_ = State::unused;
  bool mendable_ = false;
  std::uint64_t id_ = 0;
  ShardHeader header_;  // of the first shard
  std::uint32_t age_us_ = 0;
  std::size_t data_shards_ = 0, stored_ = 0, repaired_ = 0;
  Timestamp received_, complete_;
  std::vector<std::uint64_t> present_;  // a bit for each shard
  FrameMemory memory_;                  // data shards in order, then parity as it came
  std::vector<std::uint16_t> parity_;   // which parity shard lies in which place behind the data
};

}  // namespace lumen::lumen1
