// The keymap that the person's own keyboard has.
#pragma once

#include "desktop/keymap/layout.hpp"
#include "desktop/wayland/connection.hpp"

namespace lumen::wlroots {

// That of the seat's keyboard; "us" where there is none, or it cannot be read. Waits 200 ms at most for each
// of two answers. Fails only where not even "us" is known (`keymap.layout`).
Result<keymap::Layout> seat_layout(wayland::WaylandConnection& connection);

}  // namespace lumen::wlroots
