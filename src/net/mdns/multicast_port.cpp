#include "net/mdns/multicast_port.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "net/mdns/dns_message.hpp"

namespace lumen::net::mdns {
namespace {

constexpr int kDatagramsAtOnce = 16, kHops = 255;

bool set_option(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

bool set_up(int fd, int family) {
  if (!set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) || !set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) {
    return false;
  }
  if (family == AF_INET) {
    return set_option(fd, IPPROTO_IP, IP_PKTINFO, 1) && set_option(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0) &&
           set_option(fd, IPPROTO_IP, IP_MULTICAST_TTL, kHops) && set_option(fd, IPPROTO_IP, IP_TTL, kHops) &&
           set_option(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 1);
  }
  set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);  // unknown to old kernels
  return set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) && set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
         set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, kHops) &&
         set_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, kHops) &&
         set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1);
}

using Control = std::array<std::byte, 128>;

// Names the interface that `message` leaves through.
template <class Info>
void put_info(msghdr& message, Control& control, int level, int type, const Info& info) {
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(sizeof info);
  auto* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(header), &info, sizeof info);
}

// The interface that it came in through; 0: the kernel did not tell.
unsigned arrival_interface(msghdr& message) {
  for (auto* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(header), sizeof info);
      return static_cast<unsigned>(info.ipi_ifindex);
    }
    if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(header), sizeof info);
      return info.ipi6_ifindex;
    }
  }
  return 0;
}

// The interface's own address to send from. The kernel's choice may be another interface's, and that one is
// not on the network of those who listen here.
in_addr source_of(const LocalInterface& interface, const Endpoint& to) {
  const std::string* best = nullptr;
  for (const auto& address : interface.addresses) {
    if (address.bytes.size() != sizeof(in_addr)) continue;
    if (best == nullptr || LocalInterface{interface.index, {address}}.reaches(address_bytes(to))) {
      best = &address.bytes;
    }
  }
  in_addr source{};
  if (best != nullptr) std::memcpy(&source, best->data(), sizeof source);
  return source;
}

void send_to(int fd, const LocalInterface& interface, const Endpoint& to, ByteView datagram) {
  sockaddr_storage address{};
  std::memcpy(&address, to.address(), to.length());
  iovec part{.iov_base = const_cast<std::byte*>(datagram.data()), .iov_len = datagram.size()};
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = to.length();
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) Control control{};
  if (to.address()->sa_family == AF_INET) {
    in_pktinfo info{};
    info.ipi_ifindex = static_cast<int>(interface.index);
    info.ipi_spec_dst = source_of(interface, to);
    put_info(message, control, IPPROTO_IP, IP_PKTINFO, info);
  } else {
    in6_pktinfo info{};
    info.ipi6_ifindex = interface.index;
    put_info(message, control, IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
  while (sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

}  // namespace

Result<MulticastPort> MulticastPort::open(std::uint16_t port, bool shared) {
  MulticastPort opened;
  opened.buffer_.resize(kMaxMessageBytes);
  const auto add = [&](const char* any_address, const char* group) -> Status {
    LUMEN_TRY(const auto local, Endpoint::parse(any_address, shared ? port : 0));
    LUMEN_TRY(const auto to, Endpoint::parse(group, port));
    return opened.add(local, to);
  };
  const auto v4 = add("0.0.0.0", "224.0.0.251"), v6 = add("::", "ff02::fb");
  if (!v4 && !v6) return tl::unexpected{v4.error()};
  return opened;
}

Status MulticastPort::add(const Endpoint& local, const Endpoint& group) {
  const int family = local.address()->sa_family;
  UniqueFd fd{socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd || !set_up(fd.get(), family)) {
    return fail(ErrorCode::unavailable, "mdns.socket", "this machine has no multicast", {}, errno);
  }
  if (bind(fd.get(), local.address(), local.length()) != 0) return tl::unexpected{bind_error(local, errno)};
  sockets_.push_back({std::move(fd), family, group});
  return {};
}

void MulticastPort::change_membership(const LocalInterface& interface, bool join) const {
  for (const auto& socket : sockets_) {
    // Refused: joined already, gone, or more groups than the kernel allows. Nothing to be done about any.
    if (socket.family == AF_INET && interface.has_ipv4()) {
      ip_mreqn request{};
      const auto group = address_bytes(socket.group);
      std::memcpy(&request.imr_multiaddr, group.data(), sizeof request.imr_multiaddr);
      request.imr_ifindex = static_cast<int>(interface.index);
      setsockopt(socket.fd.get(), IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &request,
                 sizeof request);
    } else if (socket.family == AF_INET6 && interface.has_ipv6()) {
      ipv6_mreq request{};
      const auto group = address_bytes(socket.group);
      std::memcpy(&request.ipv6mr_multiaddr, group.data(), sizeof request.ipv6mr_multiaddr);
      request.ipv6mr_interface = interface.index;
      setsockopt(socket.fd.get(), IPPROTO_IPV6, join ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP, &request,
                 sizeof request);
    }
  }
}

void MulticastPort::set_interfaces(const std::vector<LocalInterface>& interfaces) {
  for (const auto& old : interfaces_) {
    if (std::ranges::find(interfaces, old.index, &LocalInterface::index) == interfaces.end()) {
      change_membership(old, false);
    }
  }
  interfaces_ = interfaces;
  // Also those that were there: their addresses may be new, and a link that went down has left the group.
  for (const auto& interface : interfaces_) change_membership(interface, true);
}

void MulticastPort::send(unsigned interface, const std::optional<Endpoint>& to, ByteView datagram) const {
  const auto found = std::ranges::find(interfaces_, interface, &LocalInterface::index);
  if (found == interfaces_.end()) return;
  for (const auto& socket : sockets_) {
    const bool is_v4 = socket.family == AF_INET;
    if (to && to->address()->sa_family != socket.family) continue;
    if (!to && !(is_v4 ? found->has_ipv4() : found->has_ipv6())) continue;
    send_to(socket.fd.get(), *found, to ? *to : socket.group, datagram);
  }
}

void MulticastPort::receive(const DatagramFn& on_datagram) {
  for (const auto& socket : sockets_) {
    for (int i = 0; i < kDatagramsAtOnce; ++i) {
      if (!receive_one(socket, on_datagram)) break;
    }
  }
}

// False: there is nothing more.
bool MulticastPort::receive_one(const Socket& socket, const DatagramFn& on_datagram) {
  sockaddr_storage address{};
  iovec part{.iov_base = buffer_.data(), .iov_len = buffer_.size()};
  alignas(cmsghdr) Control control{};
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = sizeof address;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const auto count = recvmsg(socket.fd.get(), &message, MSG_DONTWAIT);
  if (count < 0) return errno == EINTR;
  const auto from = Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&address), message.msg_namelen);
  const auto interface = arrival_interface(message);
  const auto found = std::ranges::find(interfaces_, interface, &LocalInterface::index);
  if ((message.msg_flags & MSG_TRUNC) != 0 || found == interfaces_.end()) return true;
  if (!found->reaches(address_bytes(from))) return true;
  on_datagram(interface, from, ByteView{buffer_}.first(static_cast<std::size_t>(count)));
  return true;
}

std::vector<int> MulticastPort::fds() const {
  std::vector<int> all;
  all.reserve(sockets_.size());
  for (const auto& socket : sockets_) all.push_back(socket.fd.get());
  return all;
}

}  // namespace lumen::net::mdns
