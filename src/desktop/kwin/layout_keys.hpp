// lumen/desktop/kwin: the layout that the compositor's keys have, and which of them to press for a character.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "desktop/keymap/layout.hpp"
#include "desktop/wayland/connection.hpp"

namespace lumen::kwin {

// Follows the keymap that the compositor tells. Owner: the thread of the connection; destroy it before that.
class LayoutKeys {
 public:
  explicit LayoutKeys(wayland::WaylandConnection& connection);
  ~LayoutKeys();
  LayoutKeys(const LayoutKeys&) = delete;
  LayoutKeys& operator=(const LayoutKeys&) = delete;

  // Evdev codes to press in this order and to release in the other; empty: no key makes it. Of several
  // layouts the first: which one is in use is told to the focused window alone.
  std::vector<std::uint16_t> find(char32_t character) const;

 private:
  struct Listeners;
  void take_keymap(int fd, std::uint32_t size);
  void take_capabilities(std::uint32_t capabilities);

  wayland::Proxy<wl_seat> seat_;
  wayland::Proxy<wl_keyboard> keyboard_;
  std::optional<keymap::Layout> layout_;
};

}  // namespace lumen::kwin
