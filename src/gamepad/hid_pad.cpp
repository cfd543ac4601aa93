#include "gamepad/hid_pad.hpp"

#include <fmt/format.h>

namespace lumen::gamepad {

PadAddress address_of(std::uint64_t identity) {
  // Spread over all bits, so that identities that differ in few of them differ in the lower 40, too.
  identity = (identity ^ (identity >> 30U)) * 0xBF58476D1CE4E5B9U;
  identity = (identity ^ (identity >> 27U)) * 0x94D049BB133111EBU;
  identity ^= identity >> 31U;
  PadAddress address{0x02};  // locally administered
  for (std::size_t i = 1; i < address.size(); ++i) {
    address[i] = static_cast<std::uint8_t>(identity >> (8U * (i - 1)));
  }
  return address;
}

std::string to_string(const PadAddress& address) { return fmt::format("{:02x}", fmt::join(address, ":")); }

}  // namespace lumen::gamepad
