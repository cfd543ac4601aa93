// For tests: identities made up on the spot, and a TLS client that does as told.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/tcp/test_loop.hpp"

namespace lumen::net {

struct TestIdentity {
  std::string certificate_pem, key_pem;
  std::vector<std::byte> der;
};

template <class T, void (*kFree)(T*)>
struct FreeWith {
  void operator()(T* object) const { kFree(object); }
};
template <class T, void (*kFree)(T*)>
using OpenSslPtr = std::unique_ptr<T, FreeWith<T, kFree>>;

inline std::string bio_text(BIO* bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  std::string copy{text, static_cast<std::size_t>(size)};
  BIO_free(bio);
  return copy;
}

// Self-signed, RSA-2048, as Moonlight clients make theirs; valid from `first_day` to `last_day` from now.
inline constexpr std::string_view kTestName = "NVIDIA GameStream Client";

// Signed with its own key, whoever it names as its issuer.
inline TestIdentity make_test_identity(int first_day = -1, int last_day = 3650,
                                       std::string_view issuer = kTestName) {
  const OpenSslPtr<EVP_PKEY, EVP_PKEY_free> key{EVP_RSA_gen(2048)};
  const OpenSslPtr<X509, X509_free> certificate{X509_new()};
  X509_set_version(certificate.get(), X509_VERSION_3);
  X509_time_adj_ex(X509_getm_notBefore(certificate.get()), first_day, 0, nullptr);
  X509_time_adj_ex(X509_getm_notAfter(certificate.get()), last_day, 0, nullptr);
  X509_set_pubkey(certificate.get(), key.get());
  for (const auto& [name, text] : {std::pair{X509_get_subject_name(certificate.get()), kTestName},
                                   {X509_get_issuer_name(certificate.get()), issuer}}) {
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(text.data()),
                               static_cast<int>(text.size()), -1, 0);
  }
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  TestIdentity identity;
  auto* const pem = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(pem, certificate.get());
  identity.certificate_pem = bio_text(pem);
  auto* const key_pem = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(key_pem, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  identity.key_pem = bio_text(key_pem);
  identity.der.resize(static_cast<std::size_t>(i2d_X509(certificate.get(), nullptr)));
  auto* out = reinterpret_cast<unsigned char*>(identity.der.data());
  i2d_X509(certificate.get(), &out);
  return identity;
}

// Keys take time; tests share these.
inline const TestIdentity& host_identity() {
  static const auto identity = make_test_identity();
  return identity;
}
inline const TestIdentity& client_identity() {
  static const auto identity = make_test_identity();
  return identity;
}

// Blocking; OpenSSL used by hand so that a test may do what no decent client does.
class TlsPeer {
 public:
  struct Params {
    const TestIdentity* identity = nullptr;
    int min_version = TLS1_2_VERSION, max_version = TLS1_3_VERSION;
    SSL_SESSION* resume = nullptr;
  };
  TlsPeer(const Endpoint& to, const Params& params)
      : socket_{to}, context_{SSL_CTX_new(TLS_client_method())} {
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_min_proto_version(context_.get(), params.min_version);
    SSL_CTX_set_max_proto_version(context_.get(), params.max_version);
    if (params.identity != nullptr) use(*params.identity);
    ssl_.reset(SSL_new(context_.get()));
    if (params.resume != nullptr) SSL_set_session(ssl_.get(), params.resume);
    SSL_set_fd(ssl_.get(), socket_.fd());
    connected_ = socket_.connected() && SSL_connect(ssl_.get()) == 1;
  }

  bool connected() const { return connected_; }
  SSL* ssl() const { return ssl_.get(); }
  PeerSocket& socket() { return socket_; }
  bool send(std::string_view text) const {
    return SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) == static_cast<int>(text.size());
  }
  // Until the server's close_notify. Anything else ends the text with "!".
  std::string receive_all() const {
    std::string text;
    std::array<char, 4096> buffer{};
    for (;;) {
      const int count = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
      if (count <= 0) {
        return SSL_get_error(ssl_.get(), count) == SSL_ERROR_ZERO_RETURN ? text : text + "!";
      }
      text.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }

 private:
  void use(const TestIdentity& identity) {
    auto* const certificate_bio =
        BIO_new_mem_buf(identity.certificate_pem.data(), static_cast<int>(identity.certificate_pem.size()));
    auto* const key_bio = BIO_new_mem_buf(identity.key_pem.data(), static_cast<int>(identity.key_pem.size()));
    const OpenSslPtr<X509, X509_free> certificate{
        PEM_read_bio_X509(certificate_bio, nullptr, nullptr, nullptr)};
    const OpenSslPtr<EVP_PKEY, EVP_PKEY_free> key{
        PEM_read_bio_PrivateKey(key_bio, nullptr, nullptr, nullptr)};
    BIO_free(certificate_bio);
    BIO_free(key_bio);
    SSL_CTX_use_certificate(context_.get(), certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), key.get());
  }

  PeerSocket socket_;
  OpenSslPtr<SSL_CTX, SSL_CTX_free> context_;
  OpenSslPtr<SSL, SSL_free> ssl_;
  bool connected_ = false;
};

}  // namespace lumen::net
