// How datagrams that arrive are marked for the network (DSCP), for tests.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <utility>

#include "net/udp.hpp"

namespace lumen::net {

// Before next_marking(). `socket` is without receive offload.
inline void tell_markings(const UdpSocket& socket, bool is_ipv4 = true) {
  const int on = 1;
  const auto option = is_ipv4 ? std::pair{IPPROTO_IP, IP_RECVTOS} : std::pair{IPPROTO_IPV6, IPV6_RECVTCLASS};
  (void)setsockopt(socket.fd(), option.first, option.second, &on, sizeof on);  // without it: -1 below
}

// The TOS byte or traffic class of the next datagram; -1: none came.
inline int next_marking(const UdpSocket& socket, bool is_ipv4 = true) {
  std::array<char, 2048> bytes{};
  alignas(cmsghdr) std::array<char, 256> control{};
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  pollfd waiter{socket.fd(), POLLIN, 0};
  if (poll(&waiter, 1, 2000) != 1 || recvmsg(socket.fd(), &message, MSG_DONTWAIT) < 0) return -1;
  for (auto* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (is_ipv4 && header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_TOS)
      return *CMSG_DATA(header);  // a byte
    if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_TCLASS) {
      int marking = 0;
      std::memcpy(&marking, CMSG_DATA(header), sizeof marking);
      return marking;
    }
  }
  return -1;
}

}  // namespace lumen::net
