// lumen/gamestream/control: input packets, the payload of control message 0x0206 (spec part 3, section 7).
//
//   size u32 BE = bytes after it | magic u32 LE | body
//
// Each magic has one exact size. Parsing checks what no device may ever see: pad and button numbers, event
// kinds, finite floats. Values and their bytes; no state.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "base/wire.hpp"

namespace lumen::gamestream::control {

inline constexpr std::size_t kMaxTextBytes = 32;
inline constexpr std::uint8_t kMaxPads = 16;
inline constexpr std::uint16_t kUnknownRotation = 0xFFFF;  // degrees otherwise, 0 to 360
inline constexpr std::uint8_t kUnknownTilt = 0xFF;         // degrees from the vertical otherwise, 0 to 90
inline constexpr std::uint8_t kUnknownPercent = 0xFF;

namespace modifier {
inline constexpr std::uint8_t kShift = 1, kControl = 2, kAlt = 4, kMeta = 8;
}

struct KeyInput {
  bool pressed = false;
  std::uint8_t flags = 0;      // bit 0: the client could not map the key to a US position
  std::uint16_t code = 0;      // the low byte is a Windows virtual key; the high one says nothing
  std::uint8_t modifiers = 0;  // what the client believes is held
  bool operator==(const KeyInput&) const = default;
};
struct TextInput {  // one code point as a rule; bytes as they came, see TextAssembler
  std::array<char, kMaxTextBytes> bytes{};
  std::uint8_t size = 0;  // 1 to kMaxTextBytes
  std::string_view text() const { return {bytes.data(), size}; }
  bool operator==(const TextInput&) const = default;
};
struct MouseMoveBy {  // right and down are positive
  std::int16_t dx = 0, dy = 0;
  bool operator==(const MouseMoveBy&) const = default;
};
struct MouseMoveTo {  // width and height are the client's size minus one; x may be one more than width
  std::int16_t x = 0, y = 0, width = 0, height = 0;
  bool operator==(const MouseMoveTo&) const = default;
};
struct MouseButton {
  bool pressed = false;
  std::uint8_t button = 1;  // 1 left, 2 middle, 3 right, 4 X1, 5 X2
  bool operator==(const MouseButton&) const = default;
};
struct VerticalScroll {
  std::int16_t amount = 0;  // 120 is a notch; positive: up
  bool operator==(const VerticalScroll&) const = default;
};
struct HorizontalScroll {
  std::int16_t amount = 0;  // positive: right
  bool operator==(const HorizontalScroll&) const = default;
};
struct EnableHaptics {
  bool enable = true;
  bool operator==(const EnableHaptics&) const = default;
};

enum class TouchEvent : std::uint8_t { hover, down, up, move, cancel, button_only, hover_leave, cancel_all };

struct Touch {
  TouchEvent event = TouchEvent::hover;
  std::uint16_t rotation = kUnknownRotation;
  std::uint32_t pointer = 0;
  float x = 0, y = 0;              // 0 to 1 of the video
  float pressure_or_distance = 0;  // distance while hovering; 0 unknown
  float contact_major = 0, contact_minor = 0;
  bool operator==(const Touch&) const = default;
};
struct Pen {
  TouchEvent event = TouchEvent::hover;
  std::uint8_t tool = 0;     // 0 unknown, 1 pen, 2 eraser
  std::uint8_t buttons = 0;  // 1 primary, 2 secondary, 4 tertiary
  float x = 0, y = 0, pressure_or_distance = 0;
  std::uint16_t rotation = kUnknownRotation;
  std::uint8_t tilt = kUnknownTilt;
  float contact_major = 0, contact_minor = 0;
  bool operator==(const Pen&) const = default;
};

struct PadState {
  std::uint8_t pad = 0;
  std::uint16_t active_mask = 0;  // only the pad's own bit is sure
  std::uint32_t buttons = 0;
  std::uint8_t left_trigger = 0, right_trigger = 0;
  std::int16_t left_x = 0, left_y = 0, right_x = 0, right_y = 0;  // right and up are positive
  bool present() const { return ((active_mask >> pad) & 1U) != 0; }
  bool operator==(const PadState&) const = default;
};
struct PadArrival {
  std::uint8_t pad = 0;
  std::uint8_t type = 0;  // 0 unknown, 1 Xbox, 2 PlayStation, 3 Nintendo, 4 Steam
  std::uint16_t capabilities = 0;
  std::uint32_t buttons = 0;
  bool operator==(const PadArrival&) const = default;
};
struct PadTouch {
  std::uint8_t pad = 0;
  TouchEvent event = TouchEvent::hover;
  std::uint8_t touchpad = 0;  // 0 or 1
  std::uint32_t pointer = 0;
  float x = 0, y = 0, pressure = 0;
  bool operator==(const PadTouch&) const = default;
};
enum class MotionSensor : std::uint8_t { accelerometer = 1, gyroscope = 2 };
struct PadMotion {
  std::uint8_t pad = 0;
  MotionSensor sensor = MotionSensor::accelerometer;
  float x = 0, y = 0, z = 0;  // m/s² with gravity, or degrees per second
  bool operator==(const PadMotion&) const = default;
};
struct PadBattery {
  std::uint8_t pad = 0;
  std::uint8_t state = 0;  // 0 unknown, 1 none, 2 discharging, 3 charging, 4 on power, 5 full
  std::uint8_t percent = kUnknownPercent;
  bool operator==(const PadBattery&) const = default;
};

using InputPacket =
    std::variant<KeyInput, TextInput, MouseMoveBy, MouseMoveTo, MouseButton, VerticalScroll, HorizontalScroll,
                 EnableHaptics, Touch, Pen, PadState, PadArrival, PadTouch, PadMotion, PadBattery>;

// nullopt: unknown magic, wrong size, or a value out of range.
std::optional<InputPacket> parse_input(ByteView packet);
// Size field, magic and body. Test writer.ok() afterwards.
void write_input(const InputPacket& input, ByteWriter& writer);

}  // namespace lumen::gamestream::control
