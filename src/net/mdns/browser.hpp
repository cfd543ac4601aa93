// lumen/net/mdns: finds the hosts on the local networks (GameStream part 1, 2) by asking for their service
// and listening for a while. Works beside the Avahi daemon, and without it.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "net/mdns/network.hpp"
#include "net/udp.hpp"

namespace lumen::net {

struct FoundHost {
  std::string name;                 // of the instance, such as "box"; control characters are shown as '?'
  std::string host;                 // such as "box.local"; likewise
  std::uint16_t port = 0;           // of HTTP (GameStream), or of lumen/1
  std::vector<Endpoint> addresses;  // with that port; IPv4 first, link-local IPv6 last; never empty
};

struct MdnsBrowse {
  std::string_view service = kGameStreamService;
  Duration timeout = std::chrono::seconds{2};  // all of it is used: one never knows who will still answer
  MdnsNetwork network;
};

// In the order of their names, 128 at most. Blocks; a stop ends it with what was found until then. Fails as
// UdpSocket::bind() does, or with `mdns.socket`. Thread-safe.
Result<std::vector<FoundHost>> browse_hosts(const MdnsBrowse& what = {}, const std::stop_token& stop = {});

}  // namespace lumen::net
