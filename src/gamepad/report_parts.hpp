// lumen/gamepad: pieces that the reports of several pads share. Pure. Private to lumen/gamepad.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

#include "base/wire.hpp"
#include "gamepad/hid_pad.hpp"

namespace lumen::gamepad {

constexpr std::byte to_byte(std::unsigned_integral auto value) {
  return static_cast<std::byte>(value & 0xFFU);
}

inline void put16(MutableBytes bytes, std::size_t offset, std::uint16_t value) {
  bytes[offset] = to_byte(value);
  bytes[offset + 1] = to_byte(static_cast<unsigned>(value) >> 8U);
}
inline void put16(MutableBytes bytes, std::size_t offset, std::int16_t value) {
  put16(bytes, offset, static_cast<std::uint16_t>(value));
}
inline void put32(MutableBytes bytes, std::size_t offset, std::uint32_t value) {
  put16(bytes, offset, static_cast<std::uint16_t>(value & 0xFFFFU));
  put16(bytes, offset + 2, static_cast<std::uint16_t>(value >> 16U));
}
inline std::uint8_t at(ByteView bytes, std::size_t offset) {
  return offset < bytes.size() ? std::to_integer<std::uint8_t>(bytes[offset]) : std::uint8_t{0};
}

// A finite value in steps of 1/scale, as near as 16 bits let it.
inline std::int16_t to_raw(float value, float scale) {
  using Limits = std::numeric_limits<std::int16_t>;
  const auto scaled =
      std::clamp(value * scale, static_cast<float>(Limits::min()), static_cast<float>(Limits::max()));
  return static_cast<std::int16_t>(std::lround(scaled));
}

// What a pad holds, opposites of its cross cancelled.
struct Cross {
  int x = 0, y = 0;  // right and down are positive
};
inline Cross cross_of(std::uint32_t buttons) {
  const auto held = [buttons](std::uint32_t bit) { return (buttons & bit) != 0 ? 1 : 0; };
  return {held(pad_button::kRight) - held(pad_button::kLeft),
          held(pad_button::kDown) - held(pad_button::kUp)};
}
// 0 up, clockwise to 7; 8 released.
inline std::uint8_t hat_of(std::uint32_t buttons) {
  constexpr std::uint8_t kHats[3][3] = {{7, 0, 1}, {6, 8, 2}, {5, 4, 3}};
  const auto cross = cross_of(buttons);
  return kHats[cross.y + 1][cross.x + 1];
}

struct ButtonBit {
  std::uint32_t button;  // pad_button
  std::uint8_t byte, bit;
};
inline void set_buttons(MutableBytes report, std::uint32_t buttons, std::span<const ButtonBit> map) {
  for (const auto& each : map) {
    if ((buttons & each.button) != 0) report[each.byte] |= std::byte{each.bit};
  }
}

}  // namespace lumen::gamepad
