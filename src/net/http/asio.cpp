#include "net/http/asio.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <fmt/format.h>

namespace lumen::net {
namespace {

constexpr long kMaxPeerCertificateBytes = 32L << 10U;

int accept_any_certificate(X509_STORE_CTX* context, void* /*unused*/) {
  X509_STORE_CTX_set_error(context, X509_V_OK);
  return 1;
}

tl::unexpected<Error> certificate_error(std::string_view what, const error_code& error) {
  return fail(ErrorCode::invalid_argument, "http.certificate", fmt::format("{}: {}", what, error.message()),
              "Give a certificate and the private key that belongs to it, both as PEM");
}

}  // namespace

Result<asio::ssl::context> make_tls_context(asio::ssl::context::method method,
                                            const std::string& certificate_pem, const std::string& key_pem) {
  asio::ssl::context context{method};
  auto* const native = context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(native, 0);
  // OpenSSL answers an attempt at resumption with an alert where this is unset and certificates are asked
  // for.
  constexpr std::string_view kSessionContext = "lumen";
  SSL_CTX_set_session_id_context(native, reinterpret_cast<const unsigned char*>(kSessionContext.data()),
                                 static_cast<unsigned>(kSessionContext.size()));
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_cert_list(native, kMaxPeerCertificateBytes);
  // A server asks for a certificate, naming no authority; without one the handshake goes on.
  SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(native, accept_any_certificate, nullptr);
  if (certificate_pem.empty() && key_pem.empty()) return context;
  error_code error;
  if (context.use_certificate(asio::buffer(certificate_pem), asio::ssl::context::pem, error)) {
    return certificate_error("the certificate is not one", error);
  }
  if (context.use_private_key(asio::buffer(key_pem), asio::ssl::context::pem, error)) {
    return certificate_error("the private key does not fit the certificate", error);
  }
  return context;
}

std::vector<std::byte> peer_certificate(TlsStream& stream) {
  const auto* const certificate = SSL_get0_peer_certificate(stream.native_handle());
  const int size = certificate == nullptr ? 0 : i2d_X509(certificate, nullptr);
  if (size <= 0) return {};
  std::vector<std::byte> der(static_cast<std::size_t>(size));
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  i2d_X509(certificate, &out);
  return der;
}

tcp protocol_of(const Endpoint& endpoint) {
  return endpoint.address()->sa_family == AF_INET6 ? tcp::v6() : tcp::v4();
}

}  // namespace lumen::net
