// lumen/crypto: AES-128-GCM with explicit nonces, in place (NIST SP 800-38D), HKDF-SHA256 (RFC 5869),
// random bytes. The only module that sees OpenSSL.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

#include "base/result.hpp"
#include "base/wire.hpp"

namespace lumen::crypto {

inline constexpr std::size_t kKeyBytes = 16, kNonceBytes = 12, kTagBytes = 16;
using Key = std::array<std::byte, kKeyBytes>;
using Nonce = std::array<std::byte, kNonceBytes>;

// One key, one direction. Owner: one thread. Never allocates after create().
class Aes128Gcm {
 public:
  static Result<Aes128Gcm> create(const Key& key);
  Aes128Gcm(const Aes128Gcm&) = delete;
  Aes128Gcm& operator=(const Aes128Gcm&) = delete;
  Aes128Gcm(Aes128Gcm&&) noexcept;
  Aes128Gcm& operator=(Aes128Gcm&&) noexcept;
  ~Aes128Gcm();

  // Encrypts `text` in place and writes kTagBytes to `tag`. A nonce must never be used twice with a key.
  [[nodiscard]] bool seal(const Nonce& nonce, ByteView associated, MutableBytes text, MutableBytes tag);
  // Decrypts `text` in place; false when the tag does not match (the text is then not to be used).
  [[nodiscard]] bool open(const Nonce& nonce, ByteView associated, MutableBytes text, ByteView tag);

 private:
  struct Context;
  explicit Aes128Gcm(std::unique_ptr<Context> seal_context, std::unique_ptr<Context> open_context);
  std::unique_ptr<Context> seal_, open_;
};

// Fills `out` from HKDF-SHA256(secret, salt, info); out at most 255·32 bytes. `crypto.hkdf` on failure.
Status derive(ByteView secret, ByteView salt, std::string_view info, MutableBytes out);

// Cryptographically random bytes. `crypto.random` when the system has none (never seen).
Status fill_random(MutableBytes out);

// Overwrites a secret so that the compiler cannot drop it.
void wipe(MutableBytes secret);

}  // namespace lumen::crypto
