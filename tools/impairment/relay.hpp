// tools/impairment: a UDP relay between clients and one host that does to datagrams what a Network says. Each
// client address has a socket of its own towards the host, as behind a NAT; all share the network. Datagrams
// come and go in trains, so that the relay costs little where it impairs nothing.
// Owner: the thread of its loop. Thread-safe: no.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "net/udp.hpp"
#include "tools/impairment/delay_line.hpp"
#include "tools/impairment/network.hpp"

namespace lumen::impairment {

struct RelayParams {
  net::Endpoint listen;  // where clients send; port 0: any
  net::Endpoint host;
  std::vector<Change> changes;
  std::uint64_t seed = 1;
};

struct RelayCounters {
  std::uint64_t refused = 0;    // by the kernel, or there was no room on the way
  std::uint64_t strangers = 0;  // from neither a client nor the host, or of one client too many
  std::uint64_t moves = 0;
};

class Relay {
 public:
  static constexpr std::size_t kMostClients = 64;

  // `loop` and `log` outlive it. Fails as UdpSocket::bind() does.
  static Result<std::unique_ptr<Relay>> create(RelayParams params, EventLoop& loop, Logger& log);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  net::Endpoint local() const { return local_; }
  // From now on the host sees every client at another port; what it still sends to the old ones is lost.
  void move();
  const Network& network() const { return network_; }
  const RelayCounters& counters() const { return counters_; }
  std::size_t clients() const { return flows_.size(); }

 private:
  struct Flow;
  // Datagrams to one address that leave in one system call.
  struct Outbox {
    net::UdpSocket* socket = nullptr;
    net::Endpoint to;
    std::vector<std::byte> bytes;
    std::size_t segment_bytes = 0, datagrams = 0;
    bool ended = false;  // by a shorter one
  };

  Relay(RelayParams params, net::UdpSocket front, const net::Endpoint& local, UniqueFd timer, EventLoop& loop,
        Logger& log);
  Status start();
  Status open_towards_host(std::uint32_t flow);
  std::optional<std::uint32_t> flow_of(const net::Endpoint& client);
  void receive(Side side, std::uint32_t flow, ByteView datagram);
  void carry_on();
  void deliver_due(Side side, Timestamp now);
  void deliver(Side side, std::uint32_t flow, ByteView datagram);
  void flush(Outbox& outbox);
  void arm();

  const RelayParams params_;
  net::UdpSocket front_;  // towards the clients
  const net::Endpoint local_;
  UniqueFd timer_;
  EventLoop& loop_;
  Logger& log_;
  Network network_;
  std::vector<std::unique_ptr<Flow>> flows_;
  std::array<DelayLine, 2> on_way_;
  std::array<Outbox, 2> outboxes_;
  RelayCounters counters_;
};

// All that was counted, and what happened in each tenth of a second, as JSON.
std::string to_json(const Relay& relay, Duration ran_for);

}  // namespace lumen::impairment
