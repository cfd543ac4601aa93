// client/gamestream: what this client must not forget: who it is, and which hosts it is paired with. Kept in
// one private folder as identity.crt, identity.key, client-id and hosts.json. Owner: one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "client/gamestream/host_address.hpp"
#include "crypto/identity.hpp"

namespace lumen::client {

inline constexpr std::size_t kMaxKnownHosts = 256;

struct KnownHost {
  std::string unique_id;  // what the host calls itself; never empty
  std::string name;       // for people
  HostAddress address;    // where it was last reached
  crypto::Certificate certificate;
};

// $XDG_STATE_HOME/lumen/client, or below ~/.local/state.
std::string default_book_folder();

class HostBook {
 public:
  // Creates what is missing at the very first start (takes some tenths of a second). What is there but
  // unreadable is an error and stays as it is, because a new identity would make every host ask for a PIN
  // again: `client.state` with the file's name.
  static Result<HostBook> open(std::string folder);

  const crypto::Identity& identity() const { return identity_; }
  // 16 hexadecimal digits: what hosts show, not who this client is.
  const std::string& client_id() const { return client_id_; }

  std::span<const KnownHost> hosts() const { return hosts_; }
  // nullptr: not paired with that one. Valid until the next change.
  const KnownHost* find(std::string_view unique_id) const;

  // On the disk before it counts. In place of what was known of that host; above kMaxKnownHosts
  // `client.too-many-hosts`.
  Status keep(KnownHost host);
  Status forget(std::string_view unique_id);

 private:
  HostBook(std::string folder, crypto::Identity identity, std::string client_id,
           std::vector<KnownHost> hosts);
  Status save(std::vector<KnownHost> hosts);

  std::string folder_;
  crypto::Identity identity_;
  std::string client_id_;
  std::vector<KnownHost> hosts_;
};

}  // namespace lumen::client
