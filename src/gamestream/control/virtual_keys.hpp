// lumen/gamestream/control: Windows virtual keys, as clients send them, and evdev keys (spec part 3, 9.1
// and 9.6). Pure.
#pragma once

#include <cstdint>

namespace lumen::gamestream::control {

// 0: no key. `japanese_position` is the packet's flag bit 0 from a client known to set it only for the two
// keys that a US keyboard lacks (Yen and Ro); false from any other.
std::uint16_t evdev_key(std::uint8_t virtual_key, bool japanese_position = false);

// The other way, for a client. 0: no virtual key has that code. Yen and Ro need the packet's flag bit 0.
std::uint8_t virtual_key(std::uint16_t evdev_code);

}  // namespace lumen::gamestream::control
