// client/lumen1: who this client is, and which hosts it is paired with. One private folder. Owner: one
// thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/lumen1/lumen_address.hpp"
#include "crypto/identity.hpp"
#include "store/state_folder.hpp"

namespace lumen::client {

inline constexpr std::size_t kMaxLumenHosts = 256;

struct PairedHost {
  std::string id;  // as the host says: 32 hexadecimal digits
  std::string name;
  LumenAddress address;  // where it was met last
  crypto::Fingerprint fingerprint{};
  bool operator==(const PairedHost&) const = default;
};

class LumenBook {
 public:
  // Creates what is missing at the very first start. What is there but unreadable is an error that names the
  // file (`client.state`) and stays as it is.
  static Result<LumenBook> open(std::string folder);

  const crypto::Identity& identity() const { return identity_; }
  const std::vector<PairedHost>& hosts() const { return hosts_; }
  const PairedHost* find(std::string_view id) const;
  const PairedHost* at(const LumenAddress& address) const;
  // On the disk when they return. A host that is known by its id is replaced; another one that was met at the
  // same address is not at it any more. `client.too-many-hosts`.
  Status keep(PairedHost host);
  Status forget(std::string_view id);

 private:
  LumenBook(store::StateFolder folder, crypto::Identity identity, std::vector<PairedHost> hosts)
      : folder_{std::move(folder)}, identity_{std::move(identity)}, hosts_{std::move(hosts)} {}
  Status save(std::vector<PairedHost> hosts);

  store::StateFolder folder_;
  crypto::Identity identity_;
  std::vector<PairedHost> hosts_;
};

}  // namespace lumen::client
