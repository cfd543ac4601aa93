// lumen/crypto, internal: OpenSSL's objects with owners.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

#include "crypto/certificate.hpp"

namespace lumen::crypto {

struct X509Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
template <class T>
using X509Owned = std::unique_ptr<T, X509Free>;

// nullptr unless `der` is exactly one certificate.
X509Owned<X509> parse_x509(ByteView der);
// RSA of 2048 to 8192 bits, or EC on P-256.
bool is_acceptable_key(const EVP_PKEY* key);

}  // namespace lumen::crypto
