// lumen/net/mdns: where multicast DNS is spoken. The defaults are what users have.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lumen::net {

inline constexpr std::string_view kGameStreamService = "_nvstream._tcp", kLumenService = "_lumen._udp";

struct MdnsNetwork {
  std::uint16_t port = 5353;
  bool loopback_only = false;  // otherwise every interface that is up and can multicast
  bool use_avahi = true;       // where its daemon runs
  std::string bus_address;     // D-Bus address to look for Avahi; empty: the system bus
};

}  // namespace lumen::net
