// lumen/gamestream/control: a client's pads as Lumen's pad events, and what they are made to do as messages
// to the client (spec part 3, sections 7, 8 and 10).
//
// A pad is there from its arrival, or from its first state where an older client says no more, until a state
// in whose mask its own bit is not set. The other bits are hints only. Of neighbouring states with the same
// buttons, and of neighbouring motion, the newer one counts.
//
// Owner: one thread. Allocates in the constructor only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "gamestream/control/messages.hpp"
#include "media/pad.hpp"

namespace lumen::gamestream::control {

struct PadParams {
  std::uint64_t client = 0;       // one and the same for a client: its pads' identities come of it
  std::optional<PadModel> model;  // none: what suits the client's pad
};

class PadHost {
 public:
  static constexpr std::size_t kMaxWaiting = 256;

  explicit PadHost(const PadParams& params);

  // False: it means nothing, or there is no room for it.
  bool take(const PadArrival& arrival);
  bool take(const PadState& state);
  bool take(const PadTouch& touch);
  bool take(const PadMotion& motion);
  bool take(const PadBattery& battery);
  // Nothing stays pressed; the pads stay.
  void release_all();
  // Says again which pads there are and what they hold: to a session process that is new.
  void repeat();
  // Appends what waits to `out`, in order.
  void drain(std::vector<PadEvent>& out);

 private:
  struct Contact {
    std::uint8_t touchpad = 0;
    std::uint32_t pointer = 0;
    bool operator==(const Contact&) const = default;
  };
  struct Pad {
    lumen::PadArrival arrival;
    lumen::PadState state;
    std::array<std::optional<Contact>, kMaxPadFingers> fingers;
    bool two_touchpads = false;
  };
  bool arrive(std::uint8_t slot, std::uint8_t type, std::uint16_t capabilities);
  bool push(const PadEvent& event);
  bool lift_all(std::uint8_t slot);

  PadParams params_;
  std::array<std::optional<Pad>, control::kMaxPads> pads_;
  std::vector<PadEvent> waiting_;  // at most kMaxWaiting
};

// What a client's pad of this type is shown as.
PadModel model_for(std::uint8_t type, std::uint16_t capabilities);
HostMessage to_message(const PadFeedback& feedback);

}  // namespace lumen::gamestream::control
