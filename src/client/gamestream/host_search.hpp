// client/gamestream: which hosts there are, asked all at once: those that announce themselves, those that are
// paired, and those that a person named. A host that is met by two ways is one host.
#pragma once

#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "client/gamestream/game_connection.hpp"
#include "client/shell/backend.hpp"
#include "net/mdns/browser.hpp"

namespace lumen::client {

// What entries of this protocol are known by: their address, as parse_host_address() reads it.
std::string game_host_id(const HostAddress& address);
Result<HostAddress> address_of_game_host(const std::string& id);

class HostSearch {
 public:
  struct Params {
    HostBook* book = nullptr;  // outlives the search; only read
    HostFetch fetch;
    std::vector<std::string> addresses;
    net::MdnsBrowse browse;
    std::function<void(std::vector<HostEntry>)> on_found;  // any thread, one at a time: all until now
  };
  explicit HostSearch(Params params) : params_{std::move(params)} {}

  // Blocks for some seconds; a stop ends it soon, with what was found until then.
  std::vector<HostEntry> run(const std::stop_token& stop);

 private:
  void ask(const HostAddress& address, const std::string& name, const std::stop_token& stop);
  void add(const std::string& unique_id, HostEntry entry) LUMEN_EXCLUDES(mutex_);
  std::vector<HostEntry> entries() LUMEN_EXCLUDES(mutex_);

  Params params_;
  Mutex mutex_, telling_;
  std::vector<std::string> order_
      LUMEN_GUARDED_BY(mutex_);  // unique ids; for who does not answer, its address
  std::map<std::string, HostEntry> found_ LUMEN_GUARDED_BY(mutex_);
};

}  // namespace lumen::client
