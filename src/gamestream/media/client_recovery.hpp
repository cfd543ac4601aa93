// gamestream/media: the client's end of recovery (GameStream part 2, sections 11.3, 11.4 and 11.8): which
// frames a decoder can use, what to ask of the host and when, and when to give up. Pure. Owner: one thread.
//
// From a lost frame on, nothing is shown until a frame that does not need it: an IDR, or one that the host
// marks as free of what was invalidated. What is not shown may not be referred to either, so a request to
// invalidate names all from the first lost frame to the newest that came. It is made again whenever that
// grows, and turns into a request for an IDR when it has grown long, or is not answered for a while.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/units.hpp"
#include "gamestream/media/video_wire.hpp"

namespace lumen::gamestream {

struct ClientRecoveryParams {
  bool can_invalidate = false;  // the host announced it and the decoder can do with it
};

struct RecoveryRequest {
  enum class Kind : std::uint8_t { idr, invalidate };
  Kind kind = Kind::idr;
  FrameId first, last;  // `invalidate` only
  bool operator==(const RecoveryRequest&) const = default;
};

class ClientRecovery {
 public:
  static constexpr Duration kMinInterval = std::chrono::milliseconds{100};
  static constexpr Duration kInvalidationPatience = std::chrono::milliseconds{300};
  static constexpr std::uint64_t kMaxInvalidated = 20;  // frames

  explicit ClientRecovery(const ClientRecoveryParams& params) : params_{params} {}

  // What a request for an IDR takes to be answered: it is made again after twice that, and kMinInterval.
  void set_round_trip(Duration round_trip) { interval_ = std::max(kMinInterval, 2 * round_trip); }

  // Frames that will never come.
  void lost(FrameId first, FrameId last, Timestamp now);
  // A frame has come. True: the decoder can use it. False: it is to be dropped.
  bool admit(FrameId frame, FrameType type, Timestamp now);
  // The decoder could make nothing of a frame that was admitted: only an IDR helps.
  void not_decoded(Timestamp now);

  bool is_broken() const { return state_ != State::sound; }
  // What to ask now, if anything.
  std::optional<RecoveryRequest> due(Timestamp now);
  std::optional<Timestamp> next_ask() const;

 private:
  enum class State : std::uint8_t {
    fresh,  // nothing was decoded yet: an IDR comes without being asked for
    sound,
    gap,  // the host is to invalidate
    need_idr,
  };
  void need_idr(Timestamp now);
  void grow(FrameId last, Timestamp now);

  ClientRecoveryParams params_;
  State state_ = State::fresh;
  FrameId first_, last_;  // gap
  Timestamp gap_since_;   // gap
  Timestamp next_ask_;    // gap, need_idr
  Duration interval_ = kMinInterval;
};

// Whether a stream is worth waiting for.
class StreamWatch {
 public:
  static constexpr Duration kPatience = std::chrono::seconds{10};
  enum class Verdict : std::uint8_t { good, no_video, no_key_frame };

  explicit StreamWatch(Timestamp begun) : begun_{begun} {}
  void datagram_came(Timestamp now) {
    if (!first_datagram_) first_datagram_ = now;
  }
  void key_frame_came() { has_key_frame_ = true; }
  // Says so when nothing has come for 10 s, or no key frame 10 s after the first datagram.
  Verdict verdict(Timestamp now) const {
    if (has_key_frame_) return Verdict::good;
    if (!first_datagram_) return now < begun_ + kPatience ? Verdict::good : Verdict::no_video;
    return now < *first_datagram_ + kPatience ? Verdict::good : Verdict::no_key_frame;
  }

 private:
  Timestamp begun_;
  std::optional<Timestamp> first_datagram_;
  bool has_key_frame_ = false;
};

}  // namespace lumen::gamestream
