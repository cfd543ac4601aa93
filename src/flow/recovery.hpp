// lumen/flow: recovery requests, merged at the host, spaced at the client. Pure.
#pragma once

#include <optional>

#include "base/units.hpp"

namespace lumen {

// Client side: what is broken, and when to (re)ask. Broken from the first missing frame until an IDR that is
// newer than it has been decoded. Asks at once, then again every `interval` (about one round trip).
class RecoveryAsker {
 public:
  void set_interval(Duration interval) { interval_ = interval; }
  void broken_at(FrameId frame) {
    if (!broken_ || *broken_ < frame) broken_ = frame;
  }
  void idr_decoded(FrameId frame) {
    if (broken_ && *broken_ <= frame) {
      broken_.reset();
      next_ask_ = {};
    }
  }
  bool is_broken() const { return broken_.has_value(); }
  // The newest frame known broken, when it is time to ask.
  std::optional<FrameId> due(Timestamp now) {
    if (!broken_ || now < next_ask_) return std::nullopt;
    next_ask_ = now + interval_;
    return broken_;
  }

 private:
  std::optional<FrameId> broken_;
  Timestamp next_ask_{};
  Duration interval_ = std::chrono::milliseconds{20};
};

// Host side: at most one IDR per round trip, and none for what an IDR already answers.
class RecoveryMerger {
 public:
  // The client cannot decode from `broken` on. True when an IDR is to be made for it.
  bool request(FrameId broken, Timestamp now, Duration round_trip) {
    if (pending_ || (last_idr_ && broken < *last_idr_)) return merged();
    if (last_idr_ && now < last_idr_time_ + round_trip) return merged();
    pending_ = true;
    return true;
  }
  void idr_made(FrameId frame, Timestamp now) {
    pending_ = false;
    last_idr_ = frame;
    last_idr_time_ = now;
  }
  std::uint64_t merged_count() const { return merged_; }

 private:
  bool merged() {
    ++merged_;
    return false;
  }
  bool pending_ = false;
  std::optional<FrameId> last_idr_;
  Timestamp last_idr_time_{};
  std::uint64_t merged_ = 0;
};

}  // namespace lumen
