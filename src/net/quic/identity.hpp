// lumen/net/quic: what TLS needs of a crypto::Identity: its certificate and key in GnuTLS's credentials, and
// the cipher suites. Made once, shared by all connections. Immutable: any thread.
#pragma once

#include <memory>

#include "base/result.hpp"
#include "crypto/identity.hpp"

namespace lumen::net {

class QuicIdentity {
 public:
  struct Tls;  // GnuTLS's objects; internal

  // Copies certificate and key out of `identity`. `quic.identity` when GnuTLS takes them not.
  static Result<QuicIdentity> create(const crypto::Identity& identity);
  // No certificate at all. Every host of Lumen refuses such a client.
  static Result<QuicIdentity> anonymous();

  QuicIdentity(QuicIdentity&&) noexcept;
  QuicIdentity& operator=(QuicIdentity&&) noexcept;
  QuicIdentity(const QuicIdentity&) = delete;
  QuicIdentity& operator=(const QuicIdentity&) = delete;
  ~QuicIdentity();

  const Tls& tls() const { return *tls_; }

 private:
  explicit QuicIdentity(std::unique_ptr<Tls> tls);
  std::unique_ptr<Tls> tls_;
};

}  // namespace lumen::net
