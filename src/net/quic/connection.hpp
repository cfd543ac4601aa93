// lumen/net/quic, internal: one connection: ngtcp2's, its TLS session, its stream. After its end it lives on
// for a while as a tombstone, which answers late datagrams as RFC 9000 10.2 wants it, without ngtcp2 and TLS.
//
// Nothing of ngtcp2 is called from within its callbacks, but for what it allows there; what they find out is
// acted upon when the call that led to them has returned.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/quic/cid_table.hpp"
#include "net/quic/library.hpp"
#include "net/quic/quic.hpp"
#include "net/quic/send_buffer.hpp"
#include "net/quic/tls.hpp"

namespace lumen::net::quic {

// What an endpoint's connections share. Outlives them.
struct Shared {
  QuicParams params;
  CidTable cids;
  std::deque<QuicEvent> events;  // QuicBytes are empty here: the connection keeps them until they are polled
  QuicCounters counters;
};

// A client's first Initial, as it was let in.
struct Arrival {
  ngtcp2_pkt_hd header;
  ngtcp2_cid original{};     // the connection ID of the very first Initial, before any Retry
  bool after_retry = false;  // then the header's token is good, and its destination ID ours
};

class Connection {
 public:
  // Both fail with `quic.internal`. `path.local` is set.
  static Result<std::unique_ptr<Connection>> accept(Shared& shared, QuicId id, const Arrival& arrival,
                                                    const QuicPath& path, Timestamp now);
  static Result<std::unique_ptr<Connection>> connect(Shared& shared, QuicId id, const QuicPath& path,
                                                     std::optional<crypto::Fingerprint> pin, Timestamp now);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  bool is_alive() const { return conn_ != nullptr; }
  bool is_half_open() const { return is_alive() && !handshake_done_; }
  Duration age(Timestamp now) const { return now - born_; }
  const QuicPath& path() const { return path_; }
  Timestamp deadline() const;  // when expire() is due; of a tombstone: when it may be forgotten

  void receive(const QuicPath& path, ByteView datagram, Timestamp now);
  void expire(Timestamp now);
  void pump(Timestamp now);  // sends what may leave now

  Status send(ByteView bytes, Timestamp now);
  std::vector<std::byte> take_received(Timestamp now);
  void close(std::uint64_t code, std::string_view text, Timestamp now);
  Status export_secret(std::string_view label, ByteView context, MutableBytes out) const;
  Status migrate(const Endpoint& local, Timestamp now);
  QuicStatus status() const;
  ngtcp2_conn* native() const { return conn_.get(); }  // for tests that misuse it

 private:
  friend struct Callbacks;
  Connection(Shared& shared, QuicId id, const QuicPath& path, Timestamp now)
      : shared_{shared}, id_{id}, born_{now}, path_{path} {}
  bool is_host() const { return shared_.params.role == QuicRole::host; }
  Status start_tls(std::optional<crypto::Fingerprint> pin);

  void announce();  // QuicConnected, once
  void follow_validated_path();
  ngtcp2_ssize write(std::span<std::uint8_t> datagram, ngtcp2_path_storage& path, Timestamp now);
  ngtcp2_ssize write_stream(std::span<std::uint8_t> datagram, ngtcp2_path_storage& path, Timestamp now);
  void after_call(int result, Timestamp now);
  void fail_with(int result, Timestamp now);
  QuicClosed why(int result) const;
  QuicClosed why_peer_closed() const;
  // Sends `error`, frees what can be freed and leaves a tombstone.
  void end_with(const CloseError& error, Timestamp now);
  Duration linger() const;
  void end(Timestamp forget_at);
  void tell(QuicClosed closed);
  void answer_from_the_grave();

  Shared& shared_;
  QuicId id_;
  Timestamp born_;
  QuicPath path_;                      // as connected, or as validated since
  std::optional<QuicPath> validated_;  // to be looked at after the call
  SendBuffer<kQuicSendBufferBytes> unacknowledged_;
  ConnPtr conn_;                     // freed before what it points to above
  std::unique_ptr<TlsSession> tls_;  // freed before it
  std::vector<std::byte> received_;  // not polled yet
  std::int64_t stream_ = -1;         // known once the client has opened it
  bool handshake_done_ = false;      // here
  bool announced_ = false;
  bool stream_ended_ = false, reset_ = false;

  std::vector<std::uint8_t> farewell_;  // the datagram that said why we closed
  std::uint64_t late_datagrams_ = 0;
  Timestamp forget_at_{};
};

}  // namespace lumen::net::quic
