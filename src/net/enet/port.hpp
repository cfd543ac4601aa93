// lumen/net/enet: libenet's host object and the rules around it. Not for other modules.
#pragma once

#include <enet/enet.h>

#include <vector>

#include "net/enet/datagram.hpp"
#include "net/enet/enet.hpp"

namespace lumen::net::enet {

class Port {
 public:
  struct Params {
    std::optional<Endpoint> local;  // none: a client
    std::size_t max_peers = 1;
    bool mark_traffic = false;
  };
  static Result<std::unique_ptr<Port>> create(const Params& params);
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  ~Port() = default;

  int fd() const { return host_->socket; }
  Endpoint local() const;
  void service(Timestamp now, const EnetHandlers& handlers);
  std::optional<Timestamp> next_deadline(Timestamp now) const;
  bool send(EnetPeerId peer, std::uint8_t channel, ByteView message, EnetDelivery delivery);
  void flush();
  void disconnect(EnetPeerId peer, std::uint32_t data);
  void disconnect_after_sending(EnetPeerId peer, std::uint32_t data);
  void drop(EnetPeerId peer, std::uint32_t data);
  std::optional<Endpoint> address_of(EnetPeerId peer) const;
  std::optional<Duration> round_trip(EnetPeerId peer) const;
  std::size_t connections() const;
  const EnetCounters& counters() const { return counters_; }

  void expect(const EnetHost::Expectation& expectation);
  void withdraw(std::uint32_t connect_data);
  Result<EnetPeerId> connect(const Endpoint& to, std::uint32_t connect_data, Timestamp now);

 private:
  struct Destroy {
    void operator()(ENetHost* host) const { enet_host_destroy(host); }
  };
  explicit Port(ENetHost* host) : host_{host}, ids_(host->peerCount) {}
  static int ENET_CALLBACK intercept(ENetHost* host, ENetEvent* event);
  bool lets_pass(ByteView datagram);
  bool expected(std::uint32_t connect_data, const ENetAddress& from) const;
  bool claimed_already(const Datagram& datagram, const ENetAddress& from) const;
  void set_clock(Timestamp now);
  void resume_clock() const;
  bool next_event(ENetEvent& event);
  void handle(const ENetEvent& event, const EnetHandlers& handlers);
  void handle_connect(const ENetEvent& event, const EnetHandlers& handlers);
  void handle_receive(const ENetEvent& event, const EnetHandlers& handlers);
  std::size_t slot(const ENetPeer* peer) const { return static_cast<std::size_t>(peer - host_->peers); }
  ENetPeer* find(EnetPeerId peer) const;

  std::unique_ptr<ENetHost, Destroy> host_;
  std::vector<EnetPeerId> ids_;  // by the library's slot; 0: none
  std::uint64_t last_id_ = 0;
  std::vector<EnetHost::Expectation> expectations_;
  Timestamp now_;
  std::optional<std::int64_t> clock_ms_;  // the library's, of which it knows the lower half
  bool more_ = false;                     // service() stopped before the library had nothing left
  EnetCounters counters_;
};

}  // namespace lumen::net::enet
