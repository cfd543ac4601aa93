// lumen/gamepad: what a pad was last told, so that only what is new travels, and all of it again when its
// client comes back. Pure.
#pragma once

#include <optional>

#include "media/pad.hpp"

namespace lumen::gamepad {

class FeedbackMemory {
 public:
  // False: it was told already. The first of a kind is always new.
  bool is_new(const PadFeedback& feedback) {
    return std::visit([this](const auto& each) { return remember(each); }, feedback);
  }
  void for_each(const auto& call) const {
    std::apply([&](const auto&... kinds) { ((kinds ? call(PadFeedback{*kinds}) : void()), ...); }, kinds_);
    for (const auto& request : {accelerometer_, gyroscope_}) {
      if (request) call(PadFeedback{*request});
    }
  }

 private:
  template <class Kind>
  static bool replace(std::optional<Kind>& last, const Kind& now) {
    if (last == now) return false;
    last = now;
    return true;
  }
  template <class Kind>
  bool remember(const Kind& now) {
    return replace(std::get<std::optional<Kind>>(kinds_), now);
  }
  bool remember(const PadMotionRequest& now) {
    return replace(now.sensor == PadSensor::gyroscope ? gyroscope_ : accelerometer_, now);
  }
  // Each trigger is set apart from the other; what is remembered sets whatever was set.
  bool remember(const PadAdaptiveTriggers& now) {
    auto& last = std::get<std::optional<PadAdaptiveTriggers>>(kinds_);
    auto both = last.value_or(PadAdaptiveTriggers{.slot = now.slot});
    if (now.sets_left) {
      both.sets_left = true;
      both.left = now.left;
    }
    if (now.sets_right) {
      both.sets_right = true;
      both.right = now.right;
    }
    return replace(last, both);
  }

  std::tuple<std::optional<PadRumble>, std::optional<PadTriggerRumble>, std::optional<PadLight>,
             std::optional<PadAdaptiveTriggers>>
      kinds_;
  std::optional<PadMotionRequest> accelerometer_, gyroscope_;
};

}  // namespace lumen::gamepad
