// host/gamestream: what must survive restarts: who this host is, and whom it trusts. Kept in one private
// folder as identity.crt, identity.key, host-id and clients.json. Owner: lm-main.
#pragma once

#include <string>

#include "crypto/identity.hpp"
#include "gamestream/http/paired_clients.hpp"

namespace lumen::host {

class StateStore {
 public:
  // Creates what is missing at the very first start. What is there but unreadable is an error and stays as it
  // is, because a new identity would make every client pair again: `gamestream.state` with the file's name.
  static Result<StateStore> open(std::string folder);

  const crypto::Identity& identity() const { return identity_; }
  const std::string& unique_id() const { return unique_id_; }  // a UUID
  const gamestream::PairedClients& clients() const { return clients_; }
  // Applies `change` to a copy, writes it to the disk, and only then makes it count. What `change` or the
  // disk refuses changes nothing.
  template <class Change>
  Status change_clients(Change change) {
    auto changed = clients_;
    LUMEN_CHECK_OK(change(changed));
    LUMEN_CHECK_OK(save(changed));
    clients_ = std::move(changed);
    return {};
  }

 private:
  StateStore(std::string folder, crypto::Identity identity, std::string unique_id,
             gamestream::PairedClients clients);
  Status save(const gamestream::PairedClients& clients) const;

  std::string folder_;
  crypto::Identity identity_;
  std::string unique_id_;
  gamestream::PairedClients clients_;
};

}  // namespace lumen::host
