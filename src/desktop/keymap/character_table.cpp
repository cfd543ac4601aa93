#include "desktop/keymap/character_table.hpp"

#include <linux/input-event-codes.h>

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>
#include <xkbcommon/xkbcommon.h>

namespace lumen::keymap {
namespace {

constexpr std::uint16_t kLastCode = 247, kFirstRareCode = KEY_F13;  // X11 programs know none beyond 247
constexpr unsigned kEvdevOffset = 8;

// Keys that programs take by their place, whatever character is on them.
bool acts_by_its_place(std::uint16_t code) {
  constexpr std::array kKeys{
      KEY_ESC,         KEY_BACKSPACE,    KEY_TAB,      KEY_ENTER,     KEY_LEFTCTRL, KEY_LEFTSHIFT,
      KEY_RIGHTSHIFT,  KEY_LEFTALT,      KEY_SPACE,    KEY_CAPSLOCK,  KEY_NUMLOCK,  KEY_SCROLLLOCK,
      KEY_F11,         KEY_F12,          KEY_KPENTER,  KEY_RIGHTCTRL, KEY_SYSRQ,    KEY_RIGHTALT,
      KEY_MUTE,        KEY_VOLUMEDOWN,   KEY_VOLUMEUP, KEY_POWER,     KEY_PAUSE,    KEY_LEFTMETA,
      KEY_RIGHTMETA,   KEY_COMPOSE,      KEY_SLEEP,    KEY_WAKEUP,    KEY_MEDIA,    KEY_NEXTSONG,
      KEY_PLAYPAUSE,   KEY_PREVIOUSSONG, KEY_STOPCD,   KEY_MICMUTE,   KEY_SUSPEND,  KEY_BRIGHTNESSDOWN,
      KEY_BRIGHTNESSUP};
  return std::ranges::find(kKeys, int{code}) != kKeys.end() || (code >= KEY_F1 && code <= KEY_F10) ||
         (code >= KEY_HOME && code <= KEY_DELETE);
}

bool is_typed(char32_t code_point) {
  if (code_point == U'\t' || code_point == U'\n') return true;
  const bool is_control = code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0);
  const bool is_surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  return !is_control && !is_surrogate && code_point <= 0x10'FFFF;
}

std::string symbol_of(char32_t code_point) {
  if (code_point == U'\t') return "Tab";
  if (code_point == U'\n') return "Return";
  std::array<char, 64> name{};
  xkb_keysym_get_name(xkb_utf32_to_keysym(code_point), name.data(), name.size());
  return name.data();
}

// Every keymap must have these four, X11 servers say.
constexpr std::string_view kTypes = R"(xkb_types "{0}" {{
  type "ONE_LEVEL" {{ modifiers = none; level_name[1] = "Any"; }};
  type "TWO_LEVEL" {{ modifiers = Shift; map[Shift] = 2; level_name[1] = "Base"; level_name[2] = "Shift"; }};
  type "ALPHABETIC" {{ modifiers = Shift+Lock; map[Shift] = 2; map[Lock] = 2;
    level_name[1] = "Base"; level_name[2] = "Caps"; }};
  type "KEYPAD" {{ modifiers = Shift; map[Shift] = 2; level_name[1] = "Base"; level_name[2] = "Number"; }};
}};
xkb_compatibility "{0}" {{
  interpret Any + AnyOf(all) {{ action = SetMods(modifiers = modMapMods, clearLocks); }};
}};
)";

}  // namespace

CharacterTable::CharacterTable() {
  const auto add = [this](std::uint16_t first, std::uint16_t last) {
    for (std::uint16_t code = first; code <= last; ++code) {
      if (!acts_by_its_place(code)) keys_.push_back({.evdev_code = code});
    }
  };
  add(kFirstRareCode, kLastCode);
  add(KEY_1, kFirstRareCode - 1);
}

std::optional<CharacterTable::Place> CharacterTable::find(char32_t code_point) {
  if (!is_typed(code_point)) return std::nullopt;
  if (const auto found = places_.find(code_point); found != places_.end()) {
    auto& key = keys_[found->second];
    key.last_used = ++uses_;
    return Place{key.evdev_code, false};
  }
  const auto oldest = std::ranges::min_element(keys_, {}, &Key::last_used);
  if (oldest->code_point != 0) places_.erase(oldest->code_point);
  oldest->code_point = code_point;
  oldest->last_used = ++uses_;
  places_.emplace(code_point, static_cast<std::size_t>(std::distance(keys_.begin(), oldest)));
  return Place{oldest->evdev_code, true};
}

std::string CharacterTable::keymap() const {
  std::string codes, symbols;
  for (const auto& key : keys_) {
    if (key.code_point == 0) continue;
    fmt::format_to(std::back_inserter(codes), "  <L{0:03}> = {0};\n", key.evdev_code + kEvdevOffset);
    fmt::format_to(std::back_inserter(symbols), "  key <L{:03}> {{ type = \"ONE_LEVEL\", [ {} ] }};\n",
                   key.evdev_code + kEvdevOffset, symbol_of(key.code_point));
  }
  return fmt::format("xkb_keymap {{\nxkb_keycodes \"{0}\" {{\n  minimum = 8;\n  maximum = 255;\n{1}}};\n",
                     kName, codes) +
         fmt::format(kTypes, kName) + fmt::format("xkb_symbols \"{0}\" {{\n{1}}};\n}};\n", kName, symbols);
}

}  // namespace lumen::keymap
