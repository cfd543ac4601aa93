// lumen/interface: what a person does to a screen of the client, whichever device it was done with.
#pragma once

#include <cstdint>
#include <variant>

namespace lumen {

// Keyboard: arrows, Enter or space, Escape, F1 or Menu, Delete, Backspace, Tab. Pad: cross or left stick, A,
// B, Start, Y, X, shoulder buttons.
enum class ScreenKey : std::uint8_t {
  up,
  down,
  left,
  right,
  accept,
  back,
  menu,
  options,
  erase,
  next,
  previous
};

struct ScreenPress {
  ScreenKey key = ScreenKey::accept;
  bool operator==(const ScreenPress&) const = default;
};
// Typed. A space comes as this alone.
struct ScreenText {
  char32_t code_point = 0;
  bool operator==(const ScreenText&) const = default;
};
// The pointer, in units of the scene (interface/scene.hpp).
struct ScreenPoint {
  float x = 0, y = 0;
  bool clicked = false;
  bool operator==(const ScreenPoint&) const = default;
};
struct ScreenScroll {
  float clicks_down = 0;
  bool operator==(const ScreenScroll&) const = default;
};

using ScreenInput = std::variant<ScreenPress, ScreenText, ScreenPoint, ScreenScroll>;

}  // namespace lumen
