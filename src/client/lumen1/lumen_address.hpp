// client/lumen1: where a host is, as a person writes it. Pure, but for resolve().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/udp.hpp"

namespace lumen::client {

inline constexpr std::uint16_t kLumenPort = 47986;

struct LumenAddress {
  std::string host;  // a name or a number, without brackets
  std::uint16_t port = kLumenPort;
  bool operator==(const LumenAddress&) const = default;
};

// "box", "box.local:5000", "192.0.2.7", "::1", "[::1]:5000". `client.address` for anything else.
Result<LumenAddress> parse_lumen_address(std::string_view text);
std::string to_string(const LumenAddress& address);  // without the port where it is the usual one

// IPv4 first. Blocks for as long as the system's resolver does. `client.unknown-host`.
Result<std::vector<net::Endpoint>> resolve(const LumenAddress& address);

}  // namespace lumen::client
