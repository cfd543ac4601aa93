#include "desktop/kwin/layout_keys.hpp"

#include <linux/input-event-codes.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xkbcommon/xkbcommon.h>

#include <algorithm>
#include <optional>
#include <string>

#include "base/fd.hpp"

namespace lumen::kwin {
namespace {

constexpr std::size_t kMaxKeymapBytes = 1 << 20;
constexpr xkb_keycode_t kEvdevOffset = 8;
constexpr xkb_layout_index_t kFirstLayout = 0;  // which one is in use is told to the focused window alone

struct ContextFree {
  void operator()(xkb_context* context) const noexcept { xkb_context_unref(context); }
};

// read(), not a mapping: whoever wrote the keymap might cut it off under us.
std::string read_all(int fd, std::size_t size) {
  std::string text(std::min(size, kMaxKeymapBytes), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const auto got = ::pread(fd, text.data() + have, text.size() - have, static_cast<off_t>(have));
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  text.resize(have);
  return text;
}

// The keys that hold `mods`, of those that a person has.
std::optional<std::vector<std::uint16_t>> holders_of(xkb_keymap* keymap, xkb_mod_mask_t mods) {
  struct Holder {
    const char* name;
    std::uint16_t key;
  };
  std::vector<std::uint16_t> keys;
  for (const auto& [name, key] : {Holder{"Shift", KEY_LEFTSHIFT}, Holder{"Mod5", KEY_RIGHTALT}}) {
    const auto index = xkb_keymap_mod_get_index(keymap, name);
    if (index == XKB_MOD_INVALID || (mods & (1U << index)) == 0) continue;
    mods &= ~(1U << index);
    keys.push_back(key);
  }
  if (mods != 0) return std::nullopt;
  return keys;
}

struct Search {
  xkb_keysym_t wanted;
  std::vector<std::uint16_t> keys;
};

void look_at_key(xkb_keymap* keymap, xkb_keycode_t code, void* data) {
  auto& search = *static_cast<Search*>(data);
  if (code < kEvdevOffset || code - kEvdevOffset > KEY_MICMUTE || !search.keys.empty()) return;
  const auto levels = xkb_keymap_num_levels_for_key(keymap, code, kFirstLayout);
  for (xkb_level_index_t level = 0; level < levels; ++level) {
    const xkb_keysym_t* symbols = nullptr;
    const int count = xkb_keymap_key_get_syms_by_level(keymap, code, kFirstLayout, level, &symbols);
    if (count != 1 || symbols[0] != search.wanted) continue;
    xkb_mod_mask_t masks[8] = {};
    const auto mask_count =
        xkb_keymap_key_get_mods_for_level(keymap, code, kFirstLayout, level, masks, std::size(masks));
    for (std::size_t i = 0; i < mask_count; ++i) {
      auto keys = holders_of(keymap, masks[i]);
      if (!keys) continue;
      keys->push_back(static_cast<std::uint16_t>(code - kEvdevOffset));
      search.keys = *std::move(keys);
      return;
    }
  }
}

}  // namespace

void LayoutKeys::KeymapFree::operator()(xkb_keymap* keymap) const noexcept { xkb_keymap_unref(keymap); }

struct LayoutKeys::Listeners {
  static void keymap(void* self, wl_keyboard*, std::uint32_t format, int fd, std::uint32_t size) {
    const UniqueFd owned{fd};
    if (format == WL_KEYBOARD_KEYMAP_FORMAT_XKB_V1) static_cast<LayoutKeys*>(self)->take_keymap(fd, size);
  }
  static void capabilities(void* self, wl_seat*, std::uint32_t capabilities) {
    static_cast<LayoutKeys*>(self)->take_capabilities(capabilities);
  }
  static constexpr wl_seat_listener kSeat{.capabilities = capabilities, .name = wayland::ignore};
  static constexpr wl_keyboard_listener kKeyboard{.keymap = keymap,
                                                  .enter = wayland::ignore,
                                                  .leave = wayland::ignore,
                                                  .key = wayland::ignore,
                                                  .modifiers = wayland::ignore,
                                                  .repeat_info = wayland::ignore};
};

LayoutKeys::LayoutKeys(wayland::WaylandConnection& connection)
    : seat_{connection.bind(wl_seat_interface, wl_seat_destroy, 1, 4)} {
  if (seat_) wl_seat_add_listener(seat_.get(), &Listeners::kSeat, this);
}

LayoutKeys::~LayoutKeys() = default;

void LayoutKeys::take_capabilities(std::uint32_t capabilities) {
  if ((capabilities & WL_SEAT_CAPABILITY_KEYBOARD) == 0) {
    keyboard_.reset();
    keymap_.reset();
  } else if (!keyboard_) {
    keyboard_ = wayland::own(wl_seat_get_keyboard(seat_.get()), wl_keyboard_destroy);
    wl_keyboard_add_listener(keyboard_.get(), &Listeners::kKeyboard, this);
  }
}

void LayoutKeys::take_keymap(int fd, std::uint32_t size) {
  const auto text = read_all(fd, size);
  const std::unique_ptr<xkb_context, ContextFree> context{xkb_context_new(XKB_CONTEXT_NO_DEFAULT_INCLUDES)};
  if (!context) return;
  keymap_.reset(xkb_keymap_new_from_string(context.get(), text.c_str(), XKB_KEYMAP_FORMAT_TEXT_V1,
                                           XKB_KEYMAP_COMPILE_NO_FLAGS));
}

std::vector<std::uint16_t> LayoutKeys::find(char32_t character) const {
  if (!keymap_) return {};
  if (character == U'\n') return {KEY_ENTER};
  if (character == U'\t') return {KEY_TAB};
  Search search{.wanted = xkb_utf32_to_keysym(character), .keys = {}};
  if (search.wanted == XKB_KEY_NoSymbol) return {};
  xkb_keymap_key_for_each(keymap_.get(), look_at_key, &search);
  return search.keys;
}

}  // namespace lumen::kwin
