// lumen/lumen1: two-message handshake from a shared 32-byte secret (the connect file). Sans-I/O.
//
//   hello   = clear header | client random (16) | sealed {version u16, count u8, zero u8, cipher u8[4]} | tag
//   welcome = clear header | client random (16) | host random (16) | sealed {version u16, cipher u8, zero u8}
//             | tag
// The hello offers ciphers in the client's order of preference; the host takes the first that it accepts and
// names it in the welcome. Both messages are sealed with AES-128-GCM, everything in clear is associated data.
//   hello key       = HKDF-SHA256(secret, salt = client random, info = "lumen/1 hello")
//   welcome key     = HKDF-SHA256(secret, salt = hello | host random, info = "lumen/1 welcome")
//   traffic secrets = HKDF-SHA256(secret, salt = hello | welcome, info = "lumen/1 h2c" | "lumen/1 c2h" |
//                                 "lumen/1 h2c sound" | "lumen/1 c2h microphone")
// Sound and microphone have secrets of their own, so that their threads share nothing with the picture's.
// Hello and welcome stand for the whole messages, tags included: a host that saw another offer than the
// client made cannot make a welcome that the client takes, and ends that disagree about the cipher share no
// key. Fresh randoms at both ends make every connection's keys new, so no nonce repeats; a replayed hello
// yields keys that its sender cannot use, and the host switches to a new connection only when the first
// sealed client message under the new keys proves that the client is there. Of each message key's 28 derived
// bytes 16 are the AES key, 12 its IV.
#pragma once

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "lumen1/protection.hpp"

namespace lumen::lumen1 {

inline constexpr std::size_t kSecretBytes = 32, kRandomBytes = 16, kMaxOfferedCiphers = 4;
inline constexpr std::uint16_t kVersion = 3;
using Secret = std::array<std::byte, kSecretBytes>;
using Random = std::array<std::byte, kRandomBytes>;

// Ciphers in order of preference, 1 to kMaxOfferedCiphers.
using CipherOffer = std::vector<crypto::AeadAlgorithm>;
// All that we have, the one first that this CPU is faster at.
CipherOffer preferred_ciphers();

struct ConnectionKeys {
  DirectionKeys host_to_client, client_to_host;
  DirectionKeys sound, microphone;  // host → client, client → host
};

class ClientHandshake {
 public:
  // `random` must be fresh (crypto::fill_random) for each attempt. `handshake.offer` for an offer of a wrong
  // size.
  static Result<ClientHandshake> create(const Secret& secret, std::uint8_t session, const Random& random,
                                        CipherOffer offer = preferred_ciphers());
  ClientHandshake(const ClientHandshake&) = default;
  ClientHandshake& operator=(const ClientHandshake&) = default;
  ~ClientHandshake();  // wipes the secret

  const std::vector<std::byte>& hello() const { return hello_; }  // resend until welcome
  // The keys, when `datagram` is an authentic welcome for this hello. Leaves the datagram as it is.
  std::optional<ConnectionKeys> on_welcome(ByteView datagram) const;

 private:
  ClientHandshake(const Secret& secret, std::uint8_t session, CipherOffer offer, std::vector<std::byte> hello)
      : secret_{secret}, session_{session}, offer_{std::move(offer)}, hello_{std::move(hello)} {}
  Secret secret_;
  std::uint8_t session_;
  CipherOffer offer_;
  std::vector<std::byte> hello_;
};

struct HostAnswer {
  std::vector<std::byte> welcome;
  ConnectionKeys keys;
};
// The answer to an authentic hello of a version that we speak and with a cipher that we accept; nullopt
// otherwise: then stay silent. `host_random` must be fresh, except that the same hello may be answered with
// the same random again. Leaves the hello as it is.
std::optional<HostAnswer> answer_hello(const Secret& secret, std::uint8_t session, const Random& host_random,
                                       ByteView hello, const CipherOffer& accepted = preferred_ciphers());

}  // namespace lumen::lumen1
