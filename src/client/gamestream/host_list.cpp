#include "client/gamestream/host_list.hpp"

#include <algorithm>
#include <set>

#include "gamestream/http/text.hpp"

namespace lumen::client {
namespace {

constexpr std::size_t kMaxNameBytes = 64, kMaxAddresses = 3;  // of a host that is asked

}  // namespace

std::vector<ListedHost> list_hosts(HostBook& book, const HostFetch& fetch,
                                   std::span<const net::FoundHost> found, const std::stop_token& stop) {
  std::vector<ListedHost> all;
  std::set<std::string> seen;  // unique_ids
  for (const auto& host : found) {
    bool again = false;  // the same host by another name
    ListedHost listed{.name = gamestream::display_name(host.name, kMaxNameBytes)};
    const auto count = std::min(host.addresses.size(), kMaxAddresses);
    for (const auto& endpoint : std::span{host.addresses}.first(count)) {
      const HostAddress address{address_text(endpoint), endpoint.port()};
      if (listed.address.host.empty()) listed.address = address;
      const auto connection = GameConnection::open({.address = address, .book = &book, .fetch = fetch}, stop);
      if (!connection) continue;
      const auto& info = connection->info();
      again = !seen.insert(info.unique_id).second;
      listed = {.address = address,
                .name = info.hostname.empty() ? listed.name : info.hostname,
                .reachable = true,
                .paired = connection->pairing().has_value()};
      break;
    }
    if (count > 0 && !again) all.push_back(std::move(listed));
  }
  for (const auto& known : book.hosts()) {
    if (seen.contains(known.unique_id)) continue;
    all.push_back({.address = known.address, .name = known.name, .reachable = false, .paired = true});
  }
  return all;
}

}  // namespace lumen::client
