// lumen/crypto: who this host or client is: a private key and the self-signed certificate that peers pin
// (GameStream part 1, 3.2 and 20, with RSA; lumen/1 with P-256). Created once, kept as two PEM texts, never
// renewed. Depends on base only.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "crypto/certificate.hpp"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace lumen::crypto {

enum class KeyKind : std::uint8_t {
  rsa_2048,    // as stock GameStream clients want it; takes some tenths of a second to make
  ecdsa_p256,  // small and quick; the certificate bears the DNS name "lumen", without which browsers take
               // none
};

// Owner: any one thread; the const functions may be called by several at once.
class Identity {
 public:
  // A new key and a certificate for it: X.509 v3, SHA-256, CN `common_name` (1 to 64 bytes of UTF-8), random
  // positive serial of 16 bytes, valid from a day before `now` for 20 years. `crypto.identity` on failure.
  static Result<Identity> create(std::string_view common_name, std::chrono::system_clock::time_point now,
                                 KeyKind kind = KeyKind::rsa_2048);
  // From the texts that certificate().pem() and private_key_pem() gave. `crypto.identity` when the key is
  // encrypted, unusable or not the certificate's; `crypto.certificate` as Certificate::from_pem().
  static Result<Identity> from_pem(std::string_view certificate_pem, std::string_view private_key_pem);

  Identity(Identity&&) noexcept;
  Identity& operator=(Identity&&) noexcept;
  ~Identity();

  const Certificate& certificate() const { return certificate_; }
  // PKCS #8, not encrypted. Secret: store it readable by the owner only and wipe the text.
  Result<std::string> private_key_pem() const;
  // What Certificate::verify() accepts: SHA-256 with RSA (256 bytes) or ECDSA.
  Result<std::vector<std::byte>> sign(ByteView message) const;

 private:
  struct FreeKey {
    void operator()(evp_pkey_st* key) const;
  };
  using Key = std::unique_ptr<evp_pkey_st, FreeKey>;
  Identity(Certificate certificate, Key key);

  Certificate certificate_;
  Key key_;
};

}  // namespace lumen::crypto
