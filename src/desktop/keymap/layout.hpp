// lumen/desktop/keymap: which keys make which characters, by xkb keymaps. Depends on base only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.hpp"

struct xkb_keymap;
struct xkb_state;

namespace lumen::keymap {

// A key with modifiers held, as bits of the keymap's real modifiers, in one of the keymap's layouts.
struct Stroke {
  std::uint16_t evdev_code = 0;  // KEY_A…
  std::uint32_t modifiers = 0;
  std::uint32_t layout = 0;
  bool operator==(const Stroke&) const = default;
};

// As wl_keyboard.modifiers tells them.
struct Modifiers {
  std::uint32_t depressed = 0, latched = 0, locked = 0, layout = 0;
  bool operator==(const Modifiers&) const = default;
};

struct UnrefState {
  void operator()(xkb_state* state) const noexcept;
};

// A compiled keymap. Thread-safe: no.
class Layout {
 public:
  // By names of xkeyboard-config: "us", "de(nodeadkeys)", "us,ru". `keymap.layout` when there is none of that
  // name, or xkb-data is not installed. The environment has no say.
  static Result<Layout> compile(std::string_view names);
  // A keymap's text (version 1, at most 1 MiB), as a compositor hands it out. `keymap.text`.
  static Result<Layout> parse(std::string_view text);

  // The text, for a compositor or an application.
  std::string text() const;
  // The simplest key that makes this character: few modifiers, of the first layout where it can be, no
  // keypad.
  std::optional<Stroke> stroke_for(char32_t code_point) const;
  // What a stroke types, UTF-8; empty: nothing.
  std::string typed_by(const Stroke& stroke) const;
  // The modifier of that name ("Shift", "Mod5") as a bit; 0: there is none.
  std::uint32_t modifier(const char* name) const;

 private:
  friend class KeyState;
  struct Unref {
    void operator()(xkb_keymap* keymap) const noexcept;
  };
  explicit Layout(xkb_keymap* keymap);
  void note_key(std::uint32_t keycode, std::uint32_t layout);

  std::unique_ptr<xkb_keymap, Unref> keymap_;
  std::unordered_map<char32_t, Stroke> strokes_;
};

// Which modifiers the keys that are held make: for those who must tell them themselves. Outlives its layout.
class KeyState {
 public:
  explicit KeyState(const Layout& layout);
  // True when the modifiers are others now.
  bool update(std::uint16_t evdev_code, bool pressed);
  Modifiers modifiers() const;

 private:
  std::unique_ptr<xkb_state, UnrefState> state_;
};

}  // namespace lumen::keymap
