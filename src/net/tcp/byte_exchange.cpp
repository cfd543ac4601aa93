#include "net/tcp/byte_exchange.hpp"

#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include <fmt/format.h>

#include "base/fd.hpp"

namespace lumen::net {
namespace {

Timestamp now() { return std::chrono::time_point_cast<Duration>(Clock::now()); }

// One socket, its limits in time and the descriptor that a stop makes readable. Lives within exchange().
class Wait {
 public:
  Wait(const std::stop_token& stop, std::string peer)
      : wake_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)},
        peer_{std::move(peer)},
        on_stop_{stop, [fd = wake_.get()] { eventfd_write(fd, 1); }} {}

  Status ready(int fd, short events, Timestamp deadline) const {
    std::array<pollfd, 2> entries{pollfd{.fd = fd, .events = events, .revents = 0},
                                  pollfd{.fd = wake_.get(), .events = POLLIN, .revents = 0}};
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now()).count();
      if (left <= 0)
        return fail(ErrorCode::timed_out, "tcp.timeout", fmt::format("{} does not answer", peer_));
      const int count = poll(entries.data(), entries.size(), static_cast<int>(std::min<long>(left, 60'000)));
      if (count > 0 && entries[1].revents != 0) {
        return fail(ErrorCode::cancelled, "tcp.stopped", "stopped while waiting for an answer");
      }
      if (count > 0) return {};
    }
  }

 private:
  UniqueFd wake_;
  std::string peer_;
  std::stop_callback<std::function<void()>> on_stop_;
};

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

tl::unexpected<Error> broken(int error) {
  return fail(ErrorCode::unavailable, "tcp.reset", "the connection broke", {}, error);
}

tl::unexpected<Error> connect_failure(const Endpoint& to, int error) {
  if (error == ECONNRESET) return broken(error);  // accepted, and reset before this end looked
  if (error == ECONNREFUSED) {
    return fail(ErrorCode::unavailable, "tcp.refused", fmt::format("nothing listens on {}", to.to_string()),
                "Start the host, or check the port", error);
  }
  return fail(ErrorCode::unavailable, "tcp.connect", fmt::format("cannot reach {}", to.to_string()),
              "Check the address, the network and the firewall", error);
}

Result<UniqueFd> connected(const ByteExchange& what, const Wait& wait, Timestamp deadline) {
  UniqueFd fd{socket(what.to.address()->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP)};
  if (!fd) return connect_failure(what.to, errno);
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd.get(), what.to.address(), what.to.length()) == 0) return fd;
  if (errno != EINPROGRESS) return connect_failure(what.to, errno);
  LUMEN_CHECK_OK(wait.ready(fd.get(), POLLOUT, deadline));
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return connect_failure(what.to, error);
  return fd;
}

Status send_all(int fd, ByteView bytes, const Wait& wait, Timestamp deadline) {
  while (!bytes.empty()) {
    LUMEN_CHECK_OK(wait.ready(fd, POLLOUT, deadline));
    const auto count = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && would_block(errno)) continue;
    if (count < 0) return broken(errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace

Result<std::vector<std::byte>> exchange(const ByteExchange& what, const std::stop_token& stop) {
  const auto begin = now();
  const auto deadline = begin + what.timeout;
  const Wait wait{stop, what.to.to_string()};
  LUMEN_TRY(const auto fd, connected(what, wait, begin + std::min(what.timeout, what.connect_timeout)));
  LUMEN_CHECK_OK(send_all(fd.get(), what.request, wait, deadline));
  std::vector<std::byte> answer;
  std::array<std::byte, 16U << 10U> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): recv fills it
  for (;;) {
    LUMEN_CHECK_OK(wait.ready(fd.get(), POLLIN, deadline));
    const auto count = recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (count == 0) return answer;
    if (count < 0 && would_block(errno)) continue;
    if (count < 0) return broken(errno);
    const auto bytes = ByteView{buffer}.first(static_cast<std::size_t>(count));
    if (bytes.size() > what.max_answer_bytes - answer.size()) {
      return fail(
          ErrorCode::malformed, "tcp.answer-too-large",
          fmt::format("{} answers with more than {} bytes", what.to.to_string(), what.max_answer_bytes));
    }
    answer.insert(answer.end(), bytes.begin(), bytes.end());
  }
}

Result<std::vector<Endpoint>> resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned{list, [](addrinfo* all) {
                                                               if (all != nullptr) freeaddrinfo(all);
                                                             }};
  std::vector<Endpoint> found, later;  // IPv4 first: every host has it
  for (const auto* entry = list; error == 0 && entry != nullptr; entry = entry->ai_next) {
    const auto endpoint = Endpoint::from_sockaddr(entry->ai_addr, entry->ai_addrlen);
    if (endpoint.length() == 0) continue;
    (endpoint.address()->sa_family == AF_INET ? found : later).push_back(endpoint);
  }
  found.insert(found.end(), later.begin(), later.end());
  if (!found.empty()) return found;
  return fail(ErrorCode::unavailable, "net.resolve",
              fmt::format("'{}' has no address{}{}", host, error != 0 ? ": " : "",
                          error != 0 ? gai_strerror(error) : ""),
              "Check the name, or give the numeric address");
}

}  // namespace lumen::net
