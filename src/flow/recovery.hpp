// lumen/flow: recovery requests, merged at the host, spaced at the client. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/units.hpp"

namespace lumen {

// Client side: what is broken, and when to (re)ask. Broken from the first missing frame until an IDR that is
// newer than it has been decoded. Asks at once, then again every `interval` (about one round trip).
class RecoveryAsker {
 public:
  static constexpr Duration kMinInterval = std::chrono::milliseconds{2};

  void set_interval(Duration interval) { interval_ = std::max(interval, kMinInterval); }
  // A frame that is found missing after an IDR newer than it was decoded is missed by nobody. Asking for it
  // would be in vain besides: the host takes that IDR for the answer.
  void broken_at(FrameId frame) {
    if (decoded_idr_ && frame <= *decoded_idr_) return;
    if (!broken_ || *broken_ < frame) broken_ = frame;
  }
  void idr_decoded(FrameId frame) {
    decoded_idr_ = frame;
    if (broken_ && *broken_ <= frame) {
      broken_.reset();
      next_ask_ = {};
    }
  }
  // The decoder was given this frame and could not use it: if it was the IDR, then that answered nothing.
  void not_decoded(FrameId frame) {
    if (decoded_idr_ == frame) decoded_idr_.reset();
    broken_at(frame);
  }
  // What was asked lately was in vain: ask again at once.
  void hurry() { next_ask_ = {}; }
  bool is_broken() const { return broken_.has_value(); }
  // When due() has something.
  std::optional<Timestamp> next_ask() const { return broken_ ? std::optional{next_ask_} : std::nullopt; }
  // The newest frame known broken, when it is time to ask.
  std::optional<FrameId> due(Timestamp now) {
    if (!broken_ || now < next_ask_) return std::nullopt;
    next_ask_ = now + interval_;
    return broken_;
  }

 private:
  std::optional<FrameId> broken_, decoded_idr_;
  Timestamp next_ask_{};
  Duration interval_ = std::chrono::milliseconds{20};
};

// Host side: at most one IDR per round trip, and none for what an IDR already answers. Nothing is relied
// upon for longer than kPatience: an encoder that was asked may have died before it made the IDR, and of an
// IDR that was lost whole the client knows nothing, so it goes on asking for what came before.
class RecoveryMerger {
 public:
  static constexpr Duration kPatience = std::chrono::milliseconds{500};
  static constexpr Duration kUnknownRoundTrip = std::chrono::milliseconds{20};  // assumed for zero

  // The client cannot decode from `broken` on. True when an IDR is to be made for it.
  bool request(FrameId broken, Timestamp now, Duration round_trip) {
    if (round_trip <= Duration::zero()) round_trip = kUnknownRoundTrip;
    if (is_on_its_way(broken, now, round_trip)) {
      ++merged_;
      return false;
    }
    asked_encoder_ = now;
    return true;
  }
  void idr_made(FrameId frame, Timestamp now) {
    asked_encoder_.reset();
    last_idr_ = Idr{frame, now};
  }
  std::uint64_t merged_count() const { return merged_; }

 private:
  struct Idr {
    FrameId frame;
    Timestamp made;
  };

  // The last IDR answers what broke before it; its own loss cannot be known here within a round trip.
  bool is_on_its_way(FrameId broken, Timestamp now, Duration round_trip) const {
    const auto patience = std::max(kPatience, 2 * round_trip);
    if (asked_encoder_ && now < *asked_encoder_ + patience) return true;
    if (!last_idr_) return false;
    return now < last_idr_->made + (broken < last_idr_->frame ? patience : round_trip);
  }

  std::optional<Timestamp> asked_encoder_;  // for an IDR that is not made yet
  std::optional<Idr> last_idr_;
  std::uint64_t merged_ = 0;
};

}  // namespace lumen
