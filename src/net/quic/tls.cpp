#include "net/quic/tls.hpp"

#include <gnutls/crypto.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "net/quic/library.hpp"
#include "net/quic/transport_parameters.hpp"

namespace lumen::net {
namespace {

// The last word: QUIC wants an empty legacy session ID (RFC 9001 8.4).
constexpr const char* kPriorities =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:"
    "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:%DISABLE_TLS13_COMPAT_MODE";
// A certificate of the largest size that Lumen takes fits, with the messages around it.
constexpr std::size_t kMaxHandshakeBytes = 16U << 10U;

tl::unexpected<Error> broken(std::string_view what, int result) {
  return fail(ErrorCode::internal, "quic.internal", fmt::format("{}: {}", what, gnutls_strerror(result)),
              "Check that GnuTLS 3.7 is installed completely");
}

gnutls_datum_t datum(std::string_view text) {
  return {reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())),
          static_cast<unsigned>(text.size())};
}

Result<std::unique_ptr<QuicIdentity::Tls>> new_tls() {
  auto tls = std::make_unique<QuicIdentity::Tls>();
  gnutls_certificate_credentials_t credentials = nullptr;
  if (const int result = gnutls_certificate_allocate_credentials(&credentials); result < 0) {
    return broken("no credentials", result);
  }
  tls->credentials.reset(credentials);
  gnutls_priority_t priorities = nullptr;
  if (const int result = gnutls_priority_init(&priorities, kPriorities, nullptr); result < 0) {
    return broken("TLS 1.3 is not to be had", result);
  }
  tls->priorities.reset(priorities);
  return tls;
}

}  // namespace

QuicIdentity::QuicIdentity(std::unique_ptr<Tls> tls) : tls_{std::move(tls)} {}
QuicIdentity::QuicIdentity(QuicIdentity&&) noexcept = default;
QuicIdentity& QuicIdentity::operator=(QuicIdentity&&) noexcept = default;
QuicIdentity::~QuicIdentity() = default;

Result<QuicIdentity> QuicIdentity::create(const crypto::Identity& identity) {
  LUMEN_TRY(auto tls, new_tls());
  LUMEN_TRY(auto key_pem, identity.private_key_pem());
  const auto certificate_pem = identity.certificate().pem();
  const auto certificate = datum(certificate_pem), key = datum(key_pem);
  const int result =
      gnutls_certificate_set_x509_key_mem(tls->credentials.get(), &certificate, &key, GNUTLS_X509_FMT_PEM);
  crypto::wipe(std::as_writable_bytes(std::span{key_pem}));
  if (result < 0) {
    return fail(ErrorCode::invalid_argument, "quic.identity",
                fmt::format("GnuTLS does not take certificate and key: {}", gnutls_strerror(result)),
                "Remove both files, so that new ones are made, and pair again");
  }
  return QuicIdentity{std::move(tls)};
}

Result<QuicIdentity> QuicIdentity::anonymous() {
  LUMEN_TRY(auto tls, new_tls());
  return QuicIdentity{std::move(tls)};
}

namespace quic {

// GnuTLS's view of a session. A hook that fails ends the handshake.
struct TlsHooks {
  static TlsSession& self(gnutls_session_t session) {
    return *static_cast<TlsSession*>(gnutls_session_get_ptr(session));
  }

  // Whether it is the first time. At keys of one level that come twice ngtcp2 aborts.
  static bool take_turn(unsigned& taken, gnutls_record_encryption_level_t level) {
    const auto bit = 1U << static_cast<unsigned>(level);
    return (std::exchange(taken, taken | bit) & bit) == 0;
  }

  // New keys.
  static int secret(gnutls_session_t session, gnutls_record_encryption_level_t at, const void* receive,
                    const void* send, std::size_t count) {
    auto& tls = self(session);
    const auto level = ngtcp2_crypto_gnutls_from_gnutls_record_encryption_level(at);
    const auto* rx = static_cast<const std::uint8_t*>(receive);
    const auto* tx = static_cast<const std::uint8_t*>(send);
    if (rx != nullptr && (!take_turn(tls.receive_keys_, at) ||
                          ngtcp2_crypto_derive_and_install_rx_key(tls.conn_, nullptr, nullptr, nullptr, level,
                                                                  rx, count) != 0)) {
      return -1;
    }
    if (tx != nullptr && (!take_turn(tls.send_keys_, at) ||
                          ngtcp2_crypto_derive_and_install_tx_key(tls.conn_, nullptr, nullptr, nullptr, level,
                                                                  tx, count) != 0)) {
      return -1;
    }
    return 0;
  }

  // Messages that GnuTLS wants sent.
  static int message(gnutls_session_t session, gnutls_record_encryption_level_t at,
                     gnutls_handshake_description_t type, const void* bytes, std::size_t count) {
    if (type == GNUTLS_HANDSHAKE_CHANGE_CIPHER_SPEC) return 0;  // QUIC has none
    auto* conn = self(session).conn_;
    const int result =
        ngtcp2_conn_submit_crypto_data(conn, ngtcp2_crypto_gnutls_from_gnutls_record_encryption_level(at),
                                       static_cast<const std::uint8_t*>(bytes), count);
    if (result == 0) return 0;
    ngtcp2_conn_set_tls_error(conn, result);
    return -1;
  }

