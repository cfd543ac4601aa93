// lumen/gamepad: an Xbox One S pad at its cable, as the kernel's xpad driver shows one. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gamepad/pad_input.hpp"

namespace lumen::gamepad::xbox {

inline constexpr const char* kName = "Microsoft X-Box One S pad";
inline constexpr std::uint16_t kVendor = 0x045E, kProduct = 0x02EA, kVersion = 0x0408;

struct Axis {
  std::uint16_t code = 0;  // ABS_…
  int minimum = 0, maximum = 0, fuzz = 0, flat = 0;
};
std::span<const Axis> axes();
std::span<const std::uint16_t> keys();  // BTN_…, KEY_RECORD

struct Event {
  std::uint16_t type = 0, code = 0;
  int value = 0;
  bool operator==(const Event&) const = default;
};
// What changed from `before` to `after`, ended by a SYN_REPORT; nothing when nothing did.
void write_events(const PadState& before, const PadState& after, std::vector<Event>& out);

}  // namespace lumen::gamepad::xbox
