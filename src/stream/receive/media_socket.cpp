#include "stream/receive/media_socket.hpp"

#include <algorithm>

namespace lumen::stream {

Result<MediaSocket> MediaSocket::open(const net::Endpoint& host,
                                      const std::optional<gamestream::rtsp::PingPayload>& ping) {
  const bool v6 = host.address()->sa_family == AF_INET6;
  LUMEN_TRY(const auto local, net::Endpoint::parse(v6 ? "::" : "0.0.0.0", 0));
  LUMEN_TRY(auto socket, net::UdpSocket::bind({.local = local}));
  return MediaSocket{std::move(socket), host, ping};
}

void MediaSocket::receive(Duration timeout, const DatagramFn& on_datagram) {
  const auto now = SteadyTime{}.now();
  ping_if_due(now);
  socket_.receive(std::clamp<Duration>(next_ping_ - now, Duration::zero(), timeout),
                  [&](const net::Endpoint& from, MutableBytes datagram) {
                    if (from == host_) {
                      on_datagram(datagram);
                    } else {
                      ++foreign_;
                    }
                  });
}

void MediaSocket::ping_if_due(Timestamp now) {
  if (now < next_ping_) return;
  next_ping_ = now + kPingInterval;
  ++pings_;
  // One that the kernel refuses is like one that was lost: another follows.
  if (ping_) {
    socket_.send_one(host_, gamestream::rtsp::write_ping(*ping_, pings_));
  } else {
    socket_.send_one(host_, gamestream::rtsp::write_legacy_ping());
  }
}

}  // namespace lumen::stream
