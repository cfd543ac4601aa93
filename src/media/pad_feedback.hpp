// lumen/media: what applications want of pads, where only the newest word of each kind counts. Pure.
// Thread-safe: no.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "media/pad.hpp"

namespace lumen {

// The later one of the two takes the place of the other.
inline bool is_same_kind(const PadFeedback& a, const PadFeedback& b) {
  const auto* request = std::get_if<PadMotionRequest>(&a);
  return a.index() == b.index() && slot_of(a) == slot_of(b) &&
         (request == nullptr || request->sensor == std::get<PadMotionRequest>(b).sensor);
}

// What both say together, of the same kind: of adaptive triggers, the one that is not set stays.
inline PadFeedback merged(const PadFeedback& before, PadFeedback now) {
  auto* triggers = std::get_if<PadAdaptiveTriggers>(&now);
  if (triggers == nullptr) return now;
  const auto& last = std::get<PadAdaptiveTriggers>(before);
  if (!triggers->sets_left) triggers->left = last.left;
  if (!triggers->sets_right) triggers->right = last.right;
  triggers->sets_left = triggers->sets_left || last.sets_left;
  triggers->sets_right = triggers->sets_right || last.sets_right;
  return now;
}

// What waits for its pads: of each kind and pad the newest, so that no more than kMost do.
class PadFeedbackBox {
 public:
  static constexpr std::size_t kMost = std::size_t{kMaxPads} * 6;

  void put(const PadFeedback& feedback) {
    if (slot_of(feedback) >= kMaxPads) return;
    const auto before =
        std::ranges::find_if(waiting_, [&](const auto& each) { return is_same_kind(each, feedback); });
    auto now = before == waiting_.end() ? feedback : merged(*before, feedback);
    if (before != waiting_.end()) waiting_.erase(before);
    waiting_.push_back(std::move(now));
  }
  std::optional<PadFeedback> take() {
    if (waiting_.empty()) return std::nullopt;
    const auto first = waiting_.front();
    waiting_.pop_front();
    return first;
  }

 private:
  std::deque<PadFeedback> waiting_;
};

}  // namespace lumen
