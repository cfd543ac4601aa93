// lumen/net/mdns: the network interfaces that multicast DNS is spoken on, and their addresses.
#pragma once

#include <string>
#include <vector>

#include "net/udp.hpp"

namespace lumen::net::mdns {

// IPv4: 4 bytes, IPv6: 16, in network order, as A and AAAA records hold them. Empty for no address.
std::string address_bytes(const Endpoint& endpoint);
// The reverse. `interface` becomes the scope of a link-local IPv6 address. Empty when it is no address.
Endpoint endpoint_of(const std::string& bytes, std::uint16_t port, unsigned interface);

struct LocalAddress {
  std::string bytes;
  unsigned prefix_bits = 0;
  bool operator==(const LocalAddress&) const = default;
};

struct LocalInterface {
  unsigned index = 0;
  std::vector<LocalAddress> addresses;  // 16 at most
  bool operator==(const LocalInterface&) const = default;

  bool has_ipv4() const;
  bool has_ipv6() const;
  // Whether the address is in a network of this interface.
  bool reaches(const std::string& address) const;
};

struct LocalInterfaces {
  std::vector<LocalInterface> multicast;   // 32 at most
  std::vector<std::string> own_addresses;  // of every interface, also those not spoken on
  bool operator==(const LocalInterfaces&) const = default;

  bool owns(const std::string& address) const;
  const LocalInterface* find(unsigned index) const;
};

enum class InterfaceChoice : std::uint8_t {
  automatic,  // all that are up and can multicast; the loopback interface where there is no other
  loopback,
};
// Empty when the system does not tell.
LocalInterfaces read_interfaces(InterfaceChoice choice);

}  // namespace lumen::net::mdns
