// lumen/crypto: authenticated encryption with explicit nonces, in place: AES-128-GCM (NIST SP 800-38D) and
// ChaCha20-Poly1305 (RFC 8439); HKDF-SHA256 (RFC 5869); random bytes. The only module that sees OpenSSL and
// IPsec-MB.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.hpp"
#include "base/wire.hpp"

namespace lumen::crypto {

// The numbers are lumen/1's on the wire.
enum class AeadAlgorithm : std::uint8_t { aes_128_gcm = 1, chacha20_poly1305 = 2 };

// All back ends give the same bytes.
enum class AeadBackend : std::uint8_t {
  automatic,  // the fastest one that this build and this CPU have; never fails for want of one
  openssl,    // always there
  ipsec_mb,   // optional when building; x86 with AES and carry-less multiplication
};

inline constexpr std::size_t kNonceBytes = 12, kTagBytes = 16, kMaxKeyBytes = 32;
using Nonce = std::array<std::byte, kNonceBytes>;

constexpr std::size_t key_bytes(AeadAlgorithm algorithm) {
  return algorithm == AeadAlgorithm::aes_128_gcm ? 16 : 32;
}

// What this CPU is faster at: AES-128-GCM where it has instructions for it, else ChaCha20-Poly1305.
AeadAlgorithm preferred_algorithm();

class AeadCipher;  // a back end's state

// One key at a time. Owner: one thread. Never allocates after create() and like(), set_key() included. Keys
// are wiped when replaced and at the end. There is no entry for several packets at once: IPsec-MB's job and
// burst interfaces were slower per packet than one call each (84 to 92 ns against 78 ns for 1400 bytes).
class Aead {
 public:
  // `key` has key_bytes(algorithm) bytes: `crypto.key` otherwise. `crypto.no-backend` when a back end was
  // named that is not there.
  static Result<Aead> create(AeadAlgorithm algorithm, ByteView key,
                             AeadBackend backend = AeadBackend::automatic);
  // Another one of the same algorithm and back end; cheaper than create(), which examines the CPU.
  Result<Aead> like(ByteView key) const;
  Aead(const Aead&) = delete;
  Aead& operator=(const Aead&) = delete;
  Aead(Aead&&) noexcept;
  Aead& operator=(Aead&&) noexcept;
  ~Aead();

  // False, and the old key stays, when the key has not key_bytes(algorithm()) bytes.
  [[nodiscard]] bool set_key(ByteView key);
  // Encrypts `text` in place and writes kTagBytes to `tag`. A nonce must never be used twice with a key.
  [[nodiscard]] bool seal(const Nonce& nonce, ByteView associated, MutableBytes text, MutableBytes tag);
  // Decrypts `text` in place; false when the tag does not match (the text is then not to be used).
  [[nodiscard]] bool open(const Nonce& nonce, ByteView associated, MutableBytes text, ByteView tag);

  AeadAlgorithm algorithm() const { return algorithm_; }
  AeadBackend backend() const { return backend_; }  // never `automatic`

 private:
  Aead(AeadAlgorithm algorithm, AeadBackend backend, std::unique_ptr<AeadCipher> cipher);
  static Result<Aead> keyed(AeadAlgorithm algorithm, AeadBackend backend, std::unique_ptr<AeadCipher> cipher,
                            ByteView key);
  AeadAlgorithm algorithm_;
  AeadBackend backend_;
  std::unique_ptr<AeadCipher> cipher_;
};

// Fills `out` from HKDF-SHA256(secret, salt, info); out at most 255·32 bytes. `crypto.hkdf` on failure.
Status derive(ByteView secret, ByteView salt, std::string_view info, MutableBytes out);

// Cryptographically random bytes. `crypto.random` when the system has none (never seen).
Status fill_random(MutableBytes out);

// Takes the same time wherever the difference is; only the sizes show.
bool equal_in_constant_time(ByteView a, ByteView b);

// Overwrites a secret so that the compiler cannot drop it.
void wipe(MutableBytes secret);

}  // namespace lumen::crypto
