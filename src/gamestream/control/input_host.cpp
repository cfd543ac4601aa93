#include "gamestream/control/input_host.hpp"

#include <linux/input-event-codes.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "gamestream/control/virtual_keys.hpp"

namespace lumen::gamestream::control {
namespace {

struct Modifier {
  std::uint8_t bit;
  std::uint16_t left, right;  // evdev codes
};
constexpr std::uint8_t kAllPenButtons = kPenPrimary | kPenSecondary | kPenTertiary;
constexpr std::array<Modifier, 4> kModifiers{{{modifier::kShift, KEY_LEFTSHIFT, KEY_RIGHTSHIFT},
                                              {modifier::kControl, KEY_LEFTCTRL, KEY_RIGHTCTRL},
                                              {modifier::kAlt, KEY_LEFTALT, KEY_RIGHTALT},
                                              {modifier::kMeta, KEY_LEFTMETA, KEY_RIGHTMETA}}};

bool is_modifier(std::uint16_t code) {
  return std::ranges::any_of(kModifiers, [code](const auto& m) { return m.left == code || m.right == code; });
}

bool is_function_key(std::uint16_t code) {
  return (code >= KEY_F1 && code <= KEY_F10) || code == KEY_F11 || code == KEY_F12 ||
         (code >= KEY_F13 && code <= KEY_F24);
}

std::uint16_t evdev_button(std::uint8_t button) {
  constexpr std::uint16_t kButtons[] = {0, BTN_LEFT, BTN_MIDDLE, BTN_RIGHT, BTN_SIDE, BTN_EXTRA};
  return kButtons[button];
}

std::int16_t clamp_i16(int value) {
  using Limits = std::numeric_limits<std::int16_t>;
  return static_cast<std::int16_t>(std::clamp<int>(value, Limits::min(), Limits::max()));
}

bool fits_i16(int value) { return clamp_i16(value) == value; }

// Share of the video → share of the picture within it → 0…65535.
std::uint16_t place(double share, double begin, double length) {
  const double in_video = std::clamp(share, 0.0, 1.0);
  const double in_picture = length > 0 ? std::clamp((in_video - begin) / length, 0.0, 1.0) : 0.0;
  return static_cast<std::uint16_t>(std::lround(in_picture * 65535));
}

bool ends_contact(TouchEvent event) {
  return event == TouchEvent::up || event == TouchEvent::cancel || event == TouchEvent::hover_leave ||
         event == TouchEvent::cancel_all;
}

bool is_release(const InputPacket& packet) {
  if (const auto* key = std::get_if<KeyInput>(&packet)) return !key->pressed;
  if (const auto* button = std::get_if<MouseButton>(&packet)) return !button->pressed;
  if (const auto* touch = std::get_if<Touch>(&packet)) return ends_contact(touch->event);
  if (const auto* pen = std::get_if<Pen>(&packet)) return ends_contact(pen->event);
  if (const auto* pad = std::get_if<PadState>(&packet)) {
    return *pad == PadState{.pad = pad->pad, .active_mask = pad->active_mask};
  }
  return false;
}

// nullopt: nothing that a touch screen sees.
std::optional<TouchPhase> touch_phase(TouchEvent event) {
  switch (event) {
    case TouchEvent::down:
      return TouchPhase::down;
    case TouchEvent::move:
      return TouchPhase::move;
    case TouchEvent::up:
      return TouchPhase::up;
    case TouchEvent::cancel:
      return TouchPhase::cancel;
    case TouchEvent::hover:
    case TouchEvent::hover_leave:
    case TouchEvent::button_only:
    case TouchEvent::cancel_all:
      break;
  }
  return std::nullopt;
}

float to_share(float value) { return std::clamp(value, 0.0F, 1.0F); }

bool is_same_but_for_axes(const lumen::Pen& one, const lumen::Pen& other) {
  return one.place == other.place && one.tool == other.tool && one.buttons == other.buttons;
}

// The same kind of motion of the same thing, so that only the newer one counts.
bool is_newer_of(const InputEvent& event, const InputEvent& before) {
  if (const auto* touch = std::get_if<lumen::Touch>(&event)) {
    const auto* earlier = std::get_if<lumen::Touch>(&before);
    return earlier != nullptr && earlier->phase == TouchPhase::move && earlier->id == touch->id;
  }
  if (const auto* pen = std::get_if<lumen::Pen>(&event)) {
    const auto* earlier = std::get_if<lumen::Pen>(&before);
    return earlier != nullptr && is_same_but_for_axes(*pen, *earlier);
  }
  return std::holds_alternative<PointerMoveTo>(event) && std::holds_alternative<PointerMoveTo>(before);
}

}  // namespace

InputHost::InputHost(const InputParams& params) : params_{params}, pads_{params.pads} {
  waiting_.reserve(kMaxWaiting);
  touches_.reserve(kMaxTouches);
}

void InputHost::take(const InputPacket& packet, Timestamp now) {
  ++counters_.packets;
  if (!within_rate(packet, now)) {
    ++counters_.over_rate;
  } else if (!allowed(packet)) {
    ++counters_.not_allowed;
  } else {
    std::visit([this](const auto& each) { on(each); }, packet);
  }
}

bool InputHost::within_rate(const InputPacket& packet, Timestamp now) {
  if (last_packet_ && now > *last_packet_) {
    const auto seconds = std::chrono::duration<double>(now - *last_packet_).count();
    allowance_ = std::min(kPacketsPerSecond, allowance_ + seconds * kPacketsPerSecond);
  }
  last_packet_ = now;
  if (is_release(packet)) return true;
  if (allowance_ < 1) return false;
  allowance_ -= 1;
  return true;
}

bool InputHost::allowed(const InputPacket& packet) const {
  const auto& may = params_.permissions;
  if (std::holds_alternative<KeyInput>(packet)) return may.keyboard;
  if (std::holds_alternative<TextInput>(packet)) return may.text;
  if (std::holds_alternative<Touch>(packet) || std::holds_alternative<Pen>(packet)) return may.touch;
  if (std::holds_alternative<EnableHaptics>(packet)) return true;
  const bool mouse =
      std::holds_alternative<MouseMoveBy>(packet) || std::holds_alternative<MouseMoveTo>(packet) ||
      std::holds_alternative<MouseButton>(packet) || std::holds_alternative<VerticalScroll>(packet) ||
      std::holds_alternative<HorizontalScroll>(packet);
  return mouse ? may.pointer : may.pads;
}

void InputHost::on(const KeyInput& key) {
  if (key.pressed) {
    press(key);
  } else {
    release(static_cast<std::uint8_t>(key.code));
  }
}

void InputHost::press(const KeyInput& key) {
  const auto virtual_key = static_cast<std::uint8_t>(key.code);
  const auto code = evdev_key(virtual_key, params_.japanese_keys && (key.flags & 1U) != 0);
  if (code == 0 || held_keys_[virtual_key] != 0) {
    ++counters_.meaningless;
    return;
  }
  // On a modifier's own event the byte is not to be trusted.
  const auto claimed = is_modifier(code) ? std::uint8_t{0} : key.modifiers;
  const auto already = held_modifiers();
  if (blocked(code, already | claimed)) {
    ++counters_.not_allowed;
    return;
  }
  if (!room_for(1 + 2 * kModifiers.size())) return;
  const bool down_already = held(code);
  held_keys_[virtual_key] = code;
  if (down_already) return;
  const auto press_claimed = [&](bool pressed) {
    for (const auto& each : kModifiers) {
      if ((claimed & ~already & each.bit) != 0) waiting_.emplace_back(Key{each.left, pressed});
    }
  };
  press_claimed(true);
  waiting_.emplace_back(Key{code, true});
  press_claimed(false);
}

void InputHost::release(std::uint8_t virtual_key) {
  const auto code = held_keys_[virtual_key];
  if (code == 0) {
    ++counters_.meaningless;
    return;
  }
  if (!room_for(1)) return;
  held_keys_[virtual_key] = 0;
  if (!held(code)) waiting_.emplace_back(Key{code, false});
}

bool InputHost::held(std::uint16_t evdev_code) const {
  return std::ranges::find(held_keys_, evdev_code) != held_keys_.end();
}

std::uint8_t InputHost::held_modifiers() const {
  unsigned bits = 0;
  for (const auto& each : kModifiers) {
    if (held(each.left) || held(each.right)) bits |= each.bit;
  }
  return static_cast<std::uint8_t>(bits);
}

bool InputHost::blocked(std::uint16_t evdev_code, std::uint8_t modifiers) const {
  if (!params_.block_system_keys) return false;
  constexpr unsigned kSwitchTerminal = modifier::kControl | modifier::kAlt;
  if (evdev_code == KEY_SLEEP) return true;
  if (is_function_key(evdev_code) && (modifiers & kSwitchTerminal) == kSwitchTerminal) return true;
  return (modifiers & modifier::kAlt) != 0 && held(KEY_SYSRQ) && !is_modifier(evdev_code);
}

void InputHost::on(const TextInput& text) {
  std::array<char32_t, kMaxTextBytes> code_points{};
  const auto count = text_.add(text.text(), code_points);
  if (count == 0) {
    ++counters_.meaningless;
    return;
  }
  if (!params_.desktop.text) return tell(UnsupportedInput::text);
  if (!room_for(count)) return;
  for (std::size_t i = 0; i < count; ++i) waiting_.emplace_back(Character{code_points[i]});
}

void InputHost::on(const MouseMoveBy& move) {
  if (move.dx == 0 && move.dy == 0) return;
  push_motion(PointerMoveBy{static_cast<float>(move.dx), static_cast<float>(move.dy)});
}

void InputHost::on(const MouseMoveTo& move) {
  if (move.width <= 0 || move.height <= 0) {
    ++counters_.meaningless;
    return;
  }
  const auto& picture = params_.picture;
  push_motion(PointerMoveTo{place(1.0 * move.x / move.width, picture.left, picture.width),
                            place(1.0 * move.y / move.height, picture.top, picture.height)});
}

void InputHost::on(const MouseButton& button) {
  const auto bit = static_cast<std::uint8_t>(1U << button.button);
  if (((held_buttons_ & bit) != 0) == button.pressed) {
    ++counters_.meaningless;
    return;
  }
  if (!room_for(1)) return;
  held_buttons_ ^= bit;
  waiting_.emplace_back(PointerButton{evdev_button(button.button), button.pressed});
}

void InputHost::on(const VerticalScroll& scroll) {
  push_scroll(Scroll{.vertical_v120 = clamp_i16(-int{scroll.amount})});  // up is positive there, down here
}

void InputHost::on(const HorizontalScroll& scroll) { push_scroll(Scroll{.horizontal_v120 = scroll.amount}); }

void InputHost::on(const Touch& touch) {
  if (!params_.desktop.touch) return tell(UnsupportedInput::touch);
  if (touch.event == TouchEvent::cancel_all) return cancel_touches();
  const auto phase = touch_phase(touch.event);
  const auto held = std::ranges::find(touches_, touch.pointer);
  const bool is_held = held != touches_.end();
  const bool is_down = phase == TouchPhase::down;
  if (!phase || is_down == is_held || (is_down && touches_.size() == kMaxTouches)) {
    ++counters_.meaningless;
    return;
  }
  const auto& picture = params_.picture;
  const bool presses = is_down || *phase == TouchPhase::move;
  const lumen::Touch event{.phase = *phase,
                           .id = touch.pointer,
                           .x = place(double{touch.x}, picture.left, picture.width),
                           .y = place(double{touch.y}, picture.top, picture.height),
                           .pressure = presses ? to_share(touch.pressure_or_distance) : 0.0F};
  if (*phase == TouchPhase::move) {
    push_motion(event);
    return;
  }
  if (!room_for(1)) return;
  if (is_down) {
    touches_.push_back(touch.pointer);
  } else {
    touches_.erase(held);
  }
  waiting_.emplace_back(event);
}

void InputHost::cancel_touches() {
  if (touches_.empty()) {
    ++counters_.meaningless;
    return;
  }
  if (!room_for(touches_.size())) return;
  for (const auto id : touches_) waiting_.emplace_back(lumen::Touch{.phase = TouchPhase::cancel, .id = id});
  touches_.clear();
}

void InputHost::on(const Pen& pen) {
  if (!params_.desktop.pen) return tell(UnsupportedInput::pen);
  if (pen.event == TouchEvent::hover) pen_hovers_ = true;
  const auto next = after(pen);
  if (!next) {
    ++counters_.meaningless;
    return;
  }
  if (is_same_but_for_axes(*next, pen_)) {
    if (!push_motion(*next)) return;
  } else {
    if (!room_for(1)) return;
    waiting_.emplace_back(*next);
  }
  pen_ = *next;
}

// A hover that comes during a stroke was overtaken by its begin.
std::optional<lumen::Pen> InputHost::after(const Pen& pen) const {
  const bool touching = pen_.place == PenPlace::touching, near = pen_.place != PenPlace::away;
  auto next = pen_;
  switch (pen.event) {
    case TouchEvent::hover:
    case TouchEvent::down:
      if (touching) return std::nullopt;
      next.place = pen.event == TouchEvent::down ? PenPlace::touching : PenPlace::hovering;
      read_pen(pen, next);
      return next;
    case TouchEvent::move:
    case TouchEvent::up:
      if (!touching) return std::nullopt;
      if (pen.event == TouchEvent::up) next.place = pen_hovers_ ? PenPlace::hovering : PenPlace::away;
      read_pen(pen, next);
      return next;
    case TouchEvent::button_only:
      if (!near) return std::nullopt;
      next.buttons = pen.buttons & kAllPenButtons;
      return next;
    case TouchEvent::hover_leave:
      if (pen_.place != PenPlace::hovering) return std::nullopt;
      break;
    case TouchEvent::cancel:
    case TouchEvent::cancel_all:
      if (!near) return std::nullopt;
      break;
  }
  next.place = PenPlace::away;
  next.buttons = 0;
  next.pressure = next.distance = 0;
  return next;
}

void InputHost::read_pen(const Pen& from, lumen::Pen& to) const {
  const auto& picture = params_.picture;
  if (from.tool != 0) to.tool = from.tool == 2 ? PenTool::eraser : PenTool::pen;
  to.buttons = to.place == PenPlace::away ? std::uint8_t{0} : from.buttons & kAllPenButtons;
  to.x = place(double{from.x}, picture.left, picture.width);
  to.y = place(double{from.y}, picture.top, picture.height);
  const bool lifted = from.event == TouchEvent::up;
  to.pressure = to.place == PenPlace::touching ? to_share(from.pressure_or_distance) : 0.0F;
  to.distance = to.place == PenPlace::hovering && !lifted ? to_share(from.pressure_or_distance) : 0.0F;
  to.rotation_degrees = from.rotation <= 360 ? from.rotation : kUnknownPenRotation;
  to.tilt_degrees = from.tilt <= 90 ? from.tilt : kUnknownPenTilt;
}

bool InputHost::room_for(std::size_t edges) {
  if (waiting_.size() + edges <= kMaxWaiting) return true;
  ++counters_.overflows;
  forget_held();
  waiting_.clear();
  waiting_.emplace_back(ReleaseAll{});
  return false;
}

bool InputHost::push_motion(const InputEvent& event) {
  if (merge(event)) {
    ++counters_.merged;
    return true;
  }
  if (!room_for(1)) return false;
  waiting_.push_back(event);
  return true;
}

bool InputHost::merge(const InputEvent& motion) {
  if (waiting_.empty()) return false;
  auto& last = waiting_.back();
  if (auto* before = std::get_if<PointerMoveBy>(&last)) {
    const auto* more = std::get_if<PointerMoveBy>(&motion);
    if (more == nullptr) return false;
    before->dx += more->dx;
    before->dy += more->dy;
    return true;
  }
  if (!is_newer_of(motion, last)) return false;
  // A stroke is drawn from all its places, and one that begins it must stay: they merge only in need.
  if (std::holds_alternative<lumen::Pen>(last)) {
    if (waiting_.size() <= kMaxWaiting / 2 || !is_newer_of(last, waiting_[waiting_.size() - 2])) return false;
  }
  last = motion;
  return true;
}

void InputHost::push_scroll(const Scroll& scroll) {
  if (scroll == Scroll{}) return;
  if (auto* before = waiting_.empty() ? nullptr : std::get_if<Scroll>(&waiting_.back())) {
    const int vertical = before->vertical_v120 + scroll.vertical_v120;
    const int horizontal = before->horizontal_v120 + scroll.horizontal_v120;
    if (fits_i16(vertical) && fits_i16(horizontal)) {
      *before = {static_cast<std::int16_t>(vertical), static_cast<std::int16_t>(horizontal)};
      ++counters_.merged;
      return;
    }
  }
  if (room_for(1)) waiting_.emplace_back(scroll);
}

void InputHost::forget_held() {
  held_keys_.fill(0);
  held_buttons_ = 0;
  touches_.clear();
  pen_ = {};
}

bool InputHost::anything_held() const {
  return held_buttons_ != 0 || !touches_.empty() || pen_.place != PenPlace::away ||
         std::ranges::any_of(held_keys_, [](auto code) { return code != 0; });
}

void InputHost::release_all() {
  pads_.release_all();
  if (!anything_held()) return;
  if (!room_for(1)) return;  // then it has released all
  forget_held();
  waiting_.emplace_back(ReleaseAll{});
}

void InputHost::set_permissions(const InputPermissions& permissions) {
  if (permissions == params_.permissions) return;
  release_all();
  params_.permissions = permissions;
}

void InputHost::drain(std::vector<InputEvent>& out) {
  out.insert(out.end(), waiting_.begin(), waiting_.end());
  waiting_.clear();
}

void InputHost::tell(UnsupportedInput kind) {
  ++counters_.unsupported;
  const auto bit = static_cast<std::uint8_t>(1U << static_cast<unsigned>(kind));
  if ((unsupported_told_ & bit) != 0) return;
  unsupported_told_ |= bit;
  unsupported_new_ |= bit;
}

std::optional<UnsupportedInput> InputHost::take_unsupported() {
  for (const auto kind : {UnsupportedInput::text, UnsupportedInput::touch, UnsupportedInput::pen}) {
    const auto bit = static_cast<std::uint8_t>(1U << static_cast<unsigned>(kind));
    if ((unsupported_new_ & bit) == 0) continue;
    unsupported_new_ ^= bit;
    return kind;
  }
  return std::nullopt;
}

}  // namespace lumen::gamestream::control
