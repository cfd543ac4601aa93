// lumen/crypto: one X.509 certificate as GameStream uses it: a public key with a name for it, known by the
// SHA-256 of its exact DER. There is no chain, no date and no subject to check; who is trusted is decided by
// comparing fingerprints. Depends on base only. A value: any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/wire.hpp"
#include "crypto/digest.hpp"

namespace lumen::crypto {

using Fingerprint = Sha256;  // of a certificate's DER

// The limits of what from_pem() and from_der() look at.
inline constexpr std::size_t kMaxCertificateBytes = 8 * 1024, kMaxPemBytes = 16 * 1024;

class Certificate {
 public:
  // From a peer or a file, hostile. Exactly one certificate, nothing before or after it but white space,
  // an RSA key of 2048 to 8192 bits or an EC key on P-256, DER in the one encoding it has.
  // `crypto.certificate` otherwise.
  static Result<Certificate> from_pem(std::string_view pem);
  static Result<Certificate> from_der(ByteView der);

  ByteView der() const { return der_; }
  // "-----BEGIN CERTIFICATE-----", lines of 64, LF ends, a final LF.
  std::string pem() const;
  const Fingerprint& fingerprint() const { return fingerprint_; }
  // The value of the certificate's own signature (signatureValue): 256 bytes for an RSA-2048 issuer.
  ByteView signature() const { return signature_; }
  // Whether that signature was made with SHA-256; it is not verified.
  bool is_signed_with_sha256() const { return signed_with_sha256_; }
  // Whether `signature` over `message` was made with this certificate's key: RSASSA-PKCS1-v1_5 or ECDSA,
  // each with SHA-256. False on any failure.
  bool verify(ByteView message, ByteView signature) const;

  bool operator==(const Certificate& other) const {
    return equal_in_constant_time(fingerprint_, other.fingerprint_);
  }

 private:
  Certificate() = default;
  std::vector<std::byte> der_, signature_;
  Fingerprint fingerprint_{};
  bool signed_with_sha256_ = false;
};

}  // namespace lumen::crypto
