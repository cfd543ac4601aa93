// lumen/net/quic, internal: the TLS 1.3 session of one connection, in GnuTLS, wired to ngtcp2 by hooks of our
// own.
//
// ngtcp2's own hooks for GnuTLS would do but for one thing: version 0.12 always offers the extension that
// lets bit 0x40 of the first byte vary (RFC 9287), whatever the parameters say, and then clears it in half of
// its connections. Behind a demultiplexer by that bit those do not come up. So ours send the transport
// parameters without it, and do not let ngtcp2 see it in the other side's.
#pragma once

#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2.h>

#include <memory>
#include <optional>
#include <string>

#include "net/quic/quic.hpp"

namespace lumen::net {

struct QuicIdentity::Tls {
  struct Free {
    void operator()(gnutls_certificate_credentials_st* owned) const {
      gnutls_certificate_free_credentials(owned);
    }
    void operator()(gnutls_priority_st* owned) const { gnutls_priority_deinit(owned); }
  };
  std::unique_ptr<gnutls_certificate_credentials_st, Free> credentials;
  std::unique_ptr<gnutls_priority_st, Free> priorities;
};

namespace quic {

// Owner: the connection's. Does not move: GnuTLS holds its address.
class TlsSession {
 public:
  struct Params {
    QuicRole role;
    const QuicIdentity& identity;
    const std::string& alpn;
    std::optional<crypto::Fingerprint> pin;
    ngtcp2_conn* conn;  // outlives the session; the session is set there as its TLS
  };
  static Result<std::unique_ptr<TlsSession>> create(const Params& params);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;
  ~TlsSession() = default;

  // Once the other side has shown one that can be read and is the pinned one. That it has the key is sure
  // when the handshake is complete.
  const std::optional<crypto::Certificate>& peer() const { return peer_; }
  bool is_wrong_host() const { return wrong_host_; }
  // `quic.internal` when GnuTLS fails, which it does before the handshake is complete.
  Status export_secret(std::string_view label, ByteView context, MutableBytes out) const;

 private:
  friend struct TlsHooks;
  struct FreeSession {
    void operator()(gnutls_session_int* session) const { gnutls_deinit(session); }
  };
  explicit TlsSession(const Params& params) : conn_{params.conn}, role_{params.role}, pin_{params.pin} {}
  int configure(const Params& params);
  int check_peer();

  ngtcp2_conn* conn_;
  QuicRole role_;
  std::optional<crypto::Fingerprint> pin_;
  std::optional<crypto::Certificate> peer_;
  bool wrong_host_ = false;
  unsigned receive_keys_ = 0, send_keys_ = 0;  // a bit for each level that has them
  std::unique_ptr<gnutls_session_int, FreeSession> session_;
};

}  // namespace quic
}  // namespace lumen::net
