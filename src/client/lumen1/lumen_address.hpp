// client/lumen1: where a host is, as a person writes it. Pure, but for resolve().
#pragma once

#include <cstdint>
#include <stop_token>
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

// IPv4 first. Blocks for five seconds at most. `client.unknown-host`, `client.cancelled`.
Result<std::vector<net::Endpoint>> resolve(const LumenAddress& address, const std::stop_token& stop);

}  // namespace lumen::client
