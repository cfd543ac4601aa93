#include "net/mdns/interfaces.hpp"

#include <ifaddrs.h>
#include <net/if.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>

namespace lumen::net::mdns {
namespace {

constexpr std::size_t kMaxInterfaces = 32, kMaxAddresses = 16;

template <class Address>
Address copy_as(const sockaddr* address) {
  Address value{};
  std::memcpy(&value, address, sizeof value);
  return value;
}

template <class T>
std::string bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string address_bytes(const sockaddr* address) {
  if (address == nullptr) return {};
  if (address->sa_family == AF_INET) return bytes_of(copy_as<sockaddr_in>(address).sin_addr);
  if (address->sa_family == AF_INET6) return bytes_of(copy_as<sockaddr_in6>(address).sin6_addr);
  return {};
}

unsigned count_bits(const std::string& mask) {
  unsigned bits = 0;
  for (const char byte : mask) bits += static_cast<unsigned>(std::popcount(static_cast<unsigned char>(byte)));
  return bits;
}

bool shares_prefix(const std::string& a, const std::string& b, unsigned bits) {
  if (a.size() != b.size() || bits > 8 * a.size()) return false;
  const std::size_t whole = bits / 8;
  if (a.compare(0, whole, b, 0, whole) != 0) return false;
  if (bits % 8 == 0) return true;
  const auto mask = static_cast<unsigned char>(0xff00U >> bits % 8);
  return ((static_cast<unsigned char>(a[whole]) ^ static_cast<unsigned char>(b[whole])) & mask) == 0;
}

bool is_spoken_on(unsigned flags, bool loopback) {
  if ((flags & IFF_UP) == 0) return false;
  if (loopback) return (flags & IFF_LOOPBACK) != 0;
  // Point-to-point links are tunnels: what is behind them is not the local network.
  return (flags & IFF_MULTICAST) != 0 && (flags & (IFF_LOOPBACK | IFF_POINTOPOINT)) == 0;
}

std::vector<LocalInterface> spoken_on(const ifaddrs* list, bool loopback) {
  std::vector<LocalInterface> interfaces;
  for (const auto* entry = list; entry != nullptr; entry = entry->ifa_next) {
    const auto bytes = address_bytes(entry->ifa_addr);
    if (bytes.empty() || !is_spoken_on(entry->ifa_flags, loopback)) continue;
    const auto index = if_nametoindex(entry->ifa_name);
    if (index == 0) continue;
    auto found = std::ranges::find(interfaces, index, &LocalInterface::index);
    if (found == interfaces.end()) {
      if (interfaces.size() == kMaxInterfaces) continue;
      found = interfaces.insert(found, {.index = index});
    }
    if (found->addresses.size() == kMaxAddresses) continue;
    found->addresses.push_back({bytes, count_bits(address_bytes(entry->ifa_netmask))});
  }
  return interfaces;
}

}  // namespace

std::string address_bytes(const Endpoint& endpoint) {
  return endpoint.length() == 0 ? std::string{} : address_bytes(endpoint.address());
}

Endpoint endpoint_of(const std::string& bytes, std::uint16_t port, unsigned interface) {
  if (bytes.size() == sizeof(in_addr)) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, bytes.data(), sizeof v4.sin_addr);
    return Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  }
  if (bytes.size() != sizeof(in6_addr)) return {};
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::memcpy(&v6.sin6_addr, bytes.data(), sizeof v6.sin6_addr);
  if (IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr)) v6.sin6_scope_id = interface;
  return Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
}

bool LocalInterface::has_ipv4() const {
  return std::ranges::any_of(addresses, [](const auto& address) { return address.bytes.size() == 4; });
}

bool LocalInterface::has_ipv6() const {
  return std::ranges::any_of(addresses, [](const auto& address) { return address.bytes.size() == 16; });
}

bool LocalInterface::reaches(const std::string& address) const {
  return std::ranges::any_of(
      addresses, [&](const LocalAddress& own) { return shares_prefix(own.bytes, address, own.prefix_bits); });
}

bool LocalInterfaces::owns(const std::string& address) const {
  return std::ranges::find(own_addresses, address) != own_addresses.end();
}

const LocalInterface* LocalInterfaces::find(unsigned index) const {
  const auto found = std::ranges::find(multicast, index, &LocalInterface::index);
  return found == multicast.end() ? nullptr : &*found;
}

LocalInterfaces read_interfaces(InterfaceChoice choice) {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owned{list, freeifaddrs};
  LocalInterfaces all;
  for (const auto* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (auto bytes = address_bytes(entry->ifa_addr); !bytes.empty()) {
      all.own_addresses.push_back(std::move(bytes));
    }
  }
  if (choice == InterfaceChoice::automatic) all.multicast = spoken_on(list, false);
  if (all.multicast.empty()) all.multicast = spoken_on(list, true);
  return all;
}

}  // namespace lumen::net::mdns
