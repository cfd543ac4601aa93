#include "gamepad/pad_input.hpp"

namespace lumen::gamepad {
namespace {

void touch(PadInput& input, const PadTouch& event) {
  auto& finger = input.fingers.at(event.finger);
  if (event.touching && !finger.touching) {
    input.last_contact = (input.last_contact + 1U) & 0x7FU;
    finger.contact = input.last_contact;
  }
  finger.touching = event.touching;
  finger.x = event.x;
  finger.y = event.y;
}

}  // namespace

bool PadInput::apply(const PadEvent& event) {
  if (const auto* now = std::get_if<PadState>(&event)) {
    if (*now == state) return false;
    state = *now;
  } else if (const auto* finger = std::get_if<PadTouch>(&event)) {
    touch(*this, *finger);
  } else if (const auto* motion = std::get_if<PadMotion>(&event)) {
    auto& sensed = motion->sensor == PadSensor::gyroscope ? rotation : acceleration;
    sensed = {motion->x, motion->y, motion->z};
  } else if (const auto* battery = std::get_if<PadBattery>(&event)) {
    power = battery->power;
    percent = battery->percent;
  } else {
    return false;
  }
  return true;
}

void PadInput::release() {
  state = PadState{.slot = state.slot};
  for (auto& finger : fingers) finger.touching = false;
  rotation = {};
}

}  // namespace lumen::gamepad
