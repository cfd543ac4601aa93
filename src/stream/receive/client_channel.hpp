// lumen/stream/receive: the client's sealed messages to the host. Shared by lm-recv (state, recovery) and the
// window thread (input): a mutex guards the cipher and the edge queue. Thread-safe.
#pragma once

#include <optional>
#include <vector>

#include "base/mutex.hpp"
#include "lumen1/edge_input.hpp"
#include "lumen1/protection.hpp"
#include "net/udp.hpp"

namespace lumen::stream {

class ClientChannel {
 public:
  // `socket` outlives the channel.
  ClientChannel(net::UdpSocket& socket, const net::Endpoint& host) : socket_{socket}, host_{host} {}

  // New keys: a new connection. Edges that still wait belonged to the old one and are dropped.
  Status set_keys(const lumen1::DirectionKeys& keys, std::uint8_t session) LUMEN_EXCLUDES(mutex_);
  bool connected() const LUMEN_EXCLUDES(mutex_);
  void send(std::span<const lumen1::ClientMessage> messages) LUMEN_EXCLUDES(mutex_);
  // Sent at once; edges again until acknowledged.
  void send_input(const InputEvent& event) LUMEN_EXCLUDES(mutex_);
  void edges_acknowledged(std::uint32_t sequence) LUMEN_EXCLUDES(mutex_);
  // Sends waiting edges again; call every few milliseconds. True when there were any.
  bool repeat_edges() LUMEN_EXCLUDES(mutex_);

 private:
  void seal_and_send() LUMEN_REQUIRES(mutex_);
  void append_edges() LUMEN_REQUIRES(mutex_);

  net::UdpSocket& socket_;
  const net::Endpoint host_;
  mutable Mutex mutex_;
  std::optional<lumen1::Sealer> sealer_ LUMEN_GUARDED_BY(mutex_);
  lumen1::EdgeSender edges_ LUMEN_GUARDED_BY(mutex_);
  std::vector<std::byte> body_ LUMEN_GUARDED_BY(mutex_);
  std::vector<std::byte> datagram_ LUMEN_GUARDED_BY(mutex_);
};

}  // namespace lumen::stream
