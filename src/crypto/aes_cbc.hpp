// lumen/crypto: AES-128 in CBC mode with PKCS#7 padding (NIST SP 800-38A, RFC 5652), as GameStream encrypts
// its sound. Authenticates nothing: what decrypts may still be forged.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "base/wire.hpp"
#include "crypto/digest.hpp"

namespace lumen::crypto {

// One key. Owner: one thread. Never allocates after create(). The key is wiped at the end.
class Aes128Cbc {
 public:
  using Iv = std::array<std::byte, kAesBlockBytes>;

  // `key` has 16 bytes: `crypto.key` otherwise.
  static Result<Aes128Cbc> create(ByteView key);
  Aes128Cbc(Aes128Cbc&&) noexcept;
  Aes128Cbc& operator=(Aes128Cbc&&) noexcept;
  ~Aes128Cbc();

  // Of a text of so many bytes, with 1 to 16 bytes of padding.
  static constexpr std::size_t sealed_bytes(std::size_t text_bytes) {
    return (text_bytes / kAesBlockBytes + 1) * kAesBlockBytes;
  }
  // Writes sealed_bytes(text.size()) to `out`, which has as many, and overlaps the text not at all or
  // exactly.
  [[nodiscard]] bool encrypt(const Iv& iv, ByteView text, MutableBytes out);
  // In place; the size of the text, nullopt when `sealed` has no whole blocks or the padding is wrong.
  [[nodiscard]] std::optional<std::size_t> decrypt(const Iv& iv, MutableBytes sealed);

 private:
  struct Contexts;
  explicit Aes128Cbc(std::unique_ptr<Contexts> contexts);
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace lumen::crypto
