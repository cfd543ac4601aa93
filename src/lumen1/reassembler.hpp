// lumen/lumen1: shards become access units again, in order. Sans-I/O. Owner: one thread (lm-recv).
//
// A frame is complete when it has as many shards as it has data shards (parity mends the rest).
// Frames are delivered in order; an incomplete frame holds back the ones behind it until a later frame is
// complete and `reorder_wait` has passed since, or until a frame kWindow after it appears; then it is lost.
// Complete frames wait for pop(), kSlots of them at most: call it after every push(). Memory of frames is
// bounded by `memory_budget`, whatever they claim to be; what they are mended in is up to 16 MiB more.
//
// With set_repeats() shards that parity cannot replace are asked for again: next_ask() names them once
// something of a later frame has come, or mark() has said that the frame has left. It insists every kInsist,
// and after each `interval` wants them sent once more. Frames then wait for `patience` instead of
// `reorder_wait`, unless so much is missing that a new picture is the better answer: more than
// kMostRepeatedFrames or kMostRepeatedShards, or a frame of more than kMaxRepeatedFrameBytes.
//
// Frame numbers count on for as long as the host's session lives; their low 32 bits are unwrapped to the
// number nearest to the newest seen. They may begin anywhere: the first frame seen, or one up to kWindow - 1
// before the newest that arrives before anything is delivered, is where delivery begins. Whether a
// decoder can begin there is for the receiver above to decide.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "fec/leopard.hpp"
#include "lumen1/frame_assembly.hpp"
#include "lumen1/messages.hpp"
#include "lumen1/wire.hpp"

namespace lumen::lumen1 {

struct ReassemblyStats {
  std::uint64_t frames_complete = 0, frames_lost = 0;
  std::uint64_t frames_repaired = 0, shards_repaired = 0;  // by parity
  // shards_received are all well-formed ones; duplicate and late (of no use any more, except parity of a
  // whole frame, which is surplus as it should be) are among them. invalid: malformed, or against the
  // geometry of their frame.
  std::uint64_t shards_received = 0, shards_duplicate = 0, shards_late = 0, shards_invalid = 0;
  std::uint64_t shards_refused = 0;  // of frames for which the budget had no memory
  std::uint64_t asks = 0, frames_asked = 0, frames_rescued = 0;  // shards again; rescued: delivered after it
};

// Both ends and what is between them will never come, except frames that pop() has already delivered when
// several losses were merged.
struct FrameLoss {
  FrameId first, last;
};

class Reassembler {
 public:
  struct Params {
    Duration reorder_wait = std::chrono::milliseconds{4};
    std::size_t memory_budget = std::size_t{256} << 20U;  // bytes
  };
  // `codec` outlives this.
  Reassembler(const fec::Leopard& codec, const Params& params);
  explicit Reassembler(const fec::Leopard& codec) : Reassembler(codec, Params{}) {}
  ~Reassembler();
  Reassembler(const Reassembler&) = delete;
  Reassembler& operator=(const Reassembler&) = delete;

  static constexpr std::size_t kMostRepeatedFrames = 8, kMostRepeatedShards = 64;
  static constexpr Duration kAskWait = std::chrono::milliseconds{2};  // it may only have been overtaken
  static constexpr Duration kInsist = std::chrono::milliseconds{2};   // the request may be lost, too
  struct Repeats {
    Duration interval{}, patience{};  // of attempts; no patience: nothing is asked for
  };
  void set_repeats(const Repeats& repeats) { repeats_ = repeats; }
  // While nothing can be decoded before an IDR, no frame before a whole IDR is waited for.
  void set_broken(bool broken) { broken_ = broken; }

