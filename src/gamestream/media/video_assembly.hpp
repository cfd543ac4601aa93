// gamestream/media, internal: one frame of a video stream while its shards come.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "fec/reed_solomon.hpp"
#include "gamestream/control/messages.hpp"
#include "gamestream/media/block_arrivals.hpp"
#include "gamestream/media/video_wire.hpp"

namespace lumen::gamestream {

// Lends memory for blocks; what comes back is lent again. Never more than `budget` at once.
class BlockMemory {
 public:
  using Buffer = std::vector<std::byte>;
  explicit BlockMemory(std::size_t budget_bytes) : budget_{budget_bytes} { spare_.reserve(kMaxSpare); }
  std::optional<Buffer> take(std::size_t bytes);  // at least so many
  void give_back(Buffer buffer);
  std::size_t bytes() const { return total_; }

 private:
  static constexpr std::size_t kMaxSpare = 8;
  std::size_t budget_, total_ = 0;
  std::vector<Buffer> spare_;
};

enum class ShardFate : std::uint8_t {
  stored,
  completed,  // and the block is whole, by its data alone
  repaired,   // and the block is whole, by parity
  broken,     // and the block was rebuilt to nonsense: parity was made for another number of shards
  surplus,    // of a block that is whole
  duplicate,
  disagreeing,  // with what came before of its block
  refused,      // there is no memory
};

// Shards are kept from the NV header on: that is what the code covers.
class VideoBlock {
 public:
  // `coded` is at most `stride` bytes: the shard from its NV header on. The same `stride` for all.
  ShardFate add(const ShardHeader& header, ByteView coded, std::size_t stride, Timestamp now,
                BlockMemory& memory, fec::ReedSolomon& code);
  void overtaken(Timestamp now) { arrivals_.overtaken(now); }
  void reset(BlockMemory& memory);

  const BlockArrivals& arrivals() const { return arrivals_; }
  bool is_whole() const { return whole_; }
  // Of a whole block.
  ByteView payload(std::size_t shard) const;
  bool is_long_term_reference() const;
  // As a stock client would say it of frame and block. Asked when parity was needed, or not enough came.
  control::FrameFecStatus status(std::uint32_t frame, std::uint8_t block, std::uint8_t last_block) const;

 private:
  MutableBytes slot(std::size_t shard) { return MutableBytes{memory_}.subspan(shard * stride_, stride_); }
  bool begin(const ShardHeader& header, std::size_t stride, Timestamp now, BlockMemory& memory);
  bool agrees(const ShardHeader& header) const;
  void store(std::size_t shard, ByteView coded);
  bool rebuild(fec::ReedSolomon& code);
  bool is_sound(std::size_t shard) const;

  BlockArrivals arrivals_;
  bool whole_ = false;
  std::uint8_t percent_ = 0;
  std::uint16_t base_sequence_ = 0;
  std::size_t stride_ = 0;
  BlockMemory::Buffer memory_;
  std::array<std::uint16_t, kMaxBlockDataShards> bytes_{};  // that came of each data shard
};

class VideoFrameAssembly {
 public:
  ShardFate add(const ShardHeader& header, ByteView coded, std::size_t stride, Timestamp now,
                BlockMemory& memory, fec::ReedSolomon& code);
  // Something that was sent behind the frame has come.
  void overtaken(Timestamp now);
  void reset(BlockMemory& memory);

  bool is_begun() const { return begun_; }
  bool is_whole() const { return begun_ && whole_blocks_ == last_block_ + 1U; }
  // Nothing that may still come can make it whole.
  bool is_broken() const { return broken_; }
  // It waits for what was overtaken, since then.
  std::optional<Timestamp> short_since() const;
  std::span<const VideoBlock> blocks() const { return std::span{blocks_}.first(last_block_ + 1U); }
  RtpTicks time() const { return time_; }
  Timestamp first_received() const { return first_received_; }
  Timestamp complete() const { return complete_; }  // of a whole one

 private:
  std::array<VideoBlock, kMaxBlocks> blocks_;
  bool begun_ = false, broken_ = false;
  std::uint8_t last_block_ = 0;
  std::size_t whole_blocks_ = 0;
  RtpTicks time_{};
  Timestamp first_received_, complete_;
};

}  // namespace lumen::gamestream
