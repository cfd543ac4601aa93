#include "gamestream/control/pad_host.hpp"

#include <algorithm>
#include <cmath>

namespace lumen::gamestream::control {
namespace {

constexpr std::uint8_t kXbox = 1, kPlayStation = 2, kNintendo = 3;
constexpr std::uint16_t kOlderClients = pad_capability::kAnalogTriggers | pad_capability::kRumble;

std::uint16_t to_place(double share) {
  return static_cast<std::uint16_t>(std::lround(std::clamp(share, 0.0, 1.0) * 65535));
}

// The same kind of thing of the same pad, so that only the newer one counts.
bool is_newer_of(const PadEvent& event, const PadEvent& before) {
  if (const auto* state = std::get_if<lumen::PadState>(&event)) {
    const auto* earlier = std::get_if<lumen::PadState>(&before);
    return earlier != nullptr && earlier->slot == state->slot && earlier->buttons == state->buttons;
  }
  if (const auto* motion = std::get_if<lumen::PadMotion>(&event)) {
    const auto* earlier = std::get_if<lumen::PadMotion>(&before);
    return earlier != nullptr && earlier->slot == motion->slot && earlier->sensor == motion->sensor;
  }
  return false;
}

bool presses(TouchEvent event) { return event == TouchEvent::down || event == TouchEvent::move; }
bool lifts(TouchEvent event) { return event == TouchEvent::up || event == TouchEvent::cancel; }

}  // namespace

PadModel model_for(std::uint8_t type, std::uint16_t capabilities) {
  constexpr std::uint16_t kMoreThanXbox =
      pad_capability::kTouchpad | pad_capability::kAccelerometer | pad_capability::kGyroscope;
  if (type == kXbox) return PadModel::xbox;
  if (type == kNintendo) return PadModel::switch_pro;
  return type == kPlayStation || (capabilities & kMoreThanXbox) != 0 ? PadModel::dualsense : PadModel::xbox;
}

PadHost::PadHost(const PadParams& params) : params_{params} { waiting_.reserve(kMaxWaiting); }

bool PadHost::take(const PadArrival& arrival) {
  return arrive(arrival.pad, arrival.type, arrival.capabilities & pad_capability::kAll);
}

bool PadHost::arrive(std::uint8_t slot, std::uint8_t type, std::uint16_t capabilities) {
  if (pads_.at(slot)) return false;
  // Far apart for neighbouring clients and slots, and nothing that a client could choose.
  constexpr std::uint64_t kStep = 0x9E37'79B9'7F4A'7C15U;
  const lumen::PadArrival arrival{.slot = slot,
                                  .model = params_.model.value_or(model_for(type, capabilities)),
                                  .capabilities = capabilities,
                                  .identity = params_.client + kStep * (slot + 1U)};
  if (!push(arrival)) return false;
  pads_[slot].emplace(Pad{.arrival = arrival,
                          .state = {.slot = slot},
                          .two_touchpads = (capabilities & pad_capability::kSecondTouchpad) != 0});
  return true;
}

bool PadHost::take(const PadState& state) {
  auto& pad = pads_.at(state.pad);
  if (!state.present()) {
    if (!pad || !push(PadGone{state.pad})) return false;
    pad.reset();
    return true;
  }
  if (!pad && !arrive(state.pad, 0, kOlderClients)) return false;
  const lumen::PadState now{.slot = state.pad,
                            .buttons = state.buttons & pad_button::kAll,
                            .left_trigger = state.left_trigger,
                            .right_trigger = state.right_trigger,
                            .left_x = state.left_x,
                            .left_y = state.left_y,
                            .right_x = state.right_x,
                            .right_y = state.right_y};
  if (now == pad->state) return true;
  if (!push(now)) return false;
  pad->state = now;
  return true;
}

// Fingers that hover are none. Of two touchpads, each is half of the one that there is.
bool PadHost::take(const PadTouch& touch) {
  auto& pad = pads_.at(touch.pad);
  if (!pad) return false;
  if (touch.event == TouchEvent::cancel_all) return lift_all(touch.pad);
  auto& fingers = pad->fingers;
  const Contact contact{touch.touchpad, touch.pointer};
  auto finger = std::ranges::find(fingers, std::optional{contact});
  if (touch.event == TouchEvent::down && finger == fingers.end())
    finger = std::ranges::find(fingers, std::optional<Contact>{});
  if (finger == fingers.end() || (!presses(touch.event) && !lifts(touch.event))) return false;
  const auto x = pad->two_touchpads ? (double{touch.x} + touch.touchpad) / 2 : double{touch.x};
  if (!push(lumen::PadTouch{.slot = touch.pad,
                            .finger = static_cast<std::uint8_t>(finger - fingers.begin()),
                            .touching = presses(touch.event),
                            .x = to_place(x),
                            .y = to_place(double{touch.y})})) {
    return false;
  }
  *finger = presses(touch.event) ? std::optional{contact} : std::nullopt;
  return true;
}

bool PadHost::lift_all(std::uint8_t slot) {
  bool any = false;
  for (std::uint8_t i = 0; i < kMaxPadFingers; ++i) {
    auto& finger = pads_[slot]->fingers[i];
    if (finger && push(lumen::PadTouch{.slot = slot, .finger = i})) {
      finger.reset();
      any = true;
    }
  }
  return any;
}

bool PadHost::take(const PadMotion& motion) {
  if (!pads_.at(motion.pad)) return false;
  const auto sensor =
      motion.sensor == MotionSensor::gyroscope ? PadSensor::gyroscope : PadSensor::accelerometer;
  return push(
      lumen::PadMotion{.slot = motion.pad, .sensor = sensor, .x = motion.x, .y = motion.y, .z = motion.z});
}

bool PadHost::take(const PadBattery& battery) {
  constexpr auto kLast = static_cast<std::uint8_t>(PadPower::full);
  if (!pads_.at(battery.pad)) return false;
  const bool known = battery.percent <= 100;
  return push(lumen::PadBattery{
      .slot = battery.pad,
      .power = battery.state <= kLast ? static_cast<PadPower>(battery.state) : PadPower::unknown,
      .percent = known ? battery.percent : kUnknownPadPercent});
}

void PadHost::release_all() {
  for (std::uint8_t slot = 0; slot < control::kMaxPads; ++slot) {
    if (!pads_[slot]) continue;
    lift_all(slot);
    take(PadState{.pad = slot, .active_mask = static_cast<std::uint16_t>(1U << slot)});
  }
}

void PadHost::repeat() {
  for (const auto& pad : pads_) {
    if (pad && push(pad->arrival)) push(pad->state);
  }
}

void PadHost::drain(std::vector<PadEvent>& out) {
  out.insert(out.end(), waiting_.begin(), waiting_.end());
  waiting_.clear();
}

bool PadHost::push(const PadEvent& event) {
  if (!waiting_.empty() && is_newer_of(event, waiting_.back())) {
    waiting_.back() = event;
    return true;
  }
  if (waiting_.size() >= kMaxWaiting) return false;
  waiting_.push_back(event);
  return true;
}

namespace {

HostMessage message_of(const PadRumble& rumble) {
  return Rumble{.pad = rumble.slot, .low_frequency = rumble.strong, .high_frequency = rumble.weak};
}
HostMessage message_of(const PadTriggerRumble& rumble) {
  return TriggerRumble{.pad = rumble.slot, .left = rumble.left, .right = rumble.right};
}
HostMessage message_of(const PadLight& light) {
  return PadLed{.pad = light.slot, .red = light.red, .green = light.green, .blue = light.blue};
}
HostMessage message_of(const PadMotionRequest& request) {
  return MotionRequest{.pad = request.slot,
                       .rate_hz = request.rate_hz,
                       .sensor = request.sensor == PadSensor::gyroscope ? MotionSensor::gyroscope
                                                                        : MotionSensor::accelerometer};
}
HostMessage message_of(const PadAdaptiveTriggers& triggers) {
  constexpr unsigned kRight = 0x04, kLeft = 0x08;
  AdaptiveTriggers message{.pad = triggers.slot,
                           .flags = static_cast<std::uint8_t>((triggers.sets_right ? kRight : 0U) |
                                                              (triggers.sets_left ? kLeft : 0U)),
                           .left_type = triggers.left.kind,
                           .right_type = triggers.right.kind};
  std::ranges::transform(triggers.left.parameters, message.left.begin(),
                         [](auto byte) { return std::byte{byte}; });
  std::ranges::transform(triggers.right.parameters, message.right.begin(),
                         [](auto byte) { return std::byte{byte}; });
  return message;
}

}  // namespace

HostMessage to_message(const PadFeedback& feedback) {
  return std::visit([](const auto& each) { return message_of(each); }, feedback);
}

}  // namespace lumen::gamestream::control
