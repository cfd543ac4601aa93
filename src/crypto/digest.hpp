// lumen/crypto: SHA-256 (FIPS 180-4), AES-128 in ECB mode without padding as GameStream's pairing uses it,
// and a container for short secrets. Depends on base only; no state, any thread.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/wire.hpp"
#include "crypto/aead.hpp"

namespace lumen::crypto {

inline constexpr std::size_t kSha256Bytes = 32, kAesBlockBytes = 16, kAes128KeyBytes = 16;
using Sha256 = std::array<std::byte, kSha256Bytes>;

// The digest of the parts one after another. `crypto.digest` when OpenSSL is broken.
Result<Sha256> sha256(std::initializer_list<ByteView> parts);

// AES-128 block by block: `key` has 16 bytes, `text` a multiple of 16 and at most 64 KiB, else `crypto.ecb`.
// ECB shows equal blocks: only for text that is random or a hash.
Result<std::vector<std::byte>> encrypt_aes_128_ecb(ByteView key, ByteView text);
Result<std::vector<std::byte>> decrypt_aes_128_ecb(ByteView key, ByteView text);

// Hexadecimal, lower case out, either case in; nullopt when a character is none or their number is odd.
std::string to_hex(ByteView bytes);
std::optional<std::vector<std::byte>> from_hex(std::string_view digits);

// A secret of fixed size that is wiped when it goes. Copies are secrets of their own.
template <std::size_t N>
class SecretBytes {
 public:
  SecretBytes() = default;
  // Takes the first N bytes of `bytes`; what is missing is zero.
  explicit SecretBytes(ByteView bytes) {
    for (std::size_t i = 0; i < N && i < bytes.size(); ++i) bytes_[i] = bytes[i];
  }
  SecretBytes(const SecretBytes&) = default;
  SecretBytes& operator=(const SecretBytes&) = default;
  ~SecretBytes() { wipe(bytes_); }

  ByteView view() const { return bytes_; }
  MutableBytes bytes() { return bytes_; }
  bool operator==(const SecretBytes& other) const { return equal_in_constant_time(bytes_, other.bytes_); }

 private:
  std::array<std::byte, N> bytes_{};
};

}  // namespace lumen::crypto
