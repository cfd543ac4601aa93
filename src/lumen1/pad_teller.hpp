// lumen/lumen1: what a client tells of its pads, and how: once and for certain, or the newest only. Motion
// that came to rest is said again as an edge, so that a stick's last place cannot get lost. Knows all pads
// that there are, so that a new connection hears of them. Pure. Owner: one thread.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "base/units.hpp"
#include "lumen1/pad_messages.hpp"

namespace lumen::lumen1 {

class PadTeller {
 public:
  static constexpr Duration kRest = std::chrono::milliseconds{20};
  static constexpr std::size_t kMostEvents = kMaxPads * (3 + kMaxPadFingers);  // of append_all()
  enum class As : std::uint8_t { nothing, edge, motion };

  // What `event` is to be told as: nothing of a pad that is not there.
  As take(const PadEvent& event, Timestamp now);
  // Appends what has not moved for kRest since it was told as motion; to be told as edges.
  void settle(Timestamp now, std::vector<PadEvent>& out);
  // When settle() may have something.
  std::optional<Timestamp> next_settle() const;
  // Appends all that makes a host that knows nothing know everything, or one that may have missed something.
  void append_all(std::vector<PadEvent>& out);

 private:
  template <class Part>
  struct Moving {
    Part last;
    std::optional<Timestamp> moved_at;  // told as motion, not settled yet
  };
  struct Pad {
    PadArrival arrival;
    Moving<PadState> state;
    std::array<Moving<PadTouch>, kMaxPadFingers> fingers;
    std::optional<PadBattery> battery;
  };
  As take(Pad& pad, const PadState& state, Timestamp now);
  As take(Pad& pad, const PadTouch& touch, Timestamp now);
  static void for_each_moving(auto& pads, auto call);

  std::array<std::optional<Pad>, kMaxPads> pads_;
  std::uint16_t were_there_ = 0;  // a bit for each slot
};

}  // namespace lumen::lumen1
