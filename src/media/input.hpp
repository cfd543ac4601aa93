// lumen/media: input events, as they travel from a client's window to a desktop's seat.
#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>

namespace lumen {

// Position in the frame, 0…65535 over the whole width and height, so that a scaled window is exact enough.
struct PointerMoveTo {
  std::uint16_t x = 0, y = 0;
  bool operator==(const PointerMoveTo&) const = default;
};
struct PointerMoveBy {
  float dx = 0, dy = 0;  // desktop pixels, unaccelerated
  bool operator==(const PointerMoveBy&) const = default;
};
struct PointerButton {
  std::uint16_t evdev_code = 0;  // BTN_LEFT…
  bool pressed = false;
  bool operator==(const PointerButton&) const = default;
};
struct Scroll {
  std::int16_t vertical_v120 = 0, horizontal_v120 = 0;  // 120 is one wheel click; positive: down, right
  bool operator==(const Scroll&) const = default;
};
struct Key {
  std::uint16_t evdev_code = 0;  // KEY_A…
  bool pressed = false;
  bool operator==(const Key&) const = default;
};

// A finger on a touch screen. Between its down and its up or cancel it is one contact, named by `id`; at most
// kMaxTouches are down at a time.
inline constexpr std::size_t kMaxTouches = 32;
enum class TouchPhase : std::uint8_t { down, move, up, cancel };  // cancel: what it did is to be undone
struct Touch {
  TouchPhase phase = TouchPhase::down;
  std::uint32_t id = 0;
  std::uint16_t x = 0, y = 0;  // as PointerMoveTo
  float pressure = 0;          // 0…1; 0 is unknown
  bool operator==(const Touch&) const = default;
};

// The pen as it is now, all of it each time: what happened is how it differs from the event before.
enum class PenPlace : std::uint8_t { away, hovering, touching };
enum class PenTool : std::uint8_t { pen, eraser };
inline constexpr std::uint8_t kPenPrimary = 1, kPenSecondary = 2, kPenTertiary = 4;  // buttons of its barrel
inline constexpr std::uint16_t kUnknownPenRotation = 0xFFFF;
inline constexpr std::uint8_t kUnknownPenTilt = 0xFF;
struct Pen {
  PenPlace place = PenPlace::away;
  PenTool tool = PenTool::pen;
  std::uint8_t buttons = 0;                              // kPenPrimary | …
  std::uint16_t x = 0, y = 0;                            // as PointerMoveTo
  float pressure = 0;                                    // 0…1 while touching; 0 is unknown
  float distance = 0;                                    // 0…1 while hovering: 1 is far, 0 unknown
  std::uint16_t rotation_degrees = kUnknownPenRotation;  // 0…360: where it points, clockwise from up
  std::uint8_t tilt_degrees = kUnknownPenTilt;           // 0…90 from upright
  bool operator==(const Pen&) const = default;
};

// A character that the client's keyboard made, whatever keys that took: typed, and up again.
struct Character {
  char32_t code_point = 0;  // a Unicode scalar value; no control character but tab, newline
  bool operator==(const Character&) const = default;
};

// The client lost focus or went away: nothing stays held, fingers are cancelled, the pen is away.
struct ReleaseAll {
  bool operator==(const ReleaseAll&) const = default;
};

using InputEvent =
    std::variant<PointerMoveTo, PointerMoveBy, PointerButton, Scroll, Key, ReleaseAll, Touch, Pen, Character>;

}  // namespace lumen
