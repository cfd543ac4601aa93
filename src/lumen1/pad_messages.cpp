#include "lumen1/pad_messages.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace lumen::lumen1 {
namespace {

// On the wire for ever; docs/protocol/lumen1.md draws each.
enum class EventType : std::uint8_t { arrival = 1, state = 2, touch = 3, motion = 4, battery = 5, gone = 6 };
enum class FeedbackType : std::uint8_t {
  rumble = 1,
  trigger_rumble = 2,
  light = 3,
  motion_request = 4,
  adaptive_triggers = 5,
};

void put_u8(ByteWriter& out, auto value) { out.little(static_cast<std::uint8_t>(value)); }
void put_i16(ByteWriter& out, std::int16_t value) { out.little(static_cast<std::uint16_t>(value)); }
void put_real(ByteWriter& out, float value) {
  const auto bounded = std::isnan(value) ? 0.0F : std::clamp(value, -kMaxPadMotion, kMaxPadMotion);
  out.little(std::bit_cast<std::uint32_t>(bounded));
}
void put_head(ByteWriter& out, auto type, std::uint8_t slot) {
  put_u8(out, type);
  put_u8(out, slot);
}

void put(ByteWriter& out, const PadArrival& arrival) {
  put_head(out, EventType::arrival, arrival.slot);
  put_u8(out, arrival.model);
  out.little(arrival.capabilities);
}
void put(ByteWriter& out, const PadState& state) {
  put_head(out, EventType::state, state.slot);
  out.little(state.buttons);
  put_u8(out, state.left_trigger);
  put_u8(out, state.right_trigger);
  for (const auto axis : {state.left_x, state.left_y, state.right_x, state.right_y}) put_i16(out, axis);
}
void put(ByteWriter& out, const PadTouch& touch) {
  put_head(out, EventType::touch, touch.slot);
  put_u8(out, touch.finger);
  put_u8(out, touch.touching ? 1 : 0);
  out.little(touch.x);
  out.little(touch.y);
}
void put(ByteWriter& out, const PadMotion& motion) {
  put_head(out, EventType::motion, motion.slot);
  put_u8(out, motion.sensor);
  for (const auto axis : {motion.x, motion.y, motion.z}) put_real(out, axis);
}
void put(ByteWriter& out, const PadBattery& battery) {
  put_head(out, EventType::battery, battery.slot);
  put_u8(out, battery.power);
  put_u8(out, battery.percent);
}
void put(ByteWriter& out, const PadGone& gone) { put_head(out, EventType::gone, gone.slot); }

void put(ByteWriter& out, const PadRumble& rumble) {
  put_head(out, FeedbackType::rumble, rumble.slot);
  out.little(rumble.strong);
  out.little(rumble.weak);
}
void put(ByteWriter& out, const PadTriggerRumble& rumble) {
  put_head(out, FeedbackType::trigger_rumble, rumble.slot);
  out.little(rumble.left);
  out.little(rumble.right);
}
void put(ByteWriter& out, const PadLight& light) {
  put_head(out, FeedbackType::light, light.slot);
  for (const auto part : {light.red, light.green, light.blue}) put_u8(out, part);
}
void put(ByteWriter& out, const PadMotionRequest& request) {
  put_head(out, FeedbackType::motion_request, request.slot);
  put_u8(out, request.sensor);
  out.little(request.rate_hz);
}
void put(ByteWriter& out, const PadAdaptiveTriggers& triggers) {
  put_head(out, FeedbackType::adaptive_triggers, triggers.slot);
  put_u8(out, (triggers.sets_left ? 1U : 0U) | (triggers.sets_right ? 2U : 0U));
  for (const auto* effect : {&triggers.left, &triggers.right}) {
    put_u8(out, effect->kind);
    for (const auto parameter : effect->parameters) put_u8(out, parameter);
  }
}

// Each `read_` gives a complete value or nothing; that there were enough bytes is checked by the caller.
std::int16_t read_i16(ByteReader& in) { return static_cast<std::int16_t>(in.little<std::uint16_t>()); }

std::optional<PadSensor> read_sensor(ByteReader& in) {
  const auto sensor = static_cast<PadSensor>(in.little<std::uint8_t>());
  if (sensor != PadSensor::accelerometer && sensor != PadSensor::gyroscope) return std::nullopt;
  return sensor;
}

std::optional<PadEvent> read_arrival(ByteReader& in, std::uint8_t slot) {
  const auto model = in.little<std::uint8_t>();
  const auto capabilities = in.little<std::uint16_t>();
  if (model > static_cast<std::uint8_t>(PadModel::switch_pro)) return std::nullopt;
  if ((capabilities & ~pad_capability::kAll) != 0) return std::nullopt;
  return PadArrival{.slot = slot, .model = static_cast<PadModel>(model), .capabilities = capabilities};
}

std::optional<PadEvent> read_state(ByteReader& in, std::uint8_t slot) {
  PadState state{.slot = slot, .buttons = in.little<std::uint32_t>()};
  state.left_trigger = in.little<std::uint8_t>();
  state.right_trigger = in.little<std::uint8_t>();
  for (auto* axis : {&state.left_x, &state.left_y, &state.right_x, &state.right_y}) *axis = read_i16(in);
  if ((state.buttons & ~pad_button::kAll) != 0) return std::nullopt;
  return state;
}

std::optional<PadEvent> read_touch(ByteReader& in, std::uint8_t slot) {
  PadTouch touch{.slot = slot, .finger = in.little<std::uint8_t>()};
  const auto touching = in.little<std::uint8_t>();
  touch.x = in.little<std::uint16_t>();
  touch.y = in.little<std::uint16_t>();
  if (touch.finger >= kMaxPadFingers || touching > 1) return std::nullopt;
  touch.touching = touching == 1;
  return touch;
}

std::optional<PadEvent> read_motion(ByteReader& in, std::uint8_t slot) {
  const auto sensor = read_sensor(in);
  PadMotion motion{.slot = slot};
  bool all_bounded = true;
  for (auto* axis : {&motion.x, &motion.y, &motion.z}) {
    *axis = std::bit_cast<float>(in.little<std::uint32_t>());
    all_bounded = all_bounded && std::fabs(*axis) <= kMaxPadMotion;  // false for NaN too
  }
  if (!sensor || !all_bounded) return std::nullopt;
  motion.sensor = *sensor;
  return motion;
}

std::optional<PadEvent> read_battery(ByteReader& in, std::uint8_t slot) {
  const auto power = in.little<std::uint8_t>();
  const auto percent = in.little<std::uint8_t>();
  if (power > static_cast<std::uint8_t>(PadPower::full)) return std::nullopt;
  if (percent > 100 && percent != kUnknownPadPercent) return std::nullopt;
  return PadBattery{.slot = slot, .power = static_cast<PadPower>(power), .percent = percent};
}

std::optional<PadEvent> read_event(ByteReader& in) {
  const auto type = static_cast<EventType>(in.little<std::uint8_t>());
  const auto slot = in.little<std::uint8_t>();
  if (slot >= kMaxPads) return std::nullopt;
  switch (type) {
    case EventType::arrival:
      return read_arrival(in, slot);
    case EventType::state:
      return read_state(in, slot);
    case EventType::touch:
      return read_touch(in, slot);
    case EventType::motion:
      return read_motion(in, slot);
    case EventType::battery:
      return read_battery(in, slot);
    case EventType::gone:
      return PadGone{slot};
  }
  return std::nullopt;
}

std::optional<PadFeedback> read_motion_request(ByteReader& in, std::uint8_t slot) {
  const auto sensor = read_sensor(in);
  const auto rate_hz = in.little<std::uint16_t>();
  if (!sensor) return std::nullopt;
  return PadMotionRequest{.slot = slot, .sensor = *sensor, .rate_hz = rate_hz};
}

std::optional<PadFeedback> read_adaptive_triggers(ByteReader& in, std::uint8_t slot) {
  const auto sets = in.little<std::uint8_t>();
  PadAdaptiveTriggers triggers{.slot = slot, .sets_left = (sets & 1U) != 0, .sets_right = (sets & 2U) != 0};
  for (auto* effect : {&triggers.left, &triggers.right}) {
    effect->kind = in.little<std::uint8_t>();
    for (auto& parameter : effect->parameters) parameter = in.little<std::uint8_t>();
  }
  return sets <= 3 ? std::optional<PadFeedback>{triggers} : std::nullopt;
}

std::optional<PadFeedback> read_feedback(ByteReader& in) {
  const auto type = static_cast<FeedbackType>(in.little<std::uint8_t>());
  const auto slot = in.little<std::uint8_t>();
  if (slot >= kMaxPads) return std::nullopt;
  const auto u8 = [&in] { return in.little<std::uint8_t>(); };
  const auto u16 = [&in] { return in.little<std::uint16_t>(); };
  switch (type) {  // braces evaluate from left to right
    case FeedbackType::rumble:
      return PadRumble{slot, u16(), u16()};
    case FeedbackType::trigger_rumble:
      return PadTriggerRumble{slot, u16(), u16()};
    case FeedbackType::light:
      return PadLight{slot, u8(), u8(), u8()};
    case FeedbackType::motion_request:
      return read_motion_request(in, slot);
    case FeedbackType::adaptive_triggers:
      return read_adaptive_triggers(in, slot);
  }
  return std::nullopt;
}

}  // namespace

