// client/gamestream: the hosts that a person may choose from: those on the network now, and those that are
// paired and elsewhere.
#pragma once

#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "client/gamestream/game_connection.hpp"
#include "net/mdns/browser.hpp"

namespace lumen::client {

struct ListedHost {
  HostAddress address;
  std::string name;
  bool reachable = false;  // it answers now
  bool paired = false;     // and still takes this client, if it is reachable
};

// Asks each of `found` who it is, at its first address that answers, and keeps their order; then those in the
// book that are not among them. Names are fit to show. Blocks for some seconds for each that does not answer.
std::vector<ListedHost> list_hosts(HostBook& book, const HostFetch& fetch,
                                   std::span<const net::FoundHost> found, const std::stop_token& stop);

}  // namespace lumen::client
