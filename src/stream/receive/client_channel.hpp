// lumen/stream/receive: sends the client's messages to the host. Shared by lm-recv (state, recovery) and the
// window's thread (input): a mutex guards the core's sender. Thread-safe.
#pragma once

#include <span>

#include "base/mutex.hpp"
#include "core/client_sender.hpp"
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
  void send_pad(const PadEvent& event, Timestamp now) LUMEN_EXCLUDES(mutex_);
  void edges_acknowledged(std::uint32_t sequence) LUMEN_EXCLUDES(mutex_);
  // Sends waiting edges again, when it is time; call every few milliseconds.
  void repeat_edges(Timestamp now) LUMEN_EXCLUDES(mutex_);

 private:
  void send_sealed(std::optional<ByteView> datagram) LUMEN_REQUIRES(mutex_);

  net::UdpSocket& socket_;
  const net::Endpoint host_;
  mutable Mutex mutex_;
  core::ClientSender sender_ LUMEN_GUARDED_BY(mutex_);
};

}  // namespace lumen::stream
