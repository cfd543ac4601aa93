// lumen/simulation: what a client makes of the frames that arrive: their order, which are given up, which can
// be decoded, when the picture stands still, when recovery is asked for. In virtual time.
//
// Order as in lumen1/reassembler.hpp: an incomplete frame holds back those behind it until one of them is
// complete and `reorder_wait` has passed. A frame can be decoded when it is an entry (an IDR, or one that
// refers to nothing the client has not), or when the one before it could. A stall is the time by which the
// next picture is late, when that is more than half a frame interval.
//
// Owner: one thread. Thread-safe: no.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "base/histogram.hpp"
#include "base/units.hpp"
#include "flow/recovery.hpp"

namespace lumen::simulation {

struct PlaybackStats {
  std::uint64_t frames_lost = 0;         // given up
  std::uint64_t frames_undecodable = 0;  // arrived, but refer to what was lost
  std::uint64_t frames_shown = 0;
  std::uint64_t asks = 0;
  LatencyHistogram stalls;
  Duration stalled{};
};

struct ArrivedFrame {
  FrameId id;
  bool is_entry = false;
  Timestamp complete;
};

struct Ask {
  Timestamp at;
  FrameId broken;
};

class Playback {
 public:
  struct Params {
    Duration interval = std::chrono::microseconds{16'667};  // between frames
    Duration reorder_wait = std::chrono::milliseconds{4};
    std::optional<Duration> ask_again;  // after about a round trip; nullopt: never asks
  };
  explicit Playback(const Params& params);

  // A frame that is or will be complete, not before the time of the last advance().
  void arrives(const ArrivedFrame& frame);
  // Lives through everything until `now`.
  void advance(Timestamp now);
  // No frame from `end` on will come, which would have been due at `due`: those before it that have not are
  // lost, and a stall ends here.
  void end_at(FrameId end, Timestamp due);
  // Asks since the last call, in order of time.
  std::optional<Ask> take_ask();

  const PlaybackStats& stats() const { return stats_; }
  std::size_t queued() const { return coming_.size() + held_.size() + asks_.size(); }
  std::uint64_t digest() const { return digest_; }

 private:
  void receive(const ArrivedFrame& frame);
  void deliver_held(Timestamp now);
  void give_up_before(FrameId end);
  void note_stall(Timestamp now);
  void show(const ArrivedFrame& frame, Timestamp now);
  void ask(Timestamp now);
  std::optional<Timestamp> deadline() const;

  Params params_;
  std::deque<ArrivedFrame> coming_;  // by time
  std::vector<ArrivedFrame> held_;   // by number, all newer than next_
  FrameId next_{};
  bool is_intact_ = false;  // the decoder has what the next frame refers to
  std::optional<Timestamp> shown_;
  RecoveryAsker asker_;
  std::deque<Ask> asks_;
  PlaybackStats stats_;
  std::uint64_t digest_ = 0;
};

}  // namespace lumen::simulation
