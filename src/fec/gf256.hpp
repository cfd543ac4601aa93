// lumen/fec: GF(2⁸) with polynomial 0x11D, as tables that the compiler computes. Addition is XOR.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace lumen::fec::gf256 {

inline constexpr std::size_t kOrder = 255;  // of the multiplicative group; 2 generates it

struct Logs {
  std::array<std::uint8_t, 256> log{};             // of 0: 0, never to be used
  std::array<std::uint8_t, 3 * kOrder> antilog{};  // long enough for the sum of three logs
};

consteval Logs make_logs() {
  Logs logs;
  unsigned power = 1;
  for (std::size_t exponent = 0; exponent < kOrder; ++exponent) {
    logs.log[power] = static_cast<std::uint8_t>(exponent);
    for (std::size_t turn = 0; turn < 3; ++turn) {
      logs.antilog[exponent + turn * kOrder] = static_cast<std::uint8_t>(power);
    }
    power <<= 1U;
    if (power > 0xFF) power ^= 0x11D;
  }
  return logs;
}

inline constexpr Logs kLogs = make_logs();

constexpr std::uint8_t multiply(std::uint8_t a, std::uint8_t b) {
  if (a == 0 || b == 0) return 0;
  return kLogs.antilog[static_cast<std::size_t>(kLogs.log[a]) + kLogs.log[b]];
}

constexpr std::uint8_t inverse(std::uint8_t a) { return kLogs.antilog[kOrder - kLogs.log[a]]; }

}  // namespace lumen::fec::gf256
