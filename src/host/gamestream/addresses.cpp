#include "host/gamestream/addresses.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

namespace lumen::host {
namespace {

using gamestream::IpAddress;

IpAddress ip_of(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &v4.sin_addr, bytes.size());
    return IpAddress::v4(bytes);
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return IpAddress::v6(bytes);
  }
  return {};
}

}  // namespace

IpAddress ip_of(const net::Endpoint& endpoint) {
  return endpoint.length() == 0 ? IpAddress{} : ip_of(endpoint.address());
}

gamestream::rtsp::PeerAddress peer_address(const IpAddress& address) {
  gamestream::rtsp::PeerAddress bytes{};
  if (address.is_v4()) {
    bytes[10] = bytes[11] = 0xFF;
    inet_pton(AF_INET, address.text().c_str(), &bytes[12]);
  } else {
    inet_pton(AF_INET6, address.text().c_str(), bytes.data());
  }
  return bytes;
}

net::Endpoint endpoint_at(const IpAddress& address) {
  return net::Endpoint::parse(address.text(), 0).value_or(net::Endpoint{});
}

gamestream::MacAddress mac_of(const IpAddress& local) {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> all{first, freeifaddrs};
  std::string_view name;
  for (const auto* entry = first; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr != nullptr && entry->ifa_addr->sa_family != AF_PACKET &&
        ip_of(entry->ifa_addr) == local)
      name = entry->ifa_name;
  }
  gamestream::MacAddress mac{};
  for (const auto* entry = first; entry != nullptr && !name.empty(); entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_PACKET || entry->ifa_name != name)
      continue;
    sockaddr_ll link{};
    std::memcpy(&link, entry->ifa_addr, sizeof link);
    if (link.sll_halen == mac.size()) std::copy_n(link.sll_addr, mac.size(), mac.begin());
  }
  return mac;
}

}  // namespace lumen::host
