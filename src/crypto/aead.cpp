#include "crypto/aead.hpp"

#include <climits>
#include <utility>

#include "crypto/aead_cipher.hpp"

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace lumen::crypto {
namespace {

bool cpu_has_aes() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("aes") != 0 && __builtin_cpu_supports("pclmul") != 0;
#elif defined(__aarch64__)
  constexpr unsigned long kNeeded = HWCAP_AES | HWCAP_PMULL;
  return (getauxval(AT_HWCAP) & kNeeded) == kNeeded;
#else
  return false;
#endif
}

// Both interfaces below count in int.
bool fits(ByteView associated, ByteView text, ByteView tag) {
  return tag.size() == kTagBytes && associated.size() <= INT_MAX && text.size() <= INT_MAX;
}

}  // namespace

AeadAlgorithm preferred_algorithm() {
  return cpu_has_aes() ? AeadAlgorithm::aes_128_gcm : AeadAlgorithm::chacha20_poly1305;
}

Aead::Aead(AeadAlgorithm algorithm, AeadBackend backend, std::unique_ptr<AeadCipher> cipher)
    : algorithm_{algorithm}, backend_{backend}, cipher_{std::move(cipher)} {}
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;
Aead::~Aead() = default;

Result<Aead> Aead::keyed(AeadAlgorithm algorithm, AeadBackend backend, std::unique_ptr<AeadCipher> cipher,
                         ByteView key) {
  Aead aead{algorithm, backend, std::move(cipher)};
  if (key.size() != key_bytes(algorithm)) {
    return fail(ErrorCode::invalid_argument, "crypto.key", "the key has not the size that its cipher needs");
  }
  if (!aead.cipher_ || !aead.set_key(key)) {
    return fail(ErrorCode::internal, "crypto.cipher", "the cipher cannot be set up",
                "Check that OpenSSL 3 is installed completely");
  }
  return aead;
}

Result<Aead> Aead::create(AeadAlgorithm algorithm, ByteView key, AeadBackend backend) {
  if (backend != AeadBackend::openssl) {
    // Its ChaCha20 is faster than OpenSSL's with AVX-512 only.
    const bool any_level = backend == AeadBackend::ipsec_mb || algorithm == AeadAlgorithm::aes_128_gcm;
    if (auto fast = make_ipsec_mb_cipher(algorithm, any_level ? SimdLevel::best : SimdLevel::avx512)) {
      return keyed(algorithm, AeadBackend::ipsec_mb, std::move(fast), key);
    }
  }
  if (backend == AeadBackend::ipsec_mb) {
    return fail(ErrorCode::unsupported, "crypto.no-backend", "IPsec-MB is not there, or not for this CPU");
  }
  return keyed(algorithm, AeadBackend::openssl, make_openssl_cipher(algorithm), key);
}

Result<Aead> Aead::like(ByteView key) const { return keyed(algorithm_, backend_, cipher_->another(), key); }

bool Aead::set_key(ByteView key) { return key.size() == key_bytes(algorithm_) && cipher_->set_key(key); }

bool Aead::seal(const Nonce& nonce, ByteView associated, MutableBytes text, MutableBytes tag) {
  return fits(associated, text, tag) && cipher_->seal(nonce, associated, text, tag);
}

bool Aead::open(const Nonce& nonce, ByteView associated, MutableBytes text, ByteView tag) {
  return fits(associated, text, tag) && cipher_->open(nonce, associated, text, tag);
}

}  // namespace lumen::crypto
