// lumen/crypto, internal: what a back end of Aead does. Aead has checked all sizes by then.
#pragma once

#include <memory>

#include "crypto/aead.hpp"

namespace lumen::crypto {

class AeadCipher {
 public:
  AeadCipher() = default;
  AeadCipher(const AeadCipher&) = delete;
  AeadCipher& operator=(const AeadCipher&) = delete;
  virtual ~AeadCipher() = default;  // wipes the key

  virtual std::unique_ptr<AeadCipher> another() const = 0;  // without a key; nullptr on failure
  // The rest never allocates.
  virtual bool set_key(ByteView key) = 0;
  virtual bool seal(const Nonce& nonce, ByteView associated, MutableBytes text, MutableBytes tag) = 0;
  virtual bool open(const Nonce& nonce, ByteView associated, MutableBytes text, ByteView tag) = 0;
};

// nullptr: OpenSSL is broken.
std::unique_ptr<AeadCipher> make_openssl_cipher(AeadAlgorithm algorithm);

// Which of its implementations IPsec-MB uses.
enum class SimdLevel : std::uint8_t { best, sse, avx, avx2, avx512 };
// nullptr: not in this build, or not for this CPU.
std::unique_ptr<AeadCipher> make_ipsec_mb_cipher(AeadAlgorithm algorithm, SimdLevel level = SimdLevel::best);

inline unsigned char* raw(MutableBytes bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }
inline const unsigned char* raw(ByteView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace lumen::crypto
