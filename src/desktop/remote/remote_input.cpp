#include "desktop/remote/remote_input.hpp"

#include <xkbcommon/xkbcommon.h>

#include <algorithm>
#include <cmath>

namespace lumen::remote {
namespace {

constexpr double kClickLength = 10;
constexpr int kClick = 120;

// 0…65535 over the whole side, to the nearest whole pixel.
double to_pixel(std::uint16_t position, std::uint32_t side) {
  return std::round(position * (side - 1.0) / 65'535.0);
}

// The same, where parts of pixels count.
double to_place(std::uint16_t position, std::uint32_t side) { return position * (side - 1.0) / 65'535.0; }

}  // namespace

void RemoteInput::inject(const InputEvent& event, const Mode& mode) {
  std::visit([&](const auto& concrete) { deliver(concrete, mode); }, event);
}

void RemoteInput::deliver(const PointerMoveTo& event, const Mode& mode) {
  notifier_.move_to(to_pixel(event.x, mode.width), to_pixel(event.y, mode.height));
}

void RemoteInput::deliver(const PointerMoveBy& event, const Mode& /*mode*/) {
  if (std::isfinite(event.dx) && std::isfinite(event.dy))
    notifier_.move_by(double{event.dx}, double{event.dy});
}

void RemoteInput::deliver(const PointerButton& event, const Mode& /*mode*/) {
  if (event.evdev_code >= kMaxCode) return;
  buttons_[event.evdev_code] = event.pressed;
  notifier_.button(event.evdev_code, event.pressed);
}

void RemoteInput::deliver(const Scroll& event, const Mode& /*mode*/) {
  scroll(Axis::vertical, event.vertical_v120);
  scroll(Axis::horizontal, event.horizontal_v120);
}

// Whole clicks as such, for applications that count them; parts of clicks as a length.
void RemoteInput::scroll(Axis axis, int v120) {
  if (const int clicks = v120 / kClick; clicks != 0) notifier_.clicks(axis, clicks);
  const double length = v120 % kClick * kClickLength / kClick;
  if (length == 0) return;
  notifier_.scroll(axis == Axis::horizontal ? length : 0, axis == Axis::vertical ? length : 0);
}

void RemoteInput::deliver(const Key& event, const Mode& /*mode*/) {
  if (event.evdev_code >= kMaxCode) return;
  keys_[event.evdev_code] = event.pressed;
  notifier_.key(event.evdev_code, event.pressed);
}

void RemoteInput::deliver(const Character& event, const Mode& /*mode*/) {
  const auto code_point = event.code_point == U'\n' ? U'\r' : event.code_point;  // as the Return key says it
  const auto symbol = xkb_utf32_to_keysym(code_point);
  if (symbol == XKB_KEY_NoSymbol) return;
  notifier_.symbol(symbol, true);
  notifier_.symbol(symbol, false);
}

std::optional<std::uint32_t> RemoteInput::slot_of(std::uint32_t id) const {
  const auto found = std::ranges::find(touches_, std::optional{id});
  if (found == touches_.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - touches_.begin());
}

void RemoteInput::deliver(const Touch& event, const Mode& mode) {
  const double x = to_place(event.x, mode.width), y = to_place(event.y, mode.height);
  const auto slot = slot_of(event.id);
  if (event.phase == TouchPhase::down) {
    if (!slot) touch_down(event.id, x, y);
  } else if (!slot) {
    return;
  } else if (event.phase == TouchPhase::move) {
    notifier_.touch_move(*slot, x, y);
  } else {
    lift(*slot);  // no such desktop can take a touch back
  }
}

void RemoteInput::touch_down(std::uint32_t id, double x, double y) {
  const auto free = std::ranges::find_if(touches_, [](const auto& finger) { return !finger; });
  if (free == touches_.end()) return;
  *free = id;
  notifier_.touch_down(static_cast<std::uint32_t>(free - touches_.begin()), x, y);
}

void RemoteInput::lift(std::uint32_t slot) {
  touches_[slot].reset();
  notifier_.touch_up(slot);
}

void RemoteInput::deliver(const ReleaseAll& /*event*/, const Mode& mode) {
  for (std::uint16_t code = 0; code < kMaxCode; ++code) {
    if (keys_[code]) deliver(Key{code, false}, mode);
    if (buttons_[code]) deliver(PointerButton{code, false}, mode);
  }
  for (std::uint32_t slot = 0; slot < kMaxSlots; ++slot) {
    if (touches_[slot]) lift(slot);
  }
}

}  // namespace lumen::remote
