#include "gamestream/control/pad_client.hpp"

#include <algorithm>

namespace lumen::gamestream::control {
namespace {

constexpr std::uint8_t kXbox = 1, kPlayStation = 2, kNintendo = 3;

std::uint8_t type_of(PadModel model) {
  switch (model) {
    case PadModel::xbox:
      break;
    case PadModel::dualsense:
    case PadModel::dualshock4:
      return kPlayStation;
    case PadModel::switch_pro:
      return kNintendo;
  }
  return kXbox;
}

std::uint16_t bit_of(std::uint8_t slot) { return static_cast<std::uint16_t>(1U << slot); }

struct Feedback {
  using Maybe = std::optional<PadFeedback>;

  Maybe operator()(const Rumble& it) const {
    return PadRumble{.slot = slot(it.pad), .strong = it.low_frequency, .weak = it.high_frequency};
  }
  Maybe operator()(const TriggerRumble& it) const {
    return PadTriggerRumble{.slot = slot(it.pad), .left = it.left, .right = it.right};
  }
  Maybe operator()(const MotionRequest& it) const {
    const auto sensor =
        it.sensor == MotionSensor::gyroscope ? PadSensor::gyroscope : PadSensor::accelerometer;
    return PadMotionRequest{.slot = slot(it.pad), .sensor = sensor, .rate_hz = it.rate_hz};
  }
  Maybe operator()(const PadLed& it) const {
    return PadLight{.slot = slot(it.pad), .red = it.red, .green = it.green, .blue = it.blue};
  }
  Maybe operator()(const AdaptiveTriggers& it) const {
    constexpr unsigned kRight = 0x04, kLeft = 0x08;
    PadAdaptiveTriggers triggers{.slot = slot(it.pad),
                                 .sets_left = (it.flags & kLeft) != 0,
                                 .sets_right = (it.flags & kRight) != 0,
                                 .left = {.kind = it.left_type},
                                 .right = {.kind = it.right_type}};
    const auto number = [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); };
    std::ranges::transform(it.left, triggers.left.parameters.begin(), number);
    std::ranges::transform(it.right, triggers.right.parameters.begin(), number);
    return triggers;
  }
  Maybe operator()(const auto&) const { return std::nullopt; }

  static std::uint8_t slot(std::uint16_t pad) {
    return static_cast<std::uint8_t>(std::min<std::uint16_t>(pad, control::kMaxPads));
  }
};

}  // namespace

void PadClient::add(const PadEvent& event, std::vector<InputPacket>& out) {
  std::visit([&](const auto& each) { on(each, out); }, event);
}

void PadClient::on(const lumen::PadArrival& arrival, std::vector<InputPacket>& out) {
  if (arrival.slot >= control::kMaxPads) return;
  there_ |= bit_of(arrival.slot);
  down_.at(arrival.slot) = 0;
  out.emplace_back(PadArrival{.pad = arrival.slot,
                              .type = type_of(arrival.model),
                              .capabilities = arrival.capabilities,
                              .buttons = pad_button::kAll});
}

void PadClient::on(const lumen::PadState& state, std::vector<InputPacket>& out) const {
  if (!is_there(state.slot)) return;
  out.emplace_back(PadState{.pad = state.slot,
                            .active_mask = there_,
                            .buttons = state.buttons,
                            .left_trigger = state.left_trigger,
                            .right_trigger = state.right_trigger,
                            .left_x = state.left_x,
                            .left_y = state.left_y,
                            .right_x = state.right_x,
                            .right_y = state.right_y});
}

void PadClient::on(const lumen::PadTouch& touch, std::vector<InputPacket>& out) {
  constexpr float kWhole = 65535;
  if (!is_there(touch.slot) || touch.finger >= kMaxPadFingers) return;
  auto& down = down_.at(touch.slot);
  const auto bit = static_cast<std::uint8_t>(1U << touch.finger);
  const bool was_down = (down & bit) != 0;
  if (!touch.touching && !was_down) return;
  down = static_cast<std::uint8_t>(touch.touching ? down | bit : down & ~bit);
  const auto event = !touch.touching ? TouchEvent::up : was_down ? TouchEvent::move : TouchEvent::down;
  out.emplace_back(PadTouch{.pad = touch.slot,
                            .event = event,
                            .pointer = touch.finger,
                            .x = static_cast<float>(touch.x) / kWhole,
                            .y = static_cast<float>(touch.y) / kWhole,
                            .pressure = touch.touching ? 1.0F : 0.0F});
}

void PadClient::on(const lumen::PadMotion& motion, std::vector<InputPacket>& out) const {
  if (!is_there(motion.slot)) return;
  const auto sensor =
      motion.sensor == PadSensor::gyroscope ? MotionSensor::gyroscope : MotionSensor::accelerometer;
  out.emplace_back(
      PadMotion{.pad = motion.slot, .sensor = sensor, .x = motion.x, .y = motion.y, .z = motion.z});
}

void PadClient::on(const lumen::PadBattery& battery, std::vector<InputPacket>& out) const {
  if (!is_there(battery.slot)) return;
  out.emplace_back(PadBattery{
      .pad = battery.slot, .state = static_cast<std::uint8_t>(battery.power), .percent = battery.percent});
}

void PadClient::on(const PadGone& gone, std::vector<InputPacket>& out) {
  if (!is_there(gone.slot)) return;
  there_ = static_cast<std::uint16_t>(there_ & ~bit_of(gone.slot));
  out.emplace_back(PadState{.pad = gone.slot, .active_mask = there_});
}

std::optional<PadFeedback> to_feedback(const HostMessage& message) {
  auto feedback = std::visit(Feedback{}, message);
  if (feedback && slot_of(*feedback) >= control::kMaxPads) return std::nullopt;
  return feedback;
}

}  // namespace lumen::gamestream::control
