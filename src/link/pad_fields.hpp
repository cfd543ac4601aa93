// lumen/link: pads as messages; between host and session, and between a session and the broker. Private to
// lumen/link.
#pragma once

#include "link/fields.hpp"
#include "media/pad.hpp"

namespace lumen::link {

template <>
inline constexpr std::uint8_t kType<PadArrival> = 32;
template <>
inline constexpr std::uint8_t kType<PadState> = 33;
template <>
inline constexpr std::uint8_t kType<PadTouch> = 34;
template <>
inline constexpr std::uint8_t kType<PadMotion> = 35;
template <>
inline constexpr std::uint8_t kType<PadBattery> = 36;
template <>
inline constexpr std::uint8_t kType<PadGone> = 37;
template <>
inline constexpr std::uint8_t kType<PadRumble> = 96;
template <>
inline constexpr std::uint8_t kType<PadTriggerRumble> = 97;
template <>
inline constexpr std::uint8_t kType<PadLight> = 98;
template <>
inline constexpr std::uint8_t kType<PadMotionRequest> = 99;
template <>
inline constexpr std::uint8_t kType<PadAdaptiveTriggers> = 100;

void slot(auto& io, auto& m) { io.up_to(m.slot, kMaxPads - 1); }

void fields(auto& io, Is<PadArrival> auto& m) {
  slot(io, m);
  io.choice(m.model, PadModel::xbox, PadModel::switch_pro);
  io.up_to(m.capabilities, pad_capability::kAll);
  io.number(m.identity);
}
void fields(auto& io, Is<PadState> auto& m) {
  slot(io, m);
  io.bits(m.buttons, pad_button::kAll);
  io.number(m.left_trigger);
  io.number(m.right_trigger);
  io.signed16(m.left_x);
  io.signed16(m.left_y);
  io.signed16(m.right_x);
  io.signed16(m.right_y);
}
void fields(auto& io, Is<PadTouch> auto& m) {
  slot(io, m);
  io.up_to(m.finger, kMaxPadFingers - 1);
  io.flag(m.touching);
  io.number(m.x);
  io.number(m.y);
}
void fields(auto& io, Is<PadMotion> auto& m) {
  slot(io, m);
  io.choice(m.sensor, PadSensor::accelerometer, PadSensor::gyroscope);
  io.real(m.x);
  io.real(m.y);
  io.real(m.z);
}
void fields(auto& io, Is<PadBattery> auto& m) {
  slot(io, m);
  io.choice(m.power, PadPower::unknown, PadPower::full);
  io.up_to_or(m.percent, 100, kUnknownPadPercent);
}
void fields(auto& io, Is<PadGone> auto& m) { slot(io, m); }
void fields(auto& io, Is<PadRumble> auto& m) {
  slot(io, m);
  io.number(m.strong);
  io.number(m.weak);
}
void fields(auto& io, Is<PadTriggerRumble> auto& m) {
  slot(io, m);
  io.number(m.left);
  io.number(m.right);
}
void fields(auto& io, Is<PadLight> auto& m) {
  slot(io, m);
  io.number(m.red);
  io.number(m.green);
  io.number(m.blue);
}
void fields(auto& io, Is<PadMotionRequest> auto& m) {
  slot(io, m);
  io.choice(m.sensor, PadSensor::accelerometer, PadSensor::gyroscope);
  io.number(m.rate_hz);
}
void fields(auto& io, Is<PadAdaptiveTriggers> auto& m) {
  slot(io, m);
  io.flag(m.sets_left);
  io.flag(m.sets_right);
  for (auto* effect : {&m.left, &m.right}) {
    io.number(effect->kind);
    for (auto& parameter : effect->parameters) io.number(parameter);
  }
}

}  // namespace lumen::link
