// gamestream/media: what clients ask for after a loss becomes orders to the encoder (GameStream part 2,
// sections 11.3 to 11.5). Pure. Owner: one thread.
//
// A stock client without reference invalidation asks for an IDR once, and if that is ignored only two seconds
// later. So a request is merged only when it is certain that an IDR answers it:
// - one was ordered and has not been made yet;
// - one was made within the last round trip, or a moment ago and nothing since: the client asked before it
//   could see it, and asks again if that one is lost too, when it sees the frame behind it;
// - it is about frames before an IDR that was made.
// Nothing is relied upon for longer than kPatience: an encoder that was asked may have died, and of an IDR
// that was lost whole a client may know nothing.
//
// A request to invalidate becomes an order for all frames from the first lost one to the newest, which refer
// to it. An encoder that cannot do that, or has no reference from before, makes an IDR.
#pragma once

#include <cstdint>
#include <optional>

#include "base/units.hpp"
#include "gamestream/media/video_wire.hpp"

namespace lumen::gamestream {

struct HostRecoveryParams {
  bool can_invalidate = false;
  std::uint32_t reference_frames = 5;  // that the encoder keeps
};

struct RecoveryOrder {
  enum class Kind : std::uint8_t { idr, invalidate };
  Kind kind = Kind::idr;
  FrameId first, last;  // of what must not be referred to any more; `invalidate` only
  bool operator==(const RecoveryOrder&) const = default;
};

class HostRecovery {
 public:
  static constexpr Duration kPatience = std::chrono::milliseconds{500};
  static constexpr Duration kMoment = std::chrono::milliseconds{50};

  explicit HostRecovery(const HostRecoveryParams& params) : params_{params} {}

  // A client begins to watch: forgets all and orders an IDR.
  void begin(Timestamp now);
  // `round_trip`: zero when it is unknown.
  void idr_asked(Timestamp now, Duration round_trip);
  // Frames first … last are lost, or suspected to be; last may lie beyond the newest one.
  void invalidation_asked(FrameId first, FrameId last, Timestamp now, Duration round_trip);
  // The encoder made a frame that could not be sent: what follows refers to what no client has.
  void not_sent(Timestamp now);
  // A frame was sent.
  void made(FrameId frame, FrameType type, Timestamp now);

  // What the encoder is to do, once.
  std::optional<RecoveryOrder> take_order();
  std::uint64_t merged_count() const { return merged_; }

 private:
  struct Made {
    FrameId frame;
    Timestamp time;
  };
  struct Range {
    FrameId first, last;
    bool holds(const Range& other) const { return first <= other.first && other.last <= last; }
  };
  bool is_idr_coming(Timestamp now) const;
  bool is_idr_unseen(Timestamp now, Duration round_trip) const;
  void order_idr(Timestamp now);

  HostRecoveryParams params_;
  std::optional<RecoveryOrder> order_;    // not taken yet
  std::optional<Timestamp> idr_ordered_;  // and not made yet
  std::optional<Made> last_idr_;
  std::optional<Range> invalidated_;  // since the last IDR, as last ordered
  Timestamp invalidation_ordered_;
  FrameId newest_;
  std::uint64_t merged_ = 0;
};

}  // namespace lumen::gamestream
