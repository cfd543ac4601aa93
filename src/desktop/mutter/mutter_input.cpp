#include "desktop/mutter/mutter_input.hpp"

#include <xkbcommon/xkbcommon.h>

#include <algorithm>
#include <cmath>

namespace lumen::mutter {
namespace {

constexpr std::uint32_t kNobodysKey = 240;  // KEY_UNKNOWN: no layout gives it a meaning
constexpr std::uint32_t kVertical = 0, kHorizontal = 1;
constexpr std::uint32_t kFromWheel = 2;  // NotifyPointerAxis' flags
constexpr double kClickLength = 10;      // of one wheel click, in Mutter's own units
constexpr int kClick = 120;

// 0…65535 over the whole side, to the nearest whole pixel.
double to_pixel(std::uint16_t position, std::uint32_t side) {
  return std::round(position * (side - 1.0) / 65'535.0);
}

// The same, where parts of pixels count.
double to_place(std::uint16_t position, std::uint32_t side) { return position * (side - 1.0) / 65'535.0; }

}  // namespace

void Input::prepare() {
  session_.notify("NotifyKeyboardKeycode", "ub", kNobodysKey, 1);
  session_.notify("NotifyKeyboardKeycode", "ub", kNobodysKey, 0);
}

void Input::inject(const InputEvent& event, const Mode& mode) {
  std::visit([&](const auto& concrete) { deliver(concrete, mode); }, event);
}

void Input::deliver(const PointerMoveTo& event, const Mode& mode) {
  session_.notify("NotifyPointerMotionAbsolute", "sdd", session_.stream().c_str(),
                  to_pixel(event.x, mode.width), to_pixel(event.y, mode.height));
}

void Input::deliver(const PointerMoveBy& event, const Mode& /*mode*/) {
  session_.notify("NotifyPointerMotionRelative", "dd", double{event.dx}, double{event.dy});
}

void Input::deliver(const PointerButton& event, const Mode& /*mode*/) {
  if (event.evdev_code >= kMaxCode) return;
  buttons_[event.evdev_code] = event.pressed;
  session_.notify("NotifyPointerButton", "ib", static_cast<std::int32_t>(event.evdev_code),
                  int{event.pressed});
}

void Input::deliver(const Scroll& event, const Mode& /*mode*/) {
  scroll(kVertical, event.vertical_v120);
  scroll(kHorizontal, event.horizontal_v120);
}

// Whole clicks as such, for applications that count them; parts of clicks as a length.
void Input::scroll(std::uint32_t axis, int v120) {
  if (const int clicks = v120 / kClick; clicks != 0)
    session_.notify("NotifyPointerAxisDiscrete", "ui", axis, clicks);
  const double length = v120 % kClick * kClickLength / kClick;
  if (length == 0) return;
  const bool vertical = axis == kVertical;
  session_.notify("NotifyPointerAxis", "ddu", vertical ? 0.0 : length, vertical ? length : 0.0, kFromWheel);
}

void Input::deliver(const Key& event, const Mode& /*mode*/) {
  if (event.evdev_code >= kMaxCode) return;
  keys_[event.evdev_code] = event.pressed;
  session_.notify("NotifyKeyboardKeycode", "ub", std::uint32_t{event.evdev_code}, int{event.pressed});
}

void Input::deliver(const Character& event, const Mode& /*mode*/) {
  const auto code_point = event.code_point == U'\n' ? U'\r' : event.code_point;  // as the Return key says it
  const auto symbol = xkb_utf32_to_keysym(code_point);
  if (symbol == XKB_KEY_NoSymbol) return;
  session_.notify("NotifyKeyboardKeysym", "ub", symbol, 1);
  session_.notify("NotifyKeyboardKeysym", "ub", symbol, 0);
}

std::optional<std::uint32_t> Input::slot_of(std::uint32_t id) const {
  const auto found = std::ranges::find(touches_, std::optional{id});
  if (found == touches_.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - touches_.begin());
}

void Input::deliver(const Touch& event, const Mode& mode) {
  auto slot = slot_of(event.id);
  const double x = to_place(event.x, mode.width), y = to_place(event.y, mode.height);
  if (event.phase == TouchPhase::down) {
    const auto free = std::ranges::find_if(touches_, [](const auto& finger) { return !finger; });
    if (slot || free == touches_.end()) return;
    *free = event.id;
    session_.notify("NotifyTouchDown", "sudd", session_.stream().c_str(), *slot_of(event.id), x, y);
  } else if (!slot) {
    return;
  } else if (event.phase == TouchPhase::move) {
    session_.notify("NotifyTouchMotion", "sudd", session_.stream().c_str(), *slot, x, y);
  } else {
    lift(*slot);  // Mutter cannot take back a touch
  }
}

void Input::lift(std::uint32_t slot) {
  touches_[slot].reset();
  session_.notify("NotifyTouchUp", "u", slot);
}

void Input::deliver(const ReleaseAll& /*event*/, const Mode& mode) {
  for (std::uint16_t code = 0; code < kMaxCode; ++code) {
    if (keys_[code]) deliver(Key{code, false}, mode);
    if (buttons_[code]) deliver(PointerButton{code, false}, mode);
  }
  for (std::uint32_t slot = 0; slot < kMaxSlots; ++slot) {
    if (touches_[slot]) lift(slot);
  }
}

}  // namespace lumen::mutter
