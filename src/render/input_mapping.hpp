// lumen/render: from a window's coordinates, wheel steps and scancodes to what a desktop understands.
// Pure values; no SDL calls.
#pragma once

#include <cstdint>
#include <optional>

#include "media/input.hpp"
#include "media/picture.hpp"

namespace lumen::render {

struct Size {
  std::uint32_t width = 0, height = 0;
  bool operator==(const Size&) const = default;
};

// The largest area of the picture's shape inside the window, centred. Empty when either is.
Rect fit(Size picture, Size window);

// Position of the window's pixel (x, y) in the picture that fills `area`; outside it, the nearest edge.
// Pixel centres: a picture shown 1:1 gets exactly the pixel that was pointed at.
PointerMoveTo to_picture(std::int32_t x, std::int32_t y, const Rect& area);

bool contains(const Rect& area, std::int32_t x, std::int32_t y);

// Turns fractions of wheel clicks into v120 units; what is left of a unit counts for the next event.
class WheelAccumulator {
 public:
  // `clicks_right`, `clicks_up` in wheel clicks. nullopt while it is less than one unit.
  std::optional<Scroll> add(float clicks_right, float clicks_up);

 private:
  double right_ = 0, down_ = 0;  // v120 units not yet sent
};

// 0 for a scancode without an evdev equivalent. SDL scancodes are USB HID usages of the keyboard page, and
// from 258 on SDL's own numbers for media keys.
std::uint16_t evdev_key(std::uint32_t sdl_scancode);

// 0 for a button that desktops do not know. SDL: 1 left, 2 middle, 3 right, 4 back, 5 forward.
std::uint16_t evdev_button(std::uint8_t sdl_button);

}  // namespace lumen::render
