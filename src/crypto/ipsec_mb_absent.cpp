// In place of ipsec_mb.cpp where the library was not found when building.
#include "crypto/aead_cipher.hpp"

namespace lumen::crypto {

std::unique_ptr<AeadCipher> make_ipsec_mb_cipher(AeadAlgorithm /*algorithm*/, SimdLevel /*level*/) {
  return nullptr;
}

}  // namespace lumen::crypto
