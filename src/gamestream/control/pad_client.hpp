// lumen/gamestream/control: Lumen's pad events as a client's packets, and what a host wants of the pads: the
// other way of pad_host.hpp. Owner: one thread. Thread-safe: no.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "gamestream/control/messages.hpp"
#include "media/pad.hpp"

namespace lumen::gamestream::control {

class PadClient {
 public:
  // Appends the packets that say it; none of a pad that did not arrive.
  void add(const PadEvent& event, std::vector<InputPacket>& out);

 private:
  void on(const lumen::PadArrival& arrival, std::vector<InputPacket>& out);
  void on(const lumen::PadState& state, std::vector<InputPacket>& out) const;
  void on(const lumen::PadTouch& touch, std::vector<InputPacket>& out);
  void on(const lumen::PadMotion& motion, std::vector<InputPacket>& out) const;
  void on(const lumen::PadBattery& battery, std::vector<InputPacket>& out) const;
  void on(const PadGone& gone, std::vector<InputPacket>& out);
  bool is_there(std::uint8_t slot) const { return slot < control::kMaxPads && ((there_ >> slot) & 1U) != 0; }

  std::uint16_t there_ = 0;                             // a bit for each slot
  std::array<std::uint8_t, control::kMaxPads> down_{};  // fingers on the touchpads, a bit each
};

// nullopt: the message is of something else, or names a pad that there cannot be.
std::optional<PadFeedback> to_feedback(const HostMessage& message);

}  // namespace lumen::gamestream::control
