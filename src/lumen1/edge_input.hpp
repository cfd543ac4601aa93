// lumen/lumen1: input edges (keys, buttons, scroll, release; of pads all that is no motion) arrive once each
// and in order over datagrams that may be lost: the client repeats what is not acknowledged, the host takes
// only the next number. Motion is sent once; of places of the pointer the newest wins, and so does the newest
// motion of each part of a pad. Pure. Owner at each end: one thread.
#pragma once

#include <array>
#include <deque>
#include <variant>

#include "lumen1/messages.hpp"

namespace lumen::lumen1 {

using Edge = std::variant<ClientInput, ClientPad>;

inline std::uint32_t number_of(const ClientInput& input) { return input.sequence; }
inline std::uint32_t number_of(const ClientPad& pad) { return pad.edge; }
inline std::uint32_t number_of(const Edge& edge) {
  return std::visit([](const auto& each) { return number_of(each); }, edge);
}

class EdgeSender {
 public:
  // At most kLimit edges wait; further ones are refused (the client then releases all, once it can).
  [[nodiscard]] bool add(const InputEvent& event) {
    if (waiting_.size() >= kLimit) return false;
    waiting_.emplace_back(ClientInput{++last_, event});
    return true;
  }
  [[nodiscard]] bool add(const PadEvent& event) {
    if (waiting_.size() >= kLimit) return false;
    waiting_.emplace_back(ClientPad{.edge = ++last_, .motion = 0, .event = event});
    return true;
  }
  std::uint32_t last() const { return last_; }
  std::size_t room() const { return kLimit - waiting_.size(); }
  // An acknowledgement of what was never sent belongs to a connection before this one.
  void acknowledged(std::uint32_t sequence) {
    if (static_cast<std::int32_t>(sequence - last_) > 0) return;
    while (!waiting_.empty() && static_cast<std::int32_t>(sequence - number_of(waiting_.front())) >= 0) {
      waiting_.pop_front();
    }
  }
  const std::deque<Edge>& waiting() const { return waiting_; }

 private:
  static constexpr std::size_t kLimit = 256;
  std::deque<Edge> waiting_;
  std::uint32_t last_ = 0;
};

class EdgeReceiver {
 public:
  // True when the event is to be delivered: motion always, an edge when it is the next one.
  bool expects(const ClientInput& input) const {
    return input.sequence == 0 || input.sequence == acknowledged_ + 1;
  }
  // Motion of a pad only if it is newer than the last of its kind, and follows the last edge.
  bool expects(const ClientPad& pad) const {
    if (pad.motion == 0) return pad.edge == acknowledged_ + 1;
    return pad.edge == acknowledged_ && pad.motion > motion_.at(kind_of(pad.event));
  }
  // It was delivered.
  void took(const ClientInput& input) {
    if (input.sequence != 0) acknowledged_ = input.sequence;
  }
  void took(const ClientPad& pad) {
    if (pad.motion == 0) {
      acknowledged_ = pad.edge;
    } else {
      motion_.at(kind_of(pad.event)) = pad.motion;
    }
  }
  std::uint32_t acknowledged() const { return acknowledged_; }

 private:
  static constexpr std::size_t kKinds = 3 + kMaxPadFingers;  // of motion of one pad
  static std::size_t kind_of(const PadEvent& event) {
    std::size_t kind = 0;
    if (const auto* motion = std::get_if<PadMotion>(&event))
      kind = motion->sensor == PadSensor::gyroscope ? 2 : 1;
    if (const auto* touch = std::get_if<PadTouch>(&event)) kind = 3U + touch->finger;
    return slot_of(event) * kKinds + kind;
  }

  std::uint32_t acknowledged_ = 0;
  std::array<std::uint32_t, kMaxPads * kKinds> motion_{};  // the newest of each kind
};

inline bool is_motion(const InputEvent& event) {
  return std::holds_alternative<PointerMoveTo>(event) || std::holds_alternative<PointerMoveBy>(event);
}

}  // namespace lumen::lumen1
