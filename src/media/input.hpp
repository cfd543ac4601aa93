// lumen/media: input events, as they travel from a client's window to a desktop's seat.
#pragma once

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
struct ReleaseAll {  // the client lost focus or went away: nothing stays held
  bool operator==(const ReleaseAll&) const = default;
};

using InputEvent = std::variant<PointerMoveTo, PointerMoveBy, PointerButton, Scroll, Key, ReleaseAll>;

}  // namespace lumen
