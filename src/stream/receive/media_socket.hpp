// lumen/stream/receive: a GameStream client's socket for picture or sound (GameStream part 2, sections 1
// and 2): shows the host by pings where to send, and takes what comes from there. Owner: one thread.
#pragma once

#include <optional>

#include "gamestream/rtsp/ping.hpp"
#include "net/udp.hpp"

namespace lumen::stream {

class MediaSocket {
 public:
  static constexpr Duration kPingInterval = std::chrono::milliseconds{500};

  // `ping`: what the host gave to be known by; none for hosts that know their clients by address. Fails as
  // UdpSocket::bind().
  static Result<MediaSocket> open(const net::Endpoint& host,
                                  const std::optional<gamestream::rtsp::PingPayload>& ping);

  // Pings when it is time, waits up to `timeout` and hands out the host's datagrams, writable.
  using DatagramFn = std::function<void(MutableBytes)>;
  void receive(Duration timeout, const DatagramFn& on_datagram);

  std::uint64_t foreign() const { return foreign_; }  // datagrams of others

 private:
  MediaSocket(net::UdpSocket socket, const net::Endpoint& host,
              const std::optional<gamestream::rtsp::PingPayload>& ping)
      : socket_{std::move(socket)}, host_{host}, ping_{ping} {}
  void ping_if_due(Timestamp now);

  net::UdpSocket socket_;
  net::Endpoint host_;
  std::optional<gamestream::rtsp::PingPayload> ping_;
  std::uint32_t pings_ = 0;
  Timestamp next_ping_{};
  std::uint64_t foreign_ = 0;
};

}  // namespace lumen::stream