  static int alert(gnutls_session_t session, gnutls_record_encryption_level_t, gnutls_alert_level_t,
                   gnutls_alert_description_t description) {
    ngtcp2_conn_set_tls_alert(self(session).conn_, static_cast<std::uint8_t>(description));
    return 0;
  }

  static int take_parameters(gnutls_session_t session, const unsigned char* bytes, std::size_t count) {
    auto* conn = self(session).conn_;
    const auto kept = without_grease_quic_bit(view(bytes, count));
    const int result = kept ? ngtcp2_conn_decode_remote_transport_params(conn, raw(*kept), kept->size())
                            : NGTCP2_ERR_MALFORMED_TRANSPORT_PARAM;
    if (result == 0) return 0;
    ngtcp2_conn_set_tls_error(conn, result);
    return -1;
  }

  static int give_parameters(gnutls_session_t session, gnutls_buffer_t extension) {
    auto& tls = self(session);
    auto parameters = *ngtcp2_conn_get_local_transport_params(tls.conn_);
    parameters.grease_quic_bit = 0;
    std::array<std::uint8_t, 512> bytes{};
    const auto type = tls.role_ == QuicRole::host ? NGTCP2_TRANSPORT_PARAMS_TYPE_ENCRYPTED_EXTENSIONS
                                                  : NGTCP2_TRANSPORT_PARAMS_TYPE_CLIENT_HELLO;
    const auto count = ngtcp2_encode_transport_params(bytes.data(), bytes.size(), type, &parameters);
    if (count < 0) return -1;
    return gnutls_buffer_append_data(extension, bytes.data(), static_cast<std::size_t>(count)) == 0 ? 0 : -1;
  }

  static int verify(gnutls_session_t session) { return self(session).check_peer(); }
};

Result<std::unique_ptr<TlsSession>> TlsSession::create(const Params& params) {
  std::unique_ptr<TlsSession> tls{new TlsSession{params}};
  gnutls_session_t session = nullptr;
  // No tickets: they would save one round trip, and let pins be checked at two places.
  const unsigned flags = (params.role == QuicRole::host ? GNUTLS_SERVER : GNUTLS_CLIENT) |
                         GNUTLS_NO_END_OF_EARLY_DATA | GNUTLS_NO_TICKETS | GNUTLS_NO_AUTO_SEND_TICKET;
  if (const int result = gnutls_init(&session, flags); result < 0) return broken("no TLS session", result);
  tls->session_.reset(session);
  if (const int result = tls->configure(params); result < 0) return broken("no TLS session", result);
  ngtcp2_conn_set_tls_native_handle(params.conn, session);
  return tls;
}

int TlsSession::configure(const Params& params) {
  auto* session = session_.get();
  gnutls_session_set_ptr(session, this);
  gnutls_handshake_set_max_packet_length(session, kMaxHandshakeBytes);
  gnutls_handshake_set_secret_function(session, TlsHooks::secret);
  gnutls_handshake_set_read_function(session, TlsHooks::message);
  gnutls_alert_set_read_function(session, TlsHooks::alert);
  gnutls_session_set_verify_function(session, TlsHooks::verify);
  if (role_ == QuicRole::host) {
    gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
    gnutls_certificate_send_x509_rdn_sequence(session, 1);  // no list of authorities: any certificate
  }
  const auto& tls = params.identity.tls();
  if (const int result = gnutls_priority_set(session, tls.priorities.get()); result < 0) return result;
  if (const int result = gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls.credentials.get());
      result < 0) {
    return result;
  }
  const auto protocol = datum(params.alpn);
  if (const int result = gnutls_alpn_set_protocols(session, &protocol, 1, GNUTLS_ALPN_MANDATORY);
      result < 0) {
    return result;
  }
  return gnutls_session_ext_register(
      session, "QUIC transport parameters", NGTCP2_TLSEXT_QUIC_TRANSPORT_PARAMETERS_V1, GNUTLS_EXT_TLS,
      TlsHooks::take_parameters, TlsHooks::give_parameters, nullptr, nullptr, nullptr,
      GNUTLS_EXT_FLAG_TLS | GNUTLS_EXT_FLAG_CLIENT_HELLO | GNUTLS_EXT_FLAG_EE);
}

// Without this GnuTLS takes any chain. The first certificate is who the other side is; what follows it in the
// message counts for nothing.
int TlsSession::check_peer() {
  unsigned count = 0;
  const auto* certificates = gnutls_certificate_get_peers(session_.get(), &count);
  if (certificates == nullptr || count == 0) return GNUTLS_E_NO_CERTIFICATE_FOUND;
  auto certificate = crypto::Certificate::from_der(view(certificates[0].data, certificates[0].size));
  if (!certificate) return GNUTLS_E_CERTIFICATE_ERROR;
  if (pin_ && !crypto::equal_in_constant_time(*pin_, certificate->fingerprint())) {
    wrong_host_ = true;
    return GNUTLS_E_CERTIFICATE_ERROR;
  }
  peer_ = *std::move(certificate);
  return 0;
}

Status TlsSession::export_secret(std::string_view label, ByteView context, MutableBytes out) const {
  const int result = gnutls_prf_rfc5705(session_.get(), label.size(), label.data(), context.size(),
                                        reinterpret_cast<const char*>(context.data()), out.size(),
                                        reinterpret_cast<char*>(out.data()));
  if (result < 0) return broken("no secret could be exported", result);
  return {};
}

}  // namespace quic
}  // namespace lumen::net