  // One authentic video body; its header, or nullopt for a bad one, which is counted and dropped.
  std::optional<ShardHeader> push(ByteView body, Timestamp now);
  // All of the frame with these low 32 bits, and of all before it, has left the host.
  void mark(std::uint32_t frame, Timestamp now);
  // Shards to be asked for now. Call until nullopt after push(), mark() and at next_deadline().
  std::optional<AskShards> next_ask(Timestamp now);
  // Low 32 bits of the newest frame of which anything came; 0 before there was one.
  std::uint32_t newest() const { return started_ ? static_cast<std::uint32_t>(highest_) : 0; }
  // The next access unit in order, if it is there. Call until false after push() and at next_deadline().
  // `unit.bytes` is replaced (its capacity reused).
  bool pop(AccessUnit& unit, Timestamp now);
  // The same without a copy: `unit` gets all but its bytes, which are valid until the next push(), pop(),
  // pop_view() or reset().
  std::optional<ByteView> pop_view(AccessUnit& unit, Timestamp now);
  // Frames given up since the last call, if any. Asked after pop() and before the unit is used, it says
  // whether the unit's references are gone.
  std::optional<FrameLoss> take_loss();
  // When pop() may have something to say even without a new datagram; in the past when it has already.
  std::optional<Timestamp> next_deadline() const;
  // Forgets all frames, so that numbers may begin anywhere again: for a host that started anew. Keeps stats.
  void reset();
  const ReassemblyStats& stats() const { return stats_; }
  std::size_t memory_bytes() const;

 private:
  static constexpr std::size_t kWindow = 16, kSlots = 32;
  struct Waiting {
    std::uint64_t first;  // oldest whole frame
    Timestamp since;      // when the first of the whole ones became so
  };

  // What is known of a frame that should be whole by now.
  struct Late {
    bool known = false;
    std::uint64_t id = 0;
    Timestamp since, next_ask, next_attempt;
    std::uint8_t attempts = 0;
  };
  // What is missing before the oldest whole frame, or before the end of what is known to have left.
  struct Gap {
    std::uint64_t end = 0;
    bool can_be_repeated = false;
  };

  std::optional<std::uint64_t> unwrap(std::uint32_t wire) const;
  bool is_open(std::uint64_t id) const;
  bool is_whole(std::uint64_t id) const;
  void note_late(std::uint64_t first, std::uint64_t end, Timestamp now);
  const Late* late(std::uint64_t id) const;
  bool is_wanted(const Late& frame, const Gap& gap) const;
  std::uint64_t known_end() const { return std::max(highest_, marked_end_); }
  std::optional<Gap> gap() const;
  std::optional<Timestamp> gap_deadline() const;
  std::optional<std::uint64_t> whole_idr() const;
  bool is_worth_asking(std::uint64_t id) const;
  AskShards ask_for(const Late& frame) const;
  FrameAssembly& slot(std::uint64_t id);
  FrameAssembly* frame_of(const ShardHeader& header, Timestamp now);
  std::optional<FrameMemory> take_memory(std::size_t bytes);
  void keep_memory(FrameMemory memory);
  void close(FrameAssembly& frame, FrameAssembly::State how) { keep_memory(frame.close(how)); }
  bool admit(std::uint64_t id, Timestamp now);
  void count(FrameAdded added);
  void give_up_before(std::uint64_t end);
  void give_up_incomplete_before(std::uint64_t end);
  void find_waiting();
  std::optional<ByteView> deliver(FrameAssembly& frame, AccessUnit& unit);

  const fec::Leopard& codec_;
  Params params_;
  std::vector<FrameAssembly> frames_;  // frame i is in slot i % kSlots
  bool started_ = false;
  bool settled_ = false;            // something was delivered or lost: next_ only grows from now on
  std::uint64_t next_ = 0;          // the frame that pop() delivers next
  std::uint64_t highest_ = 0;       // newest frame seen
  std::optional<Waiting> waiting_;  // changes with frames, not with datagrams
  std::uint64_t marked_end_ = 0;    // frames before it are known to have left
  std::size_t typical_shards_ = 1;  // data shards of the frame seen last
  Repeats repeats_;
  bool broken_ = false;
  std::array<Late, kSlots> late_{};  // frame i is in slot i % kSlots
  FrameMemory lent_;                 // what pop_view() gave out
  std::vector<FrameMemory> spare_;
  std::size_t memory_ = 0;  // capacities of all FrameMemory there is
  MendMemory mending_;
  std::optional<FrameLoss> loss_;
  ReassemblyStats stats_;
};

}  // namespace lumen::lumen1
