// Datagrams as they are written in the protocol's description.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/wire.hpp"

namespace lumen::net::test {

using Buffer = std::vector<std::byte>;

inline Buffer from_hex(std::string_view hex) {
  std::string digits;
  for (const char each : hex) {
    if (each != ' ') digits += each;
  }
  Buffer bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

inline std::string to_hex(ByteView bytes) {
  std::string hex;
  for (const auto byte : bytes) {
    hex += "0123456789abcdef"[std::to_integer<unsigned>(byte) >> 4U];
    hex += "0123456789abcdef"[std::to_integer<unsigned>(byte) & 15U];
  }
  return hex;
}

// What a stock client opens a connection with: 48 channels, MTU 900, connect data 0xDEADBEEF.
inline constexpr std::string_view kStockConnect =
    "8fff1bdc 82ff0001 0000 ff ff 00000384 00010000 00000030 00000000 00000000 00001388 00000002 00000002 "
    "048165c5 "
    "deadbeef";

}  // namespace lumen::net::test
