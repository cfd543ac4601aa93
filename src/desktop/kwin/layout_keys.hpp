// lumen/desktop/kwin: which keys of the compositor's layout make a character.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "desktop/wayland/connection.hpp"

struct xkb_context;
struct xkb_keymap;

namespace lumen::kwin {

// Follows the keymap that the compositor tells. Owner: the thread of the connection; destroy it before that.
class LayoutKeys {
 public:
  explicit LayoutKeys(wayland::WaylandConnection& connection);
  ~LayoutKeys();
  LayoutKeys(const LayoutKeys&) = delete;
  LayoutKeys& operator=(const LayoutKeys&) = delete;

  // Evdev codes to press in this order and to release in the other; empty: no key makes it.
  std::vector<std::uint16_t> find(char32_t character) const;

 private:
  struct Listeners;
  struct KeymapFree {
    void operator()(xkb_keymap* keymap) const noexcept;
  };
  void take_keymap(int fd, std::uint32_t size);
  void take_capabilities(std::uint32_t capabilities);

  wayland::Proxy<wl_seat> seat_;
  wayland::Proxy<wl_keyboard> keyboard_;
  std::unique_ptr<xkb_keymap, KeymapFree> keymap_;
};

}  // namespace lumen::kwin
