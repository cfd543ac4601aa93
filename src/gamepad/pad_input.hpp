// lumen/gamepad: one pad as it is now, from the events that came. Pure.
#pragma once

#include <array>
#include <cstdint>

#include "media/pad.hpp"

namespace lumen::gamepad {

inline constexpr float kStandardGravity = 9.80665F;  // m/s²

struct Axes {
  float x = 0, y = 0, z = 0;
};

struct PadFinger {
  bool touching = false;
  std::uint8_t contact = 0;    // 0…127, another one each time that it comes down
  std::uint16_t x = 0, y = 0;  // 0…65535
};

struct PadInput {
  PadState state;
  std::array<PadFinger, kMaxPadFingers> fingers;
  Axes acceleration{0, kStandardGravity, 0};  // m/s²; it lies on a table until it says otherwise
  Axes rotation;                              // degrees per second
  PadPower power = PadPower::unknown;
  std::uint8_t percent = kUnknownPadPercent;
  std::uint8_t last_contact = 0;

  // False: nothing changed that a report shows.
  bool apply(const PadEvent& event);
  // Nothing is pressed or touched, nothing turns.
  void release();
};

}  // namespace lumen::gamepad
