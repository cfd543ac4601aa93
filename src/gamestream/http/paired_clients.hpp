// gamestream/http: the clients that may use the host, each known by the SHA-256 of its exact certificate and
// by nothing else (GameStream part 1, 3.2 and 17.3). Who is not in the set, or disabled, is refused. The host
// keeps the text of to_json() in a file; nothing here touches one. Owner: one thread.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "crypto/certificate.hpp"

namespace lumen::gamestream {

inline constexpr std::size_t kMaxPairedClients = 256, kMaxPairedFileBytes = 4 << 20, kMaxClientNameBytes = 64;

struct PairedClient {
  std::string id;    // its fingerprint in hexadecimal
  std::string name;  // what people call it; never empty
  crypto::Certificate certificate;
  bool enabled = true;
  std::chrono::sys_seconds added{};
};

class PairedClients {
 public:
  // Strict: an unknown, missing, doubled or contradictory entry makes the whole file
  // `gamestream.paired-file`, rather than letting in someone who was shut out.
  static Result<PairedClients> from_json(std::string_view text);
  std::string to_json() const;

  // The only question of authority: in the set and enabled. Takes the same time for all of the same set.
  bool allows(const crypto::Fingerprint& client) const;
  std::span<const PairedClient> clients() const { return clients_; }
  const PairedClient* find(std::string_view id) const;
  const PairedClient* find(const crypto::Fingerprint& client) const;

  // A certificate that is there already takes the new name and is enabled again. `gamestream.paired-full`
  // above kMaxPairedClients.
  Status add(crypto::Certificate certificate, std::string_view name, std::chrono::sys_seconds now);
  // `gamestream.no-such-client` when there is no such id; `gamestream.client-name` when no visible text is
  // left of `name`. After set_enabled(…, false) and remove() the host ends that client's streams.
  Status rename(std::string_view id, std::string_view name);
  Status set_enabled(std::string_view id, bool enabled);
  Status remove(std::string_view id);

 private:
  Result<PairedClient*> require(std::string_view id);
  std::vector<PairedClient> clients_;
};

}  // namespace lumen::gamestream
