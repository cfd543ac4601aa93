// gamestream/media: datagrams of GameStream video become access units again, in order (GameStream part 2,
// sections 4 to 8 and 11). Sans-I/O. Owner: one thread. Allocates only while frames grow.
//
// A block is whole as soon as as many of its shards are there as it has data shards; parity mends the rest.
// Frames are delivered in order. A frame is given up when it can only become whole by datagrams that others
// have overtaken, and none of these comes within `reorder_wait`. (Stock clients wait for nothing, and take a
// frame that was only reordered for lost.) What a datagram claims is believed only as far as the rest of its
// block agrees. Memory is bounded by `memory_budget` whatever datagrams claim.
//
// A stream's frames count from 1. Should they come from far away for a while, as after a forged datagram, the
// stream begins anew there.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "crypto/aead.hpp"
#include "gamestream/control/messages.hpp"
#include "gamestream/media/video_assembly.hpp"

namespace lumen::gamestream {

struct VideoReassemblerParams {
  VideoFormat format = VideoFormat::h264;
  std::size_t packet_size = 1024;  // as announced to the host
  Duration reorder_wait = std::chrono::milliseconds{4};
  std::size_t memory_budget = std::size_t{64} << 20U;  // bytes
};

struct ReceivedFrame {
  FrameId frame;  // counts from 1
  FrameType type = FrameType::predicted;
  bool long_term_reference = false;
  RtpTicks time{};          // 90 kHz; zero: not told
  Duration host_latency{};  // zero: unknown
  std::vector<std::byte> bytes;
  Timestamp received, complete;  // first datagram, last needed datagram
};

// Both ends and what is between them will never come.
struct LostFrames {
  FrameId first, last;
  bool operator==(const LostFrames&) const = default;
};

struct VideoReassemblyStats {
  std::uint64_t frames = 0, frames_lost = 0, frames_repaired = 0;
  std::uint64_t shards_repaired = 0;
  // All datagrams; all but the first two kinds were dropped.
  std::uint64_t datagrams = 0, surplus = 0, duplicate = 0;  // surplus: parity that was not needed
  std::uint64_t late = 0;                                   // of frames that were delivered or lost
  std::uint64_t invalid = 0;                                // malformed, or against the rest of its block
  std::uint64_t forged = 0;                                 // not of this key
  std::uint64_t refused = 0;                                // the budget had no memory
};

class VideoReassembler {
 public:
  // `key`: 16 bytes, or empty for plain datagrams. Fails with `video.packet-size` as
  // VideoPacketizer::create() does, and as crypto::Aead::create().
  static Result<VideoReassembler> create(const VideoReassemblerParams& params, ByteView key);

  // One datagram, decrypted in place. Bad ones are counted and dropped.
  void push(MutableBytes datagram, Timestamp now);
  // The next frame in order, if it is there. Call until false after push() and at next_deadline().
  // `frame.bytes` is replaced, its capacity reused.
  bool pop(ReceivedFrame& frame, Timestamp now);
  // Frames given up since the last call. Asked after pop() and before its frame is used, it says whether that
  // one's references are gone.
  std::optional<LostFrames> take_loss();
  // For the host: blocks that needed parity or were lost. The oldest is forgotten when many wait.
  std::optional<control::FrameFecStatus> take_status();
  // When pop() may give something up even without a datagram.
  std::optional<Timestamp> next_deadline() const;

  const VideoReassemblyStats& stats() const { return stats_; }
  std::size_t memory_bytes() const { return memory_.bytes(); }

 private:
  static constexpr std::size_t kWindow = 16, kMaxStatuses = 8;

  VideoReassembler(const VideoReassemblerParams& params, std::optional<crypto::Aead> cipher);
  VideoFrameAssembly& assembly(std::uint64_t id) { return frames_[id % kWindow]; }
  const VideoFrameAssembly& assembly(std::uint64_t id) const { return frames_[id % kWindow]; }
  std::optional<ByteView> open(MutableBytes datagram);
  std::int64_t distance(std::uint32_t frame) const;
  bool admit(std::uint32_t frame, std::uint64_t& id);
  bool is_well_formed(const ParsedShard& shard, std::size_t coded_bytes) const;
  void add(std::uint64_t id, const ParsedShard& shard, ByteView coded, Timestamp now);
  void count(ShardFate fate);
  void report(std::uint64_t id, std::uint8_t block);
  bool is_overdue(Timestamp now) const;
  bool collect(ReceivedFrame& frame);
  bool cut(std::size_t used, std::size_t last_bytes, std::vector<std::byte>& unit) const;
  void make_room(std::uint64_t id);
  void lose_next();
  void advance();
  void restart_at(std::uint64_t id);

  VideoReassemblerParams params_;
  std::optional<crypto::Aead> cipher_;
  fec::ReedSolomon code_;
  BlockMemory memory_;
  std::vector<VideoFrameAssembly> frames_;  // frame i is in place i % kWindow
  std::uint64_t next_ = 1;                  // the frame that pop() delivers next
  std::size_t strangers_ = 0;               // datagrams from far away, in a row
  std::optional<LostFrames> loss_;
  std::array<control::FrameFecStatus, kMaxStatuses> statuses_;
  std::size_t first_status_ = 0, status_count_ = 0;
  VideoReassemblyStats stats_;
};

}  // namespace lumen::gamestream
