#include "seat.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>

namespace lumen::scene {
namespace {

Seat& seat(void* self) { return *static_cast<Seat*>(self); }

}  // namespace

Seat::Seat(Params params) : print_events_{params.print_events}, seat_{std::move(params.seat)} {
  static constexpr wl_seat_listener kListener{
      .capabilities = [](void* self, wl_seat*, std::uint32_t bits) { seat(self).on_capabilities(bits); },
      .name = [](void*, wl_seat*, const char*) {}};
  wl_seat_add_listener(seat_.get(), &kListener, this);
}

void Seat::on_capabilities(std::uint32_t capabilities) {
  const bool pointer = (capabilities & WL_SEAT_CAPABILITY_POINTER) != 0;
  const bool keyboard = (capabilities & WL_SEAT_CAPABILITY_KEYBOARD) != 0;
  if (!pointer) pointer_.reset();
  if (!keyboard) keyboard_.reset();
  if (pointer && !pointer_) {
    pointer_.reset(wl_seat_get_pointer(seat_.get()));
    wl_pointer_add_listener(pointer_.get(), &pointer_listener(), this);
  }
  if (keyboard && !keyboard_) {
    keyboard_.reset(wl_seat_get_keyboard(seat_.get()));
    wl_keyboard_add_listener(keyboard_.get(), &keyboard_listener(), this);
  }
}

const wl_pointer_listener& Seat::pointer_listener() {
  static constexpr wl_pointer_listener kListener{
      .enter =
          [](void* self, wl_pointer* pointer, std::uint32_t serial, wl_surface*, wl_fixed_t x, wl_fixed_t y) {
            wl_pointer_set_cursor(pointer, serial, nullptr, 0, 0);  // the scene draws its own mark
            seat(self).move_pointer(x, y);
          },
      .leave = [](void* self, wl_pointer*, std::uint32_t, wl_surface*) { seat(self).leave(); },
      .motion = [](void* self, wl_pointer*, std::uint32_t, wl_fixed_t x,
                   wl_fixed_t y) { seat(self).move_pointer(x, y); },
      .button = [](void* self, wl_pointer*, std::uint32_t, std::uint32_t, std::uint32_t code,
                   std::uint32_t state) { seat(self).press("button", code, state); },
      .axis = [](void* self, wl_pointer*, std::uint32_t, std::uint32_t axis,
                 wl_fixed_t value) { seat(self).scroll(axis, value); },
      .frame = [](void*, wl_pointer*) {},
      .axis_source = [](void*, wl_pointer*, std::uint32_t) {},
      .axis_stop = [](void*, wl_pointer*, std::uint32_t, std::uint32_t) {},
      .axis_discrete = [](void*, wl_pointer*, std::uint32_t, std::int32_t) {},
      .axis_value120 = nullptr};
  return kListener;
}

const wl_keyboard_listener& Seat::keyboard_listener() {
  static constexpr wl_keyboard_listener kListener{
      .keymap = [](void*, wl_keyboard*, std::uint32_t, std::int32_t fd, std::uint32_t) { close(fd); },
      .enter = [](void*, wl_keyboard*, std::uint32_t, wl_surface*, wl_array*) {},
      .leave = [](void*, wl_keyboard*, std::uint32_t, wl_surface*) {},
      .key = [](void* self, wl_keyboard*, std::uint32_t, std::uint32_t, std::uint32_t code,
                std::uint32_t state) { seat(self).press("key", code, state); },
      .modifiers = [](void*, wl_keyboard*, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t,
                      std::uint32_t) {},
      .repeat_info = [](void*, wl_keyboard*, std::int32_t, std::int32_t) {}};
  return kListener;
}

void Seat::move_pointer(wl_fixed_t x, wl_fixed_t y) {
  marks_.pointer_inside = true;
  marks_.pointer_x = wl_fixed_to_int(x);
  marks_.pointer_y = wl_fixed_to_int(y);
  changed_ = true;
  if (!print_events_) return;
  fmt::print("pointer {:.2f} {:.2f}\n", wl_fixed_to_double(x), wl_fixed_to_double(y));
  std::fflush(stdout);
}

void Seat::leave() {
  marks_.pointer_inside = false;
  changed_ = true;
}

void Seat::press(const char* what, std::uint32_t code, std::uint32_t state) {
  if (state == 1) ++marks_.presses;
  changed_ = changed_ || state == 1;
  if (!print_events_) return;
  fmt::print("{} {} {}\n", what, code, state);
  std::fflush(stdout);
}

void Seat::scroll(std::uint32_t axis, wl_fixed_t value) const {
  if (!print_events_) return;
  fmt::print("axis {} {:.1f}\n", axis, wl_fixed_to_double(value));
  std::fflush(stdout);
}

}  // namespace lumen::scene
