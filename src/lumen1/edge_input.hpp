// lumen/lumen1: input edges (keys, buttons, scroll, release) arrive once each and in order over datagrams
// that may be lost: the client repeats what is not acknowledged, the host takes only the next number. Motion
// is sent once and carries number 0; of places of the pointer the newest wins. Pure. Owner at each end: one
// thread.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "lumen1/messages.hpp"

namespace lumen::lumen1 {

class EdgeSender {
 public:
  // At most kLimit edges wait; further ones are refused (the client then releases all, once it can).
  [[nodiscard]] bool add(const InputEvent& event) {
    if (waiting_.size() >= kLimit) return false;
    waiting_.push_back({++last_, event});
    return true;
  }
  // An acknowledgement of what was never sent belongs to a connection before this one.
  void acknowledged(std::uint32_t sequence) {
    if (static_cast<std::int32_t>(sequence - last_) > 0) return;
    while (!waiting_.empty() && static_cast<std::int32_t>(sequence - waiting_.front().sequence) >= 0) {
      waiting_.pop_front();
    }
  }
  const std::deque<ClientInput>& waiting() const { return waiting_; }

 private:
  static constexpr std::size_t kLimit = 256;
  std::deque<ClientInput> waiting_;
  std::uint32_t last_ = 0;
};

class EdgeReceiver {
 public:
  // True when the event is to be delivered: motion always, an edge when it is the next one.
  bool expects(const ClientInput& input) const {
    return input.sequence == 0 || input.sequence == acknowledged_ + 1;
  }
  // It was delivered.
  void took(const ClientInput& input) {
    if (input.sequence != 0) acknowledged_ = input.sequence;
  }
  std::uint32_t acknowledged() const { return acknowledged_; }

 private:
  std::uint32_t acknowledged_ = 0;
};

inline bool is_motion(const InputEvent& event) {
  return std::holds_alternative<PointerMoveTo>(event) || std::holds_alternative<PointerMoveBy>(event);
}

}  // namespace lumen::lumen1
