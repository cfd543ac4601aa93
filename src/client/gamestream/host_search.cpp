#include "client/gamestream/host_search.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "base/thread.hpp"
#include "gamestream/http/text.hpp"

namespace lumen::client {
namespace {

constexpr std::string_view kPrefix = "gamestream ";
constexpr std::size_t kMaxNameBytes = 64, kMaxAddresses = 3;  // of a host that announces itself
constexpr std::size_t kMaxAsked = 32;                         // at once

HostEntry entry_of(const HostAddress& address, std::string name) {
  return {.id = game_host_id(address),
          .name = name.empty() ? address.host : std::move(name),
          .address = to_string(address),
          .protocol = Protocol::gamestream};
}

}  // namespace

std::string game_host_id(const HostAddress& address) { return std::string{kPrefix} + to_string(address); }

Result<HostAddress> address_of_game_host(const std::string& id) {
  return parse_host_address(id.starts_with(kPrefix) ? std::string_view{id}.substr(kPrefix.size()) : id);
}

std::vector<HostEntry> HostSearch::run(const std::stop_token& stop) {
  std::vector<std::unique_ptr<OwnedThread>> asking;
  std::set<std::string> asked;  // addresses
  const auto ask_beside = [&](const HostAddress& address, const std::string& name) {
    if (asking.size() >= kMaxAsked || !asked.insert(to_string(address)).second) return;
    asking.push_back(std::make_unique<OwnedThread>(
        "lm-ask", [this, address, name, stop](const std::stop_token&) { ask(address, name, stop); }));
  };
  for (const auto& known : params_.book->hosts()) ask_beside(known.address, known.name);
  for (const auto& text : params_.addresses) {
    if (const auto address = parse_host_address(text)) ask_beside(*address, "");
  }
  const auto announced = net::browse_hosts(params_.browse, stop);
  for (const auto& host : announced ? *announced : std::vector<net::FoundHost>{}) {
    const auto name = gamestream::display_name(host.name, kMaxNameBytes);
    for (const auto& endpoint :
         std::span{host.addresses}.first(std::min(host.addresses.size(), kMaxAddresses)))
      ask_beside({address_text(endpoint), endpoint.port()}, name);
  }
  asking.clear();  // waits
  return entries();
}

void HostSearch::ask(const HostAddress& address, const std::string& name, const std::stop_token& stop) {
  const auto connection =
      GameConnection::open({.address = address, .book = params_.book, .fetch = params_.fetch}, stop);
  auto entry = entry_of(address, name);
  if (connection) {
    const auto& info = connection->info();
    if (!info.hostname.empty()) entry.name = info.hostname;
    entry.reachable = true;
    entry.paired = connection->pairing().has_value();
    add(info.unique_id, std::move(entry));
    return;
  }
  if (stop.stop_requested()) return;
  const auto hosts = params_.book->hosts();
  const auto known = std::ranges::find(hosts, address, &KnownHost::address);
  entry.paired = known != hosts.end();
  add(entry.paired ? known->unique_id : entry.address, std::move(entry));
}

void HostSearch::add(const std::string& unique_id, HostEntry entry) {
  {
    MutexLock lock{mutex_};
    auto& found = found_[unique_id];
    const bool is_new = found.id.empty();
    if (is_new) order_.push_back(unique_id);
    if (is_new || (entry.reachable && !found.reachable)) found = std::move(entry);
  }
  MutexLock lock{telling_};
  if (params_.on_found) params_.on_found(entries());
}

// One that announces several addresses of which some do not answer is not shown twice.
std::vector<HostEntry> HostSearch::entries() {
  MutexLock lock{mutex_};
  std::vector<HostEntry> all;
  for (const auto& id : order_) {
    const auto& entry = found_.at(id);
    const bool is_named = std::ranges::find(params_.addresses, entry.address) != params_.addresses.end();
    if (entry.reachable || entry.paired || is_named) all.push_back(entry);
  }
  return all;
}

}  // namespace lumen::client
