// lumen/lumen1: two-message handshake from a shared 32-byte secret (the connect file). Sans-I/O.
//
//   hello   = clear header | client random (16) | sealed {version u16, zero u16} | tag
//   welcome = clear header | client random (16) | host random (16) | sealed {version u16, zero u16} | tag
// keys = HKDF-SHA256(secret, salt = randoms, info = "lumen/1 hello" | "lumen/1 welcome" | "lumen/1 h2c" |
// "lumen/1 c2h"). Fresh randoms at both ends make every connection's keys new, so no nonce repeats; a
// replayed hello yields keys that its sender cannot use, and the host switches to a new connection only when
// the first sealed client message under the new keys proves that the client is there.
// Everything in clear is associated data. Of each key's 28 derived bytes 16 are the AES key, 12 its nonce
// salt.
#pragma once

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "lumen1/protection.hpp"

namespace lumen::lumen1 {

inline constexpr std::size_t kSecretBytes = 32, kRandomBytes = 16;
inline constexpr std::uint16_t kVersion = 1;
using Secret = std::array<std::byte, kSecretBytes>;
using Random = std::array<std::byte, kRandomBytes>;

struct ConnectionKeys {
  DirectionKeys host_to_client, client_to_host;
};

class ClientHandshake {
 public:
  // `random` must be fresh (crypto::fill_random) for each attempt.
  static Result<ClientHandshake> create(const Secret& secret, std::uint8_t session, const Random& random);
  ClientHandshake(const ClientHandshake&) = default;
  ClientHandshake& operator=(const ClientHandshake&) = default;
  ~ClientHandshake();  // wipes the secret

  const std::vector<std::byte>& hello() const { return hello_; }  // resend until welcome
  // The keys, when `datagram` is an authentic welcome for this hello. Leaves the datagram as it is.
  std::optional<ConnectionKeys> on_welcome(ByteView datagram) const;

 private:
  ClientHandshake(const Secret& secret, std::uint8_t session, const Random& random,
                  std::vector<std::byte> hello)
      : secret_{secret}, session_{session}, random_{random}, hello_{std::move(hello)} {}
  Secret secret_;
  std::uint8_t session_;
  Random random_;
  std::vector<std::byte> hello_;
};

struct HostAnswer {
  std::vector<std::byte> welcome;
  ConnectionKeys keys;
};
// The answer to an authentic hello of a version that we speak; nullopt otherwise: then stay silent.
// `host_random` must be fresh, except that the same hello may be answered with the same random again.
// Leaves the hello as it is.
std::optional<HostAnswer> answer_hello(const Secret& secret, std::uint8_t session, const Random& host_random,
                                       ByteView hello);

}  // namespace lumen::lumen1
