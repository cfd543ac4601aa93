#include "net/tcp/listen.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace lumen::net {
namespace {

constexpr int kBacklog = 64;
constexpr int kPortAttempts = 32;  // for a port that is free on every address

Error listen_error(const Endpoint& local, int os_errno) {
  auto error = bind_error(local, os_errno);
  if (os_errno == EADDRINUSE) {
    error.what = fmt::format("TCP port {} is already in use", local.port());
    error.remedy = "Stop the other program (ss -tlpn shows it) or choose another port";
  } else if (os_errno == EACCES || os_errno == EPERM) {
    error.what = fmt::format("TCP port {} may not be opened", local.port());
  }
  return error;
}

// Zero and a listening descriptor, or the errno that stood.
int open_listener(const Endpoint& local, UniqueFd& opened) {
  const int family = local.address()->sa_family, on = 1;
  UniqueFd fd{socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP)};
  if (!fd) return errno;
  // Linux: no second listener, but a port whose old connections linger may be opened again.
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (family == AF_INET6) setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (bind(fd.get(), local.address(), local.length()) != 0 || listen(fd.get(), kBacklog) != 0) return errno;
  opened = std::move(fd);
  return 0;
}

bool lacks_ipv6(const Endpoint& local, int error) {
  return local.address()->sa_family == AF_INET6 && (error == EAFNOSUPPORT || error == EADDRNOTAVAIL);
}

// All of them on one port; `port` 0 takes what the first one gets.
Result<std::vector<TcpListener>> try_listen(const ListenParams& params) {
  std::vector<TcpListener> listeners;
  std::uint16_t port = params.port;
  for (const auto& address : params.addresses) {
    LUMEN_TRY(const auto local, Endpoint::parse(address, port));
    UniqueFd fd;
    const int error = open_listener(local, fd);
    if (lacks_ipv6(local, error) && params.addresses.size() > 1) continue;
    if (error != 0) return tl::unexpected{listen_error(local, error)};
    const auto bound = local_endpoint(fd.get());
    port = bound.port();
    listeners.push_back({std::move(fd), bound});
  }
  if (!listeners.empty()) return listeners;
  return fail(ErrorCode::invalid_argument, "net.bind", "no address to listen on",
              "Name one, such as 0.0.0.0");
}

template <class Ask>
Endpoint endpoint_of(int fd, Ask ask) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  if (ask(fd, address, &length) != 0) return {};
  return Endpoint::from_sockaddr(address, length);
}

std::string key_of(const Endpoint& remote) {
  if (remote.length() == 0) return {};
  if (remote.address()->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, remote.address(), sizeof v4);
    return {reinterpret_cast<const char*>(&v4.sin_addr), sizeof v4.sin_addr};
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, remote.address(), sizeof v6);
  const std::size_t bytes = IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr) ? 16 : 8;
  return {reinterpret_cast<const char*>(&v6.sin6_addr), bytes};
}

}  // namespace

Result<std::vector<TcpListener>> listen_tcp(const ListenParams& params) {
  auto listeners = try_listen(params);
  for (int i = 1; i < kPortAttempts && params.port == 0; ++i) {
    if (listeners || listeners.error().id != "net.port-in-use") break;
    listeners = try_listen(params);
  }
  return listeners;
}

Endpoint local_endpoint(int fd) {
  return endpoint_of(fd, [](auto... arguments) { return getsockname(arguments...); });
}

Endpoint remote_endpoint(int fd) {
  return endpoint_of(fd, [](auto... arguments) { return getpeername(arguments...); });
}

bool ConnectionLimits::admit(const Endpoint& remote) {
  if (count_ >= total_) return false;
  auto& same = by_address_[key_of(remote)];
  if (same >= per_address_) return false;
  ++same;
  ++count_;
  return true;
}

void ConnectionLimits::leave(const Endpoint& remote) {
  const auto found = by_address_.find(key_of(remote));
  if (found == by_address_.end()) return;
  --count_;
  if (--found->second == 0) by_address_.erase(found);
}

}  // namespace lumen::net
