#include "desktop/wlroots/seat_keymap.hpp"

#include <unistd.h>

#include <algorithm>
#include <string>

#include "base/fd.hpp"
#include "desktop/keymap/character_table.hpp"

namespace lumen::wlroots {
namespace {

using namespace std::chrono_literals;

constexpr auto kLimit = 200ms;
constexpr std::uint32_t kMaxBytes = 1U << 20U;

std::string read_text(int fd, std::uint32_t size) {
  std::string text(std::min(size, kMaxBytes), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const auto count = ::pread(fd, text.data() + have, text.size() - have, static_cast<off_t>(have));
    if (count <= 0) break;
    have += static_cast<std::size_t>(count);
  }
  text.resize(have);
  text.resize(std::min(text.find('\0'), text.size()));
  return text;
}

struct Seat {
  bool has_keyboard = false;
  std::string keymap;
};

void on_capabilities(void* self, wl_seat*, std::uint32_t capabilities) {
  static_cast<Seat*>(self)->has_keyboard = (capabilities & WL_SEAT_CAPABILITY_KEYBOARD) != 0;
}
void on_keymap(void* self, wl_keyboard*, std::uint32_t format, int fd, std::uint32_t size) {
  const UniqueFd owned{fd};
  if (format == WL_KEYBOARD_KEYMAP_FORMAT_XKB_V1) static_cast<Seat*>(self)->keymap = read_text(fd, size);
}

std::string keymap_of(wayland::WaylandConnection& connection) {
  using wayland::ignore;
  static constexpr wl_seat_listener kSeat{on_capabilities, ignore};
  static constexpr wl_keyboard_listener kKeyboard{on_keymap, ignore, ignore, ignore, ignore, ignore};
  Seat seen;
  // A listener is for ever, what it writes to is not: on an object of our own.
  auto mine = connection.bind(wl_seat_interface, wl_seat_destroy, 1, 1);
  if (!mine) return {};
  wl_seat_add_listener(mine.get(), &kSeat, &seen);
  if (!connection.roundtrip(kLimit) || !seen.has_keyboard) return {};
  const auto keyboard = wayland::own(wl_seat_get_keyboard(mine.get()), wl_keyboard_destroy);
  wl_keyboard_add_listener(keyboard.get(), &kKeyboard, &seen);
  if (!connection.roundtrip(kLimit)) return {};
  return seen.keymap;
}

}  // namespace

Result<keymap::Layout> seat_layout(wayland::WaylandConnection& connection) {
  const auto text = keymap_of(connection);
  // Another session may be typing: its table of characters is no layout.
  if (!text.empty() && text.find(keymap::CharacterTable::kName) == std::string::npos) {
    auto layout = keymap::Layout::parse(text);
    if (layout && layout->stroke_for(U' ')) return layout;
  }
  return keymap::Layout::compile("us");
}

}  // namespace lumen::wlroots
