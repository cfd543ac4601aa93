#include "link/packet.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "link/messages.hpp"

namespace lumen::link {
namespace {

// One descriptor more than allowed has room, so that a surplus is seen rather than cut.
struct alignas(cmsghdr) Control {
  std::array<char, CMSG_SPACE(sizeof(int) * (kMaxDescriptors + 1))> bytes{};
};

tl::unexpected<Error> closed(int os_errno) {
  return fail(ErrorCode::unavailable, "link.closed", "the other process has gone", {}, os_errno);
}

tl::unexpected<Error> send_error(int os_errno) {
  switch (os_errno) {
    case EAGAIN:
    case ENOBUFS:
    case ETOOMANYREFS:
      return fail(ErrorCode::resource_exhausted, "link.full", "the other process does not read its messages");
    case EPIPE:
    case ECONNRESET:
    case ENOTCONN:
      return closed(os_errno);
    default:
      return fail(ErrorCode::internal, "link.send", "cannot send to the other process", {}, os_errno);
  }
}

void attach(msghdr& message, Control& control, std::span<const int> descriptors) {
  if (descriptors.empty()) return;
  const auto bytes = descriptors.size_bytes();
  message.msg_control = control.bytes.data();
  message.msg_controllen = CMSG_SPACE(bytes);
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(bytes);
  std::memcpy(CMSG_DATA(header), descriptors.data(), bytes);
}

// Everything that came gets an owner before anything is judged.
std::vector<UniqueFd> take_descriptors(msghdr& message) {
  std::vector<UniqueFd> taken;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      taken.emplace_back(fd);
    }
  }
  return taken;
}

}  // namespace

tl::unexpected<Error> malformed_packet(std::string what) {
  return fail(ErrorCode::malformed, "link.malformed", std::move(what),
              "Install host and session program of the same version");
}

Status send_packet(int socket, ByteView packet, std::span<const int> descriptors) {
  if (packet.empty() || descriptors.size() > kMaxDescriptors) {
    return fail(ErrorCode::invalid_argument, "link.too-large", "a message to the other process is too large",
                "Use fewer or shorter arguments and paths");
  }
  iovec bytes{.iov_base = const_cast<std::byte*>(packet.data()), .iov_len = packet.size()};  // only read
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  Control control;
  attach(message, control, descriptors);
  ssize_t sent = -1;
  do {
    sent = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return send_error(errno);
  return {};
}

bool has_much_room(int socket) {
  int waiting = 0, room = 0;
  socklen_t size = sizeof room;
  if (ioctl(socket, SIOCOUTQ, &waiting) != 0 || getsockopt(socket, SOL_SOCKET, SO_SNDBUF, &room, &size) != 0)
    return false;
  return waiting <= room / 4;
}

Result<std::optional<ByteView>> receive_packet(int socket, MutableBytes buffer,
                                               std::vector<UniqueFd>& descriptors) {
  iovec bytes{.iov_base = buffer.data(), .iov_len = buffer.size()};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  Control control;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  ssize_t received = -1;
  do {
    received = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (received < 0 && errno == EINTR);
  if (received < 0 && errno == EAGAIN) return std::nullopt;
  if (received < 0) return closed(errno);
  auto taken = take_descriptors(message);
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    return malformed_packet("a message from the other process was cut");
  }
  if (received == 0) return closed(0);
  if (taken.size() > kMaxDescriptors) {
    return malformed_packet("a message from the other process brought too many descriptors");
  }
  descriptors = std::move(taken);
  return std::optional{ByteView{buffer.first(static_cast<std::size_t>(received))}};
}

Result<SocketPair> make_socket_pair() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) {
    return fail(ErrorCode::resource_exhausted, "link.socket", "cannot create a socket pair",
                "Raise the open file limit (ulimit -n)", errno);
  }
  return SocketPair{.host = UniqueFd{ends[0]}, .session = UniqueFd{ends[1]}};
}

}  // namespace lumen::link
