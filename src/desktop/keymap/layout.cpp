#include "desktop/keymap/layout.hpp"

#include <array>
#include <bit>
#include <cstdlib>

#include <fmt/format.h>
#include <xkbcommon/xkbcommon.h>

namespace lumen::keymap {
namespace {

constexpr std::size_t kMaxTextBytes = 1U << 20U, kMaxNamesBytes = 64;
constexpr xkb_keycode_t kEvdevOffset = 8, kFirstKeycode = 9,
                        kLastKeycode = 255;  // what X11 programs know too

struct ContextUnref {
  void operator()(xkb_context* context) const noexcept { xkb_context_unref(context); }
};
using Context = std::unique_ptr<xkb_context, ContextUnref>;

Context make_context() {
  Context context{xkb_context_new(XKB_CONTEXT_NO_ENVIRONMENT_NAMES)};
  if (context) xkb_context_set_log_level(context.get(), XKB_LOG_LEVEL_CRITICAL);
  return context;
}

// They become part of file names inside xkbcommon.
bool are_layout_names(std::string_view names) {
  return !names.empty() && names.size() <= kMaxNamesBytes &&
         names.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-,()") ==
             std::string_view::npos;
}

bool is_keypad(xkb_keysym_t symbol) { return symbol >= XKB_KEY_KP_Space && symbol <= XKB_KEY_KP_Equal; }

// 0: the symbol is no character that is typed.
char32_t character_of(xkb_keysym_t symbol) {
  if (is_keypad(symbol)) return 0;
  const char32_t character = xkb_keysym_to_utf32(symbol);
  if (character == U'\r') return U'\n';
  return character >= 0x20 || character == U'\t' ? character : 0;
}

bool is_simpler(const Stroke& left, const Stroke& right) {
  if (left.layout != right.layout) return left.layout < right.layout;
  const int left_held = std::popcount(left.modifiers), right_held = std::popcount(right.modifiers);
  if (left_held != right_held) return left_held < right_held;
  return left.evdev_code < right.evdev_code;
}

}  // namespace

void Layout::Unref::operator()(xkb_keymap* keymap) const noexcept { xkb_keymap_unref(keymap); }
void UnrefState::operator()(xkb_state* state) const noexcept { xkb_state_unref(state); }

Result<Layout> Layout::compile(std::string_view names) {
  const auto context = make_context();
  const std::string layout{names};
  const xkb_rule_names rules{.layout = layout.c_str()};
  if (context && are_layout_names(names)) {
    if (auto* keymap = xkb_keymap_new_from_names(context.get(), &rules, XKB_KEYMAP_COMPILE_NO_FLAGS)) {
      return Layout{keymap};
    }
  }
  return fail(ErrorCode::invalid_argument, "keymap.layout",
              fmt::format("the keyboard layout {} is not known here", layout),
              "Install xkb-data; layouts are named like us, de or fr(bepo)");
}

Result<Layout> Layout::parse(std::string_view text) {
  const auto context = make_context();
  if (context && text.size() <= kMaxTextBytes) {
    if (auto* keymap = xkb_keymap_new_from_buffer(context.get(), text.data(), text.size(),
                                                  XKB_KEYMAP_FORMAT_TEXT_V1, XKB_KEYMAP_COMPILE_NO_FLAGS)) {
      return Layout{keymap};
    }
  }
  return fail(ErrorCode::malformed, "keymap.text", "the keymap of the desktop cannot be read");
}

Layout::Layout(xkb_keymap* keymap) : keymap_{keymap} {
  for (xkb_keycode_t code = kFirstKeycode; code <= kLastKeycode; ++code) {
    const auto layouts = xkb_keymap_num_layouts_for_key(keymap, code);
    for (xkb_layout_index_t layout = 0; layout < layouts; ++layout) note_key(code, layout);
  }
}

void Layout::note_key(std::uint32_t keycode, std::uint32_t layout) {
  const auto levels = xkb_keymap_num_levels_for_key(keymap_.get(), keycode, layout);
  for (xkb_level_index_t level = 0; level < levels; ++level) {
    const xkb_keysym_t* symbols = nullptr;
    if (xkb_keymap_key_get_syms_by_level(keymap_.get(), keycode, layout, level, &symbols) != 1) continue;
    const auto character = character_of(symbols[0]);
    if (character == 0) continue;
    std::array<xkb_mod_mask_t, 8> masks{};
    const auto count =
        xkb_keymap_key_get_mods_for_level(keymap_.get(), keycode, layout, level, masks.data(), masks.size());
    for (std::size_t i = 0; i < count; ++i) {
      const Stroke stroke{static_cast<std::uint16_t>(keycode - kEvdevOffset), masks[i], layout};
      const auto [found, is_new] = strokes_.try_emplace(character, stroke);
      if (!is_new && is_simpler(stroke, found->second)) found->second = stroke;
    }
  }
}

std::string Layout::text() const {
  struct Free {
    void operator()(char* text) const noexcept { std::free(text); }
  };
  const std::unique_ptr<char, Free> text{xkb_keymap_get_as_string(keymap_.get(), XKB_KEYMAP_FORMAT_TEXT_V1)};
  return text ? std::string{text.get()} : std::string{};
}

std::optional<Stroke> Layout::stroke_for(char32_t code_point) const {
  const auto found = strokes_.find(code_point);
  if (found == strokes_.end()) return std::nullopt;
  return found->second;
}

std::string Layout::typed_by(const Stroke& stroke) const {
  const std::unique_ptr<xkb_state, UnrefState> state{xkb_state_new(keymap_.get())};
  xkb_state_update_mask(state.get(), stroke.modifiers, 0, 0, 0, 0, stroke.layout);
  std::array<char, 16> utf8{};
  xkb_state_key_get_utf8(state.get(), stroke.evdev_code + kEvdevOffset, utf8.data(), utf8.size());
  return utf8.data();
}

std::uint32_t Layout::modifier(const char* name) const {
  const auto index = xkb_keymap_mod_get_index(keymap_.get(), name);
  return index < 32 ? 1U << index : 0U;
}

KeyState::KeyState(const Layout& layout) : state_{xkb_state_new(layout.keymap_.get())} {}

bool KeyState::update(std::uint16_t evdev_code, bool pressed) {
  const auto before = modifiers();
  xkb_state_update_key(state_.get(), evdev_code + kEvdevOffset, pressed ? XKB_KEY_DOWN : XKB_KEY_UP);
  return modifiers() != before;
}

Modifiers KeyState::modifiers() const {
  auto* state = state_.get();
  return {xkb_state_serialize_mods(state, XKB_STATE_MODS_DEPRESSED),
          xkb_state_serialize_mods(state, XKB_STATE_MODS_LATCHED),
          xkb_state_serialize_mods(state, XKB_STATE_MODS_LOCKED),
          xkb_state_serialize_layout(state, XKB_STATE_LAYOUT_EFFECTIVE)};
}

}  // namespace lumen::keymap
