// lumen/net/quic: QUIC version 1 (RFC 9000, 9001, 9002) for the control plane of lumen/1: ngtcp2 with GnuTLS.
// Both ends show self-signed certificates that are known by their SHA-256. A connection carries one stream of
// bytes each way: the client's first bidirectional stream. No other streams, no datagrams, no 0-RTT, no
// tickets.
//
// No sockets, no clock, no threads: datagrams and time come in by calls, datagrams go out through a function,
// events are polled. So any call may be made between two polls, and the endpoint may be destroyed there too.
//
// Every datagram that leaves has bit 0x40 set in its first byte, and only such datagrams are looked at: what
// is below may share the UDP port. What strangers can cost is bounded by Limits; forged datagrams change
// nothing.
//
// Owner: one thread. Thread-safe: no.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/units.hpp"
#include "base/wire.hpp"
#include "crypto/certificate.hpp"
#include "crypto/digest.hpp"
#include "net/quic/event.hpp"
#include "net/quic/identity.hpp"
#include "net/udp.hpp"

namespace lumen::net {

// Written and not yet acknowledged by the other side; read and not yet polled.
inline constexpr std::size_t kQuicSendBufferBytes = 256U << 10U, kQuicReceiveBufferBytes = 256U << 10U;
// The largest datagram that leaves: IPv6 in an Ethernet frame. It begins at 1200 and grows as the path
// allows.
inline constexpr std::size_t kQuicMaxDatagramBytes = 1452;

enum class QuicRole : std::uint8_t { host, client };

// Where a datagram came to and from, or leaves from and goes to.
struct QuicPath {
  Endpoint local;  // may be empty. At a client it only names the socket
  Endpoint peer;
};

struct QuicParams {
  QuicRole role = QuicRole::client;
  std::shared_ptr<const QuicIdentity> identity;
  // Hands one datagram to the network, which may lose it. Called from within receive(), on_timer(), poll(),
  // connect(), send(), close() and migrate(); must not call back. `path.local` is what receive() was told.
  std::function<void(const QuicPath& path, ByteView datagram)> send;
  std::string alpn = "lumen/1";
  // Host: keep it secret and the same across restarts, so that clients learn at once of a restart.
  crypto::SecretBytes<32> secret{};

  Duration initial_rtt = std::chrono::milliseconds{20};  // first retransmission after three times this
  Duration handshake_timeout = std::chrono::seconds{10};
  Duration idle_timeout = std::chrono::seconds{10};  // or three retransmission timeouts, if that is longer
  Duration keep_alive = std::chrono::seconds{3};

  // Host. Half open: the handshake is not complete.
  std::size_t max_connections = 64;  // half open ones included; more are refused
  std::size_t max_half_open = 16;    // more are not answered, until one is a second old: that gives way
  std::size_t retry_above = 4;       // with more half open ones a new client must first prove its address
};

struct QuicStatus {
  Endpoint address;                      // of the peer: as connected, then as in QuicMoved
  Duration round_trip{};                 // smoothed; as assumed before there is a sample
  std::size_t path_bytes = 0;            // the largest UDP payload known to pass
  std::size_t unacknowledged_bytes = 0;  // in the send buffer
  bool connected = false;
};

// Since the endpoint was made.
struct QuicCounters {
  std::uint64_t handshakes = 0;         // completed
  std::uint64_t failed_handshakes = 0;  // host: half-open ones that ended, for whatever reason
  std::uint64_t refused = 0;            // host: new clients over a limit
  std::uint64_t retries = 0;            // host: answered by "prove your address"
  std::uint64_t resets = 0;             // host: stateless resets sent
  std::uint64_t dropped = 0;            // datagrams that were no QUIC or of nobody
};

class QuicEndpoint {
 public:
  // `quic.params` when something is missing or out of range.
  static Result<QuicEndpoint> create(QuicParams params);
  QuicEndpoint(QuicEndpoint&&) noexcept;
  QuicEndpoint& operator=(QuicEndpoint&&) noexcept;
  QuicEndpoint(const QuicEndpoint&) = delete;
  QuicEndpoint& operator=(const QuicEndpoint&) = delete;
  ~QuicEndpoint();  // without a word to anybody; see close_all()

  // Time may not run backwards over all calls.
  void receive(const QuicPath& path, ByteView datagram, Timestamp now);
  // When on_timer() must be called; in the past: at once. None: never. Changes with every other call.
  std::optional<Timestamp> next_deadline() const;
  void on_timer(Timestamp now);
  // What happened, in order. Poll until there is nothing after each receive() and on_timer(). The peer may
  // send more only as its bytes are taken here.
  std::optional<QuicEvent> poll(Timestamp now);

  struct Host {
    Endpoint address;
    Endpoint local;  // names the socket, the same as in receive(); may be empty
    // Whose certificate it must be. None: any is accepted, and the caller decides at QuicConnected.
    std::optional<crypto::Fingerprint> pin;
  };
  // Client. QuicConnected or QuicClosed follows. `quic.params`, `quic.internal`.
  Result<QuicId> connect(const Host& host, Timestamp now);
  // All of it or, failing, none. What is given before QuicConnected leaves once the host has proven its key,
  // and at a host once the client has begun to speak. Fails with `quic.closed` or `quic.send-buffer-full`.
  Status send(QuicId id, ByteView bytes, Timestamp now);
  // Ends the connection and tells the other side, once, with `text` (at most 256 bytes are sent). What was
  // not acknowledged may be lost. No event follows; those of it that were not polled are dropped.
  void close(QuicId id, std::uint64_t code, std::string_view text, Timestamp now);
  void close_all(std::uint64_t code, std::string_view text, Timestamp now);

  // TLS 1.3 exporter (RFC 8446 7.5): the same `out` at both ends for the same `label` and `context`, another
  // one for each connection. From QuicConnected on; before, and after the end: `quic.closed`.
  Status export_secret(QuicId id, std::string_view label, ByteView context, MutableBytes out) const;
  // Client: goes on from another socket, named `local`. Not needed when only the address behind the same
  // name changes. Where nothing passes the connection ends as silent. `quic.closed`; `quic.migration` before
  // QuicConnected or while the last one is under way.
  Status migrate(QuicId id, const Endpoint& local, Timestamp now);

  std::optional<QuicStatus> status(QuicId id) const;  // none after the end
  std::size_t connections() const;                    // half-open ones included
  QuicCounters counters() const;

 private:
  struct Core;
  explicit QuicEndpoint(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace lumen::net
