// lumen/gamepad: what DualShock 4 and DualSense have in common. Private to lumen/gamepad.
#pragma once

#include "gamepad/report_parts.hpp"

namespace lumen::gamepad::sony {

constexpr std::uint16_t kVendor = 0x054C;

// 0…255, up is 0, the middle is 128.
inline std::byte stick_x(std::int16_t x) { return to_byte(static_cast<unsigned>(x + 32768) >> 8U); }
inline std::byte stick_y(std::int16_t y) {
  return to_byte(std::min(static_cast<unsigned>(32768 - y) >> 8U, 255U));
}

// With write_calibration(): 20 steps a degree per second, 10 000 steps a g.
constexpr float kStepsPerDegree = 20, kStepsPerG = 10'000;
inline void put_axes(MutableBytes report, std::size_t offset, const Axes& axes, float scale) {
  put16(report, offset, to_raw(axes.x, scale));
  put16(report, offset + 2, to_raw(axes.y, scale));
  put16(report, offset + 4, to_raw(axes.z, scale));
}
inline void put_motion(MutableBytes report, std::size_t offset, const PadInput& input) {
  put_axes(report, offset, input.rotation, kStepsPerDegree);
  put_axes(report, offset + 6, input.acceleration, kStepsPerG / kStandardGravity);
}

// Behind the report's id: no bias; ±10 000 steps are 500 degrees per second either way; and 1 g.
inline void write_calibration(MutableBytes report) {
  for (const std::size_t offset : {7U, 11U, 15U, 23U, 27U, 31U}) {
    put16(report, offset, std::int16_t{10'000});
    put16(report, offset + 2, std::int16_t{-10'000});
  }
  put16(report, 19, std::int16_t{500});
  put16(report, 21, std::int16_t{500});
}

// The address, lowest byte first.
inline void put_address(MutableBytes report, std::size_t offset, const PadAddress& address) {
  for (std::size_t i = 0; i < address.size(); ++i) {
    report[offset + i] = std::byte{address[address.size() - 1 - i]};
  }
}

// Four bytes: contact (bit 7: not touching), x and y of 12 bits each.
inline void put_finger(MutableBytes report, std::size_t offset, const PadFinger& finger, unsigned width,
                       unsigned height) {
  const unsigned x = finger.x * (width - 1) / 65535U;
  const unsigned y = finger.y * (height - 1) / 65535U;
  report[offset] = to_byte(finger.contact | (finger.touching ? 0U : 0x80U));
  report[offset + 1] = to_byte(x);
  report[offset + 2] = to_byte((x >> 8U) | (y << 4U));
  report[offset + 3] = to_byte(y >> 4U);
}

// 0…10 tenths. A pad of whose battery nothing is known looks full and wired.
inline unsigned tenths_of(const PadInput& input) {
  return input.percent == kUnknownPadPercent ? 10U : (input.percent + 5U) / 10U;
}

}  // namespace lumen::gamepad::sony
