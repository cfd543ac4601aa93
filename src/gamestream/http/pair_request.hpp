// gamestream/http: /pair's parameters as values (GameStream part 1, 7), both ways: what a client writes and a
// host reads; and the arithmetic that both ends share.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "crypto/certificate.hpp"
#include "crypto/digest.hpp"
#include "gamestream/http/address.hpp"
#include "gamestream/http/query.hpp"

namespace lumen::gamestream {

inline constexpr std::size_t kPairingBlockBytes = 16;  // salt, challenges, secrets
using PairingBlock = std::array<std::byte, kPairingBlockBytes>;
using PairingPin = crypto::SecretBytes<4>;  // four ASCII digits
using PairingKey = crypto::SecretBytes<crypto::kAes128KeyBytes>;

// Phases 1 to 4. `Unusable`: it was meant as one of them, but is malformed or several at once.
struct GetHostCertificate {
  PairingBlock salt{};
  crypto::Certificate client;
};
struct ClientChallenge {
  PairingBlock encrypted{};
};
struct ClientHash {
  std::array<std::byte, 2 * kPairingBlockBytes> encrypted{};
};
struct ClientSecret {
  PairingBlock secret{};
  std::vector<std::byte> signature;
};
struct Unusable {
  std::string_view reason;  // a literal, for people
};
using PairingPhase = std::variant<GetHostCertificate, ClientChallenge, ClientHash, ClientSecret, Unusable>;

struct PairRequest {
  IpAddress remote;
  std::string unique_id;    // not an identity
  std::string device_name;  // fit to show; "" when the client sent none or the constant "roth"
  PairingPhase phase;
};

// nullopt: no parameter of phases 1 to 4 at all.
std::optional<PairingPhase> parse_pairing_phase(const Query& query);

// H(salt || PIN), its first 16 bytes.
Result<PairingKey> pairing_key(ByteView salt, std::string_view pin);
// H(challenge || signature of a certificate || secret).
Result<crypto::Sha256> pairing_hash(ByteView challenge, ByteView certificate_signature, ByteView secret);
// Exactly four decimal digits.
bool is_pin(std::string_view text);

}  // namespace lumen::gamestream
