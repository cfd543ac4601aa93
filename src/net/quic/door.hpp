// lumen/net/quic, internal: what a host answers to datagrams of no connection, keeping no state: version
// negotiation, Retry, refusal, stateless reset (RFC 9000 5.2, 8.1.2, 10.3). None is larger than what it
// answers.
#pragma once

#include <optional>

#include "net/quic/connection.hpp"
#include "net/quic/token_bucket.hpp"

namespace lumen::net::quic {

class Door {
 public:
  explicit Door(Shared& shared) : shared_{shared} {}

  struct Load {
    std::size_t connections = 0, half_open = 0;
    std::size_t stale = 0;  // of the half-open ones: may give way to a new one
  };
  // A client that may come in; or it was answered, or dropped. Borrows from `datagram`.
  std::optional<Arrival> knock(const QuicPath& path, ByteView datagram, Load load, Timestamp now);
  void negotiate_version(const QuicPath& path, ByteView datagram, const ngtcp2_version_cid& ids,
                         Timestamp now);

 private:
  // Whether the address is proven; sets what the connection needs to know of it.
  bool check_token(const QuicPath& path, Arrival& arrival, Timestamp now) const;
  void ask_to_retry(const QuicPath& path, const ngtcp2_pkt_hd& header, Timestamp now);
  void refuse(const QuicPath& path, const ngtcp2_pkt_hd& header, std::uint64_t error, Timestamp now);
  void reset(const QuicPath& path, ByteView datagram, Timestamp now);
  void send(const QuicPath& path, const std::uint8_t* bytes, ngtcp2_ssize count) const;

  Shared& shared_;
  // Neither may be turned into a flood: of resets that forged datagrams call for, of refusals likewise.
  TokenBucket resets_{20, std::chrono::milliseconds{50}}, refusals_{50, std::chrono::milliseconds{20}};
};

}  // namespace lumen::net::quic
