// client/gamestream: where a person says that a host is: a name or a numeric address, and perhaps the port of
// its HTTP API. A value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "gamestream/http/server_info.hpp"
#include "net/udp.hpp"

namespace lumen::client {

struct HostAddress {
  std::string host;  // without brackets
  std::uint16_t http_port = gamestream::kDefaultHttpPort;
  bool operator==(const HostAddress&) const = default;
};

// "tv.local", "192.0.2.7:48989", "[2001:db8::1]:47989", "2001:db8::1". `client.host-address` when it is none
// of these.
Result<HostAddress> parse_host_address(std::string_view text);
// What parse_host_address() reads; the standard port is left out.
std::string to_string(const HostAddress& address);

// The same address with another port.
net::Endpoint with_port(const net::Endpoint& endpoint, std::uint16_t port);
// Without port: "192.0.2.7", "2001:db8::1".
std::string address_text(const net::Endpoint& endpoint);
bool is_ipv6(const net::Endpoint& endpoint);
// Of this machine or of a private network: packets may be as large as an Ethernet takes them.
bool is_local(const net::Endpoint& endpoint);

}  // namespace lumen::client
