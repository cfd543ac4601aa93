// lumen/gamepad: what a pad was last told, so that only what is new travels, and all of it again when its
// client comes back. Each trigger is set apart from the other: what is told of them is what both are set to,
// so that the newest message says all. Pure.
#pragma once

#include <optional>
#include <tuple>
#include <vector>

#include "media/pad.hpp"

namespace lumen::gamepad {

class FeedbackMemory {
  // Before those that use them: Clang does not find them otherwise.
  template <class Kind>
  static std::optional<Kind> replace(std::optional<Kind>& last, const Kind& now) {
    if (last == now) return std::nullopt;
    last = now;
    return now;
  }
  template <class Kind>
  std::optional<Kind> remember(const Kind& now) {
    return replace(std::get<std::optional<Kind>>(kinds_), now);
  }
  std::optional<PadMotionRequest> remember(const PadMotionRequest& now) {
    return replace(now.sensor == PadSensor::gyroscope ? gyroscope_ : accelerometer_, now);
  }
  std::optional<PadAdaptiveTriggers> remember(const PadAdaptiveTriggers& now) {
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

 public:
  // What to tell; nullopt: it was told already. The first of a kind is always new.
  std::optional<PadFeedback> news(const PadFeedback& feedback) {
    return std::visit([this](const auto& each) -> std::optional<PadFeedback> { return remember(each); },
                      feedback);
  }
  // What stops all that goes on by itself; nothing if nothing does.
  std::vector<PadFeedback> stop() {
    std::vector<PadFeedback> stops;
    const auto add = [&](const PadFeedback& now) {
      if (const auto told = news(now)) stops.push_back(*told);
    };
    if (const auto& last = std::get<std::optional<PadRumble>>(kinds_)) add(PadRumble{.slot = last->slot});
    if (const auto& last = std::get<std::optional<PadTriggerRumble>>(kinds_))
      add(PadTriggerRumble{.slot = last->slot});
    if (const auto& last = std::get<std::optional<PadAdaptiveTriggers>>(kinds_)) {
      constexpr PadTriggerEffect kOff{.kind = 5};  // what applications turn them off with
      add(PadAdaptiveTriggers{.slot = last->slot,
                              .sets_left = last->sets_left,
                              .sets_right = last->sets_right,
                              .left = last->sets_left ? kOff : PadTriggerEffect{},
                              .right = last->sets_right ? kOff : PadTriggerEffect{}});
    }
    return stops;
  }
  void for_each(const auto& call) const {
    std::apply([&](const auto&... kinds) { ((kinds ? call(PadFeedback{*kinds}) : void()), ...); }, kinds_);
    for (const auto& request : {accelerometer_, gyroscope_}) {
      if (request) call(PadFeedback{*request});
    }
  }

 private:
  std::tuple<std::optional<PadRumble>, std::optional<PadTriggerRumble>, std::optional<PadLight>,
             std::optional<PadAdaptiveTriggers>>
      kinds_;
  std::optional<PadMotionRequest> accelerometer_, gyroscope_;
};

}  // namespace lumen::gamepad
