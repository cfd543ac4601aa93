#include "desktop/mutter/mutter_input.hpp"

namespace lumen::mutter {
namespace {

constexpr std::uint16_t kNobodysKey = 240;                              // KEY_UNKNOWN: no layout has it
constexpr std::uint32_t kNobodysSlot = remote::RemoteInput::kMaxSlots;  // the last one of Mutter's
constexpr double kNowhere = -1'000'000;                                 // outside of every monitor
constexpr std::uint32_t kFromWheel = 2;                                 // a flag of NotifyPointerAxis

}  // namespace

void MutterNotifier::prepare() {
  key(kNobodysKey, true);
  key(kNobodysKey, false);
  move_by(0, 0);
  if ((session_.device_types() & kTouchscreen) == 0) return;
  touch_down(kNobodysSlot, kNowhere, kNowhere);
  touch_up(kNobodysSlot);
}

void MutterNotifier::move_to(double x, double y) {
  session_.notify("NotifyPointerMotionAbsolute", "sdd", session_.stream().c_str(), x, y);
}

void MutterNotifier::move_by(double dx, double dy) {
  session_.notify("NotifyPointerMotionRelative", "dd", dx, dy);
}

void MutterNotifier::button(std::uint16_t evdev_code, bool pressed) {
  session_.notify("NotifyPointerButton", "ib", std::int32_t{evdev_code}, int{pressed});
}

void MutterNotifier::clicks(remote::Axis axis, int count) {
  session_.notify("NotifyPointerAxisDiscrete", "ui", static_cast<std::uint32_t>(axis), count);
}

void MutterNotifier::scroll(double dx, double dy) {
  session_.notify("NotifyPointerAxis", "ddu", dx, dy, kFromWheel);
}

void MutterNotifier::key(std::uint16_t evdev_code, bool pressed) {
  session_.notify("NotifyKeyboardKeycode", "ub", std::uint32_t{evdev_code}, int{pressed});
}

void MutterNotifier::symbol(std::uint32_t keysym, bool pressed) {
  session_.notify("NotifyKeyboardKeysym", "ub", keysym, int{pressed});
}

void MutterNotifier::touch_down(std::uint32_t slot, double x, double y) {
  session_.notify("NotifyTouchDown", "sudd", session_.stream().c_str(), slot, x, y);
}

void MutterNotifier::touch_move(std::uint32_t slot, double x, double y) {
  session_.notify("NotifyTouchMotion", "sudd", session_.stream().c_str(), slot, x, y);
}

void MutterNotifier::touch_up(std::uint32_t slot) { session_.notify("NotifyTouchUp", "u", slot); }

}  // namespace lumen::mutter
