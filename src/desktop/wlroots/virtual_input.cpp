#include "desktop/wlroots/virtual_input.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "base/fd.hpp"
#include "base/units.hpp"
#include "virtual-keyboard-unstable-v1-client-protocol.h"
#include "wlr-virtual-pointer-unstable-v1-client-protocol.h"

namespace lumen::wlroots {
namespace {

constexpr std::size_t kMaxKept = 256;
constexpr int kClick = 120;          // of v120
constexpr double kClickLength = 15;  // of wl_pointer.axis, as libinput has it
constexpr float kMaxMove = 100'000;  // pixels at once; wl_fixed ends at eight million

std::uint32_t now_ms() {
  return static_cast<std::uint32_t>(to_ns(SteadyTime{}.now()) / 1'000'000);  // wraps, as the protocol has it
}

bool is_key(std::uint16_t code) {
  return (code > KEY_RESERVED && code < BTN_MISC) || (code >= KEY_OK && code <= KEY_MAX);
}
bool is_button(std::uint16_t code) { return code >= BTN_MOUSE && code <= BTN_TASK; }

// The nearest whole pixel: see embedded_desktop.cpp's clients, who send round(p * 65535 / (n - 1)).
std::uint32_t to_pixel(std::uint16_t position, std::uint32_t side) {
  return static_cast<std::uint32_t>((std::uint64_t{position} * (side - 1) + 32'767) / 65'535);
}

// The compositor maps it: with its end, and never to change.
UniqueFd file_with(const std::string& text) {
  UniqueFd fd{::memfd_create("lumen-keymap", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  const auto size = static_cast<ssize_t>(text.size() + 1);
  if (!fd || ::write(fd.get(), text.c_str(), text.size() + 1) != size) return {};
  ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  return fd;
}

void give_keymap(zwp_virtual_keyboard_v1* keyboard, const std::string& text) {
  if (const auto fd = file_with(text)) {
    zwp_virtual_keyboard_v1_keymap(keyboard, WL_KEYBOARD_KEYMAP_FORMAT_XKB_V1, fd.get(),
                                   static_cast<std::uint32_t>(text.size() + 1));
  }
}

}  // namespace

VirtualInput::VirtualInput(wayland::WaylandConnection& connection, keymap::Layout layout)
    : connection_{connection}, layout_{std::move(layout)}, keys_{layout_} {
  kept_.reserve(kMaxKept);
  connection_.on_drained = [this] { send_kept(); };
}

VirtualInput::~VirtualInput() {
  connection_.on_drained = nullptr;
  if (!connection_.is_lost()) deliver(ReleaseAll{});
}

Result<std::unique_ptr<VirtualInput>> VirtualInput::create(wayland::WaylandConnection& connection,
                                                           wl_output* output, keymap::Layout layout) {
  std::unique_ptr<VirtualInput> made{new VirtualInput{connection, std::move(layout)}};
  LUMEN_CHECK_OK(made->bind(output));
  return made;
}

Status VirtualInput::bind(wl_output* output) {
  seat_ = connection_.bind(wl_seat_interface, wl_seat_destroy, 1, 1);
  pointers_ = connection_.bind(zwlr_virtual_pointer_manager_v1_interface,
                               zwlr_virtual_pointer_manager_v1_destroy, 2, 2);
  keyboards_ = connection_.bind(zwp_virtual_keyboard_manager_v1_interface,
                                zwp_virtual_keyboard_manager_v1_destroy, 1, 1);
  if (!seat_ || !pointers_ || !keyboards_) {
    return fail(ErrorCode::unsupported, "wlroots.input", "the compositor takes no input from programs",
                "It must offer wlr-virtual-pointer-unstable-v1 (version 2) and virtual-keyboard-unstable-v1");
  }
  pointer_ = wayland::own(zwlr_virtual_pointer_manager_v1_create_virtual_pointer_with_output(
                              pointers_.get(), seat_.get(), output),
                          zwlr_virtual_pointer_v1_destroy);
  keyboard_ = make_keyboard(layout_.text());
  return {};
}

VirtualInput::Keyboard VirtualInput::make_keyboard(const std::string& keymap) const {
  auto keyboard =
      wayland::own(zwp_virtual_keyboard_manager_v1_create_virtual_keyboard(keyboards_.get(), seat_.get()),
                   zwp_virtual_keyboard_v1_destroy);
  give_keymap(keyboard.get(), keymap);
  return keyboard;
}

void VirtualInput::set_size(const Mode& mode, double scale) {
  mode_ = mode;
  scale_ = scale;
}

void VirtualInput::inject(const InputEvent& event) {
  if (connection_.is_lost()) return;
  if (connection_.is_congested()) return keep(event);
  std::visit([this](const auto& concrete) { deliver(concrete); }, event);
  connection_.flush();
}

void VirtualInput::keep(const InputEvent& event) {
  auto* last = kept_.empty() ? nullptr : &kept_.back();
  if (last != nullptr && last->index() == event.index()) {
    if (std::holds_alternative<PointerMoveTo>(event)) {
      *last = event;
      return;
    }
    if (auto* move = std::get_if<PointerMoveBy>(last)) {
      move->dx += std::get<PointerMoveBy>(event).dx;
      move->dy += std::get<PointerMoveBy>(event).dy;
      return;
    }
  }
  if (kept_.size() == kMaxKept) kept_.assign(1, ReleaseAll{});  // nothing stays held, at least
  kept_.push_back(event);
}

void VirtualInput::send_kept() {
  const auto kept = std::exchange(kept_, {});
  kept_.reserve(kMaxKept);
  for (const auto& event : kept) inject(event);
}

// ---- the pointer.

void VirtualInput::deliver(const PointerMoveTo& event) {
  zwlr_virtual_pointer_v1_motion_absolute(pointer_.get(), now_ms(), to_pixel(event.x, mode_.width),
                                          to_pixel(event.y, mode_.height), mode_.width, mode_.height);
  zwlr_virtual_pointer_v1_frame(pointer_.get());
}

void VirtualInput::deliver(const PointerMoveBy& event) {
  if (!(std::fabs(event.dx) <= kMaxMove && std::fabs(event.dy) <= kMaxMove)) return;
  zwlr_virtual_pointer_v1_motion(pointer_.get(), now_ms(), wl_fixed_from_double(double{event.dx} / scale_),
                                 wl_fixed_from_double(double{event.dy} / scale_));
  zwlr_virtual_pointer_v1_frame(pointer_.get());
}

void VirtualInput::deliver(const PointerButton& event) {
  if (!is_button(event.evdev_code) || held_buttons_[event.evdev_code] == event.pressed) return;
  held_buttons_[event.evdev_code] = event.pressed;
  zwlr_virtual_pointer_v1_button(
      pointer_.get(), now_ms(), event.evdev_code,
      event.pressed ? WL_POINTER_BUTTON_STATE_PRESSED : WL_POINTER_BUTTON_STATE_RELEASED);
  zwlr_virtual_pointer_v1_frame(pointer_.get());
}

void VirtualInput::deliver(const Scroll& event) {
  if (event.vertical_v120 == 0 && event.horizontal_v120 == 0) return;
  zwlr_virtual_pointer_v1_axis_source(pointer_.get(), WL_POINTER_AXIS_SOURCE_WHEEL);
  scroll(WL_POINTER_AXIS_VERTICAL_SCROLL, event.vertical_v120, vertical_rest_v120_);
  scroll(WL_POINTER_AXIS_HORIZONTAL_SCROLL, event.horizontal_v120, horizontal_rest_v120_);
  zwlr_virtual_pointer_v1_frame(pointer_.get());
}

// Small steps of a fine wheel move at once, and are a click when they add up to one.
void VirtualInput::scroll(std::uint32_t axis, int v120, int& rest_v120) {
  if (v120 == 0) return;
  if ((v120 > 0) != (rest_v120 > 0)) rest_v120 = 0;
  rest_v120 += v120;
  const int clicks = rest_v120 / kClick;
  rest_v120 %= kClick;
  const auto length = wl_fixed_from_double(v120 * kClickLength / kClick);
  if (clicks != 0) {
    zwlr_virtual_pointer_v1_axis_discrete(pointer_.get(), now_ms(), axis, length, clicks);
  } else {
    zwlr_virtual_pointer_v1_axis(pointer_.get(), now_ms(), axis, length);
  }
}

// ---- the keyboards.

void VirtualInput::tell_modifiers(const keymap::Modifiers& modifiers) {
  zwp_virtual_keyboard_v1_modifiers(keyboard_.get(), modifiers.depressed, modifiers.latched, modifiers.locked,
                                    modifiers.layout);
}

void VirtualInput::deliver(const Key& event) {
  if (!is_key(event.evdev_code) || held_keys_[event.evdev_code] == event.pressed) return;
  held_keys_[event.evdev_code] = event.pressed;
  types_from_table_ = false;
  const bool others = keys_.update(event.evdev_code, event.pressed);
  zwp_virtual_keyboard_v1_key(keyboard_.get(), now_ms(), event.evdev_code,
                              event.pressed ? WL_KEYBOARD_KEY_STATE_PRESSED : WL_KEYBOARD_KEY_STATE_RELEASED);
  if (others) tell_modifiers(keys_.modifiers());
}

bool VirtualInput::modifiers_are_free() const {
  const auto modifiers = keys_.modifiers();
  const auto harmless = layout_.modifier("Mod2");  // the number lock
  return ((modifiers.depressed | modifiers.latched | modifiers.locked) & ~harmless) == 0;
}

void VirtualInput::deliver(const Character& event) {
  const auto stroke = layout_.stroke_for(event.code_point);
  if (stroke && !types_from_table_ && modifiers_are_free() && !held_keys_[stroke->evdev_code]) {
    type_on_layout(*stroke);
  } else {
    type_from_table(event.code_point);
  }
}

void VirtualInput::strike(zwp_virtual_keyboard_v1* keyboard, std::uint16_t evdev_code) {
  zwp_virtual_keyboard_v1_key(keyboard, now_ms(), evdev_code, WL_KEYBOARD_KEY_STATE_PRESSED);
  zwp_virtual_keyboard_v1_key(keyboard, now_ms(), evdev_code, WL_KEYBOARD_KEY_STATE_RELEASED);
}

void VirtualInput::type_on_layout(const keymap::Stroke& stroke) {
  const auto before = keys_.modifiers();
  const keymap::Modifiers needed{stroke.modifiers, 0, before.locked, stroke.layout};
  if (needed != before) tell_modifiers(needed);
  strike(keyboard_.get(), stroke.evdev_code);
  if (needed != before) tell_modifiers(before);
}

void VirtualInput::type_from_table(char32_t code_point) {
  const auto place = table_.find(code_point);
  if (!place) return;
  if (!table_keyboard_) {
    table_keyboard_ = make_keyboard(table_.keymap());
  } else if (place->is_new) {
    give_keymap(table_keyboard_.get(), table_.keymap());
  }
  types_from_table_ = true;
  strike(table_keyboard_.get(), place->evdev_code);
}

void VirtualInput::deliver(const ReleaseAll& /*event*/) {
  for (std::uint16_t code = 0; code < KEY_CNT; ++code) {
    if (held_keys_[code]) deliver(Key{code, false});
    if (held_buttons_[code]) deliver(PointerButton{code, false});
  }
  vertical_rest_v120_ = horizontal_rest_v120_ = 0;
}

}  // namespace lumen::wlroots
