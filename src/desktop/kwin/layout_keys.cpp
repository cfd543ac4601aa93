#include "desktop/kwin/layout_keys.hpp"

#include <linux/input-event-codes.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "base/fd.hpp"

namespace lumen::kwin {
namespace {

constexpr std::size_t kMaxKeymapBytes = 1 << 20;

// Read, not mapped: whoever wrote the keymap might cut it off under us.
std::string read_text(int fd, std::size_t size) {
  std::string text(std::min(size, kMaxKeymapBytes), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const auto got = ::pread(fd, text.data() + have, text.size() - have, static_cast<off_t>(have));
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  text.resize(have);
  while (!text.empty() && text.back() == '\0') text.pop_back();
  return text;
}

}  // namespace

struct LayoutKeys::Listeners {
  static void keymap(void* self, wl_keyboard*, std::uint32_t format, int fd, std::uint32_t size) {
    const UniqueFd owned{fd};
    if (format == WL_KEYBOARD_KEYMAP_FORMAT_XKB_V1) static_cast<LayoutKeys*>(self)->take_keymap(fd, size);
  }
  static void capabilities(void* self, wl_seat*, std::uint32_t capabilities) {
    static_cast<LayoutKeys*>(self)->take_capabilities(capabilities);
  }
  static constexpr wl_seat_listener kSeat{capabilities, wayland::ignore};
  static constexpr wl_keyboard_listener kKeyboard{keymap,          wayland::ignore, wayland::ignore,
                                                  wayland::ignore, wayland::ignore, wayland::ignore};
};

LayoutKeys::LayoutKeys(wayland::WaylandConnection& connection)
    : seat_{connection.bind(wl_seat_interface, wl_seat_destroy, 1, 4)} {
  if (seat_) wl_seat_add_listener(seat_.get(), &Listeners::kSeat, this);
}

LayoutKeys::~LayoutKeys() = default;

void LayoutKeys::take_capabilities(std::uint32_t capabilities) {
  if ((capabilities & WL_SEAT_CAPABILITY_KEYBOARD) == 0) {
    keyboard_.reset();
    layout_.reset();
  } else if (!keyboard_) {
    keyboard_ = wayland::own(wl_seat_get_keyboard(seat_.get()), wl_keyboard_destroy);
    wl_keyboard_add_listener(keyboard_.get(), &Listeners::kKeyboard, this);
  }
}

void LayoutKeys::take_keymap(int fd, std::uint32_t size) {
  layout_.reset();
  if (auto layout = keymap::Layout::parse(read_text(fd, size))) layout_ = *std::move(layout);
}

std::vector<std::uint16_t> LayoutKeys::find(char32_t character) const {
  if (!layout_) return {};
  const auto stroke = layout_->stroke_for(character);
  if (!stroke || stroke->layout != 0) return {};
  std::vector<std::uint16_t> keys;
  auto modifiers = stroke->modifiers;
  const auto hold = [&](const char* name, std::uint16_t key) {
    const auto bit = layout_->modifier(name);
    if ((modifiers & bit) == 0) return;
    modifiers &= ~bit;
    keys.push_back(key);
  };
  hold("Shift", KEY_LEFTSHIFT);
  hold("Mod5", KEY_RIGHTALT);
  if (modifiers != 0) return {};
  keys.push_back(stroke->evdev_code);
  return keys;
}

}  // namespace lumen::kwin
