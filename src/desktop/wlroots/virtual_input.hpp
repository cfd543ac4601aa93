// Input into a compositor of wlroots' kind: a virtual pointer that belongs to one output, a virtual keyboard,
// and a second one for characters that no key of the layout makes.
#pragma once

#include <linux/input-event-codes.h>

#include <bitset>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "desktop/keymap/character_table.hpp"
#include "desktop/keymap/layout.hpp"
#include "desktop/wayland/connection.hpp"
#include "media/input.hpp"
#include "media/mode.hpp"

struct zwlr_virtual_pointer_manager_v1;
struct zwlr_virtual_pointer_v1;
struct zwp_virtual_keyboard_manager_v1;
struct zwp_virtual_keyboard_v1;

namespace lumen::wlroots {

// Owner: the connection's thread. Destroyed before the connection.
class VirtualInput {
 public:
  // `wlroots.input` when the compositor lets nobody do so.
  static Result<std::unique_ptr<VirtualInput>> create(wayland::WaylandConnection& connection,
                                                      wl_output* output, keymap::Layout layout);
  VirtualInput(const VirtualInput&) = delete;
  VirtualInput& operator=(const VirtualInput&) = delete;
  ~VirtualInput();

  // Pixels of the output, and how many of them are one of the desktop's.
  void set_size(const Mode& mode, double scale);
  // Sent when it returns. While the compositor reads nothing it is kept, and motion is added up.
  void inject(const InputEvent& event);

 private:
  using Keyboard = wayland::Proxy<zwp_virtual_keyboard_v1>;

  VirtualInput(wayland::WaylandConnection& connection, keymap::Layout layout);
  Status bind(wl_output* output);
  Keyboard make_keyboard(const std::string& keymap) const;

  void keep(const InputEvent& event);
  void send_kept();
  void deliver(const PointerMoveTo& event);
  void deliver(const PointerMoveBy& event);
  void deliver(const PointerButton& event);
  void deliver(const Scroll& event);
  void deliver(const Key& event);
  void deliver(const Character& event);
  void deliver(const ReleaseAll& event);
  void deliver(const Touch& /*event*/) {}  // no protocol of these compositors takes fingers or pens
  void deliver(const Pen& /*event*/) {}
  void scroll(std::uint32_t axis, int v120, int& rest_v120);
  void tell_modifiers(const keymap::Modifiers& modifiers);
  void strike(zwp_virtual_keyboard_v1* keyboard, std::uint16_t evdev_code);
  void type_on_layout(const keymap::Stroke& stroke);
  void type_from_table(char32_t code_point);
  bool modifiers_are_free() const;

  wayland::WaylandConnection& connection_;
  keymap::Layout layout_;
  keymap::KeyState keys_;
  keymap::CharacterTable table_;
  wayland::Proxy<wl_seat> seat_;
  wayland::Proxy<zwlr_virtual_pointer_manager_v1> pointers_;
  wayland::Proxy<zwp_virtual_keyboard_manager_v1> keyboards_;
  wayland::Proxy<zwlr_virtual_pointer_v1> pointer_;
  Keyboard keyboard_, table_keyboard_;  // the second: from the first such character on
  Mode mode_;
  double scale_ = 1;
  std::vector<InputEvent> kept_;
  int vertical_rest_v120_ = 0, horizontal_rest_v120_ = 0;
  bool types_from_table_ = false;  // since the last key: a word is typed by one keyboard, as far as can be
  std::bitset<KEY_CNT> held_keys_, held_buttons_;
};

}  // namespace lumen::wlroots