bool may_be_motion(const PadEvent& event) {
  const auto* touch = std::get_if<PadTouch>(&event);
  return (touch != nullptr && touch->touching) || std::holds_alternative<PadState>(event) ||
         std::holds_alternative<PadMotion>(event);
}
bool may_be_edge(const PadEvent& event) { return !std::holds_alternative<PadMotion>(event); }

void put(ByteWriter& out, const ClientPad& pad) {
  out.little(pad.edge);
  out.little(pad.motion);
  std::visit([&](const auto& each) { put(out, each); }, pad.event);
}

void put(ByteWriter& out, const PadWord& word) {
  out.little(word.sequence);
  for (const auto& feedback : word.feedback) std::visit([&](const auto& each) { put(out, each); }, feedback);
}

std::optional<ClientPad> read_client_pad(ByteReader& in) {
  const auto edge = in.little<std::uint32_t>();
  const auto motion = in.little<std::uint32_t>();
  const auto event = read_event(in);
  if (!event) return std::nullopt;
  const bool fits = motion == 0 ? edge != 0 && may_be_edge(*event) : may_be_motion(*event);
  return fits ? std::optional{ClientPad{edge, motion, *event}} : std::nullopt;
}

std::optional<PadWord> read_pad_word(ByteReader& in) {
  PadWord word{.sequence = in.little<std::uint32_t>(), .feedback = {}};
  while (in.ok() && in.remaining() > 0) {
    const auto feedback = read_feedback(in);
    if (!feedback || word.feedback.size() == kMaxPadFeedback) return std::nullopt;
    word.feedback.push_back(*feedback);
  }
  return word;
}

}  // namespace lumen::lumen1
