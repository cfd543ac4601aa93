// lumen/lumen1: shards become access units again, in order. Sans-I/O. Owner: one thread (lm-recv).
//
// At most kWindow frames are open at once. A frame is complete when each block has as many shards as it has
// data shards (parity mends the rest). Frames are delivered in order; an incomplete frame holds back the ones
// behind it until a later frame is complete and `reorder_wait` has passed since, then it is lost. A frame
// beyond the window drops the oldest ones. Memory is bounded by kWindow · the largest frame seen, itself
// bounded by kMaxFrameBytes.
#pragma once

#include <array>
#include <bitset>
#include <memory>
#include <optional>
#include <vector>

#include "fec/reed_solomon.hpp"
#include "lumen1/wire.hpp"

namespace lumen::lumen1 {

struct ReassemblyStats {
  std::uint64_t frames_complete = 0, frames_lost = 0;
  std::uint64_t frames_repaired = 0, shards_repaired = 0;  // by parity
  std::uint64_t shards_received = 0, shards_duplicate = 0, shards_late = 0, shards_invalid = 0;
};

struct FrameLoss {
  FrameId first, last;  // these frames will never come
};

class Reassembler {
 public:
  struct Params {
    Duration reorder_wait = std::chrono::milliseconds{4};
    fec::Kernel kernel = fec::best_kernel();
  };
  explicit Reassembler(const Params& params);
  Reassembler() : Reassembler(Params{}) {}
  ~Reassembler();
  Reassembler(const Reassembler&) = delete;
  Reassembler& operator=(const Reassembler&) = delete;

  // One authentic video body. Bad ones are counted and dropped.
  void push(ByteView body, Timestamp now);
  // The next access unit in order, if it is there. Call until nullopt after push() and at next_deadline().
  // `unit.bytes` is replaced (its capacity reused).
  bool pop(AccessUnit& unit, Timestamp now);
  // Frames given up since the last call, if any.
  std::optional<FrameLoss> take_loss();
  // When pop() may have something to say even without a new datagram.
  std::optional<Timestamp> next_deadline() const;
  const ReassemblyStats& stats() const { return stats_; }

 private:
  static constexpr std::size_t kWindow = 16;
  struct Frame;
  std::unique_ptr<Frame> make_frame();
  std::array<std::unique_ptr<Frame>, kWindow> frames_;
  Params params_;
  fec::ReedSolomon codec_;
  bool started_ = false;
  std::uint64_t next_ = 0;     // the frame that pop() delivers next
  std::uint64_t highest_ = 0;  // newest frame seen
  std::optional<FrameLoss> loss_;
  ReassemblyStats stats_;
};

}  // namespace lumen::lumen1
