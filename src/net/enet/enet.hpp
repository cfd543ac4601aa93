// lumen/net/enet: ENet connections over one UDP port, for a host and for a client: RAII over Debian's libenet
// 1.3.17, which speaks to the ENet of stock Moonlight clients (spec part 3, section 2).
//
// What is closed around the library:
// - a CONNECT reaches it only when its user data was expected; any other changes nothing but a counter;
// - fragments, empty or oversized messages, compression and over-full datagrams never reach it;
// - an error of its service call (a stray 5 kB datagram, an unreachable network) is counted and passed over;
// - its clock is set from the caller's, so that a step of the wall clock ends no connection;
// - timers are exact: next_deadline() says when a retransmission or a ping is due.
//
// What stays: IPv4 only. On a wildcard address the kernel chooses the address of answers, so bind one port
// per address on hosts with several. A datagram counts for a peer only from the address that connected:
// forged ones from elsewhere do nothing, and a client whose address changes is lost after kEnetPeerTimeout.
//
// Owner: one thread. Thread-safe: no. libenet has one clock per process: ports of one process that are
// serviced on several threads must be given the same clock.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "base/units.hpp"
#include "base/wire.hpp"
#include "net/udp.hpp"

namespace lumen::net {

inline constexpr std::size_t kEnetChannels = 48;           // what stock clients ask for
inline constexpr std::size_t kEnetMaxMessageBytes = 1024;  // received
inline constexpr std::size_t kEnetMaxSentBytes =
    872;  // what fits a datagram of 900 bytes, a stock client's MTU
inline constexpr Duration kEnetPeerTimeout = std::chrono::seconds{10};

enum class EnetDelivery : std::uint8_t {
  reliable,
  unreliable,   // in sequence; an overtaken one is dropped. May vanish without loss: both libraries throttle
  unsequenced,  // neither; may vanish likewise
};

// A connection; never used again after it ended.
using EnetPeerId = Quantity<struct EnetPeerTag, std::uint64_t>;

// Called from within service(). They may call anything but service() and the port's destructor. All must be
// set.
struct EnetHandlers {
  // `connect_data` as the connecting side gave it (at a client: 0).
  std::function<void(EnetPeerId peer, const Endpoint& address, std::uint32_t connect_data)> connected;
  // The bytes are writable and valid during the call.
  std::function<void(EnetPeerId peer, std::uint8_t channel, MutableBytes message)> received;
  // By the other side, by disconnect(), or for want of answers. `data`: what a disconnecting peer gave.
  std::function<void(EnetPeerId peer, std::uint32_t data)> disconnected;
};

struct EnetCounters {
  std::uint64_t refused_connects = 0;   // wrong or missing connect data
  std::uint64_t refused_datagrams = 0;  // dropped before the library
  std::uint64_t service_errors = 0;     // oversized datagrams, failed sends
};

namespace enet {
class Port;
}

// What host and client share.
class EnetPort {
 public:
  EnetPort(EnetPort&&) noexcept;
  EnetPort& operator=(EnetPort&&) noexcept;
  EnetPort(const EnetPort&) = delete;
  EnetPort& operator=(const EnetPort&) = delete;
  ~EnetPort();  // connections end without a word; see disconnect() and drop()

  int fd() const;  // readable: call service()
  Endpoint local() const;

  // Receives, sends what is due, calls the handlers. Returns after some hundred events, so that the caller's
  // other work gets its turn; next_deadline() is `now` then.
  void service(Timestamp now, const EnetHandlers& handlers);
  // When service() must be called though nothing was received; none while there is no connection. Changes
  // with every service(), send(), connect() and disconnect().
  std::optional<Timestamp> next_deadline(Timestamp now) const;

  // Queues a message of 1 to kEnetMaxSentBytes bytes (less where the peer's MTU is below 900); it leaves with
  // flush() or the next service(). False: not connected, no such channel, too long.
  bool send(EnetPeerId peer, std::uint8_t channel, ByteView message, EnetDelivery delivery);
  void flush();

  // Says goodbye and waits for the answer: `disconnected` follows, but not for a connection that was not
  // there yet. What is queued is not sent any more.
  void disconnect(EnetPeerId peer, std::uint32_t data);
  // The same once everything queued was acknowledged.
  void disconnect_after_sending(EnetPeerId peer, std::uint32_t data);
  // Forgets the connection at once. The other side is told once, without waiting; `disconnected` does not
  // follow.
  void drop(EnetPeerId peer, std::uint32_t data);

  std::optional<Endpoint> address_of(EnetPeerId peer) const;
  // Smoothed; none for who is not connected.
  std::optional<Duration> round_trip(EnetPeerId peer) const;
  std::size_t connections() const;
  EnetCounters counters() const;

 protected:
  explicit EnetPort(std::unique_ptr<enet::Port> port);
  std::unique_ptr<enet::Port> port_;
};

class EnetHost : public EnetPort {
 public:
  struct Params {
    Endpoint local;              // IPv4
    std::size_t max_peers = 16;  // a little above the sessions' limit; at most 255
    // DSCP EF and socket priority 6, as stock clients mark theirs. Some networks drop marked packets.
    bool mark_traffic = false;
  };
  // Fails with `enet.ipv4-only`, `enet.create`, or as UdpSocket::bind().
  static Result<EnetHost> create(const Params& params);

  // A connection that may come. Single use: the first connection with it makes it void.
  struct Expectation {
    std::uint32_t connect_data = 0;
    Timestamp until;
    // For clients that send no connect data: only from this address; its port does not matter.
    std::optional<Endpoint> from;
  };
  // Before the client learns of it. Replaces an earlier one with the same data and address.
  void expect(const Expectation& expectation);
  void withdraw(std::uint32_t connect_data);

 private:
  using EnetPort::EnetPort;
};

class EnetClient : public EnetPort {
 public:
  struct Params {
    bool mark_traffic = false;
  };
  // On any free IPv4 port. Fails as EnetHost::create().
  static Result<EnetClient> create(const Params& params);
  // `connected` or, after some 8 s, `disconnected` follows. One connection at a time: `enet.busy`.
  Result<EnetPeerId> connect(const Endpoint& host, std::uint32_t connect_data, Timestamp now);

 private:
  using EnetPort::EnetPort;
};

}  // namespace lumen::net
