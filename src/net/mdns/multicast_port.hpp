// lumen/net/mdns: the sockets of multicast DNS, IPv4 and IPv6, shared with whoever else speaks it on this
// machine. Owner: one thread. What comes from beyond the local networks is dropped here (RFC 6762, 11).
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/wire.hpp"
#include "net/mdns/interfaces.hpp"

namespace lumen::net::mdns {

inline constexpr std::uint16_t kMdnsPort = 5353;

class MulticastPort {
 public:
  // At least one of the two families. Fails as UdpSocket::bind() does, or with `mdns.socket`.
  // `shared` false: not on that port but on a free one, for queriers where others do not share (RFC
  // 6762, 5.1).
  static Result<MulticastPort> open(std::uint16_t port = kMdnsPort, bool shared = true);

  // Joins the groups on new ones and leaves them on those that are gone.
  void set_interfaces(const std::vector<LocalInterface>& interfaces);
  // To `to`, or to the groups of both families where nullopt. What the kernel refuses is lost, as UDP may be.
  void send(unsigned interface, const std::optional<Endpoint>& to, ByteView datagram) const;
  // Hands over what is there without waiting; under a flood only some of it, so that the owner's other work
  // gets its turn. The bytes are valid during the call.
  using DatagramFn = std::function<void(unsigned interface, const Endpoint& from, ByteView datagram)>;
  void receive(const DatagramFn& on_datagram);

  std::vector<int> fds() const;

 private:
  struct Socket {
    UniqueFd fd;
    int family = 0;
    Endpoint group;
  };
  MulticastPort() = default;
  Status add(const Endpoint& local, const Endpoint& group);
  void change_membership(const LocalInterface& interface, bool join) const;
  bool receive_one(const Socket& socket, const DatagramFn& on_datagram);

  std::vector<Socket> sockets_;
  std::vector<LocalInterface> interfaces_;
  std::vector<std::byte> buffer_;
};

}  // namespace lumen::net::mdns
