#include "net/tcp/byte_server.hpp"

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace lumen::net {
namespace {

using namespace std::chrono_literals;

constexpr int kAcceptsAtOnce = 16;
constexpr Duration kAcceptPause = 100ms;

Timestamp now() { return std::chrono::time_point_cast<Duration>(Clock::now()); }

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

// Asked of the kernel anew: the event may be about an earlier socket of the same number.
bool is_broken(int fd) {
  pollfd entry{.fd = fd, .events = 0, .revents = 0};
  return poll(&entry, 1, 0) == 1 && (entry.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace

Result<std::unique_ptr<ByteServer>> ByteServer::create(EventLoop& loop, Params params) {
  LUMEN_TRY(auto listeners, listen_tcp(params.listen));
  std::unique_ptr<ByteServer> made{new ByteServer{loop, std::move(params), std::move(listeners)}};
  LUMEN_CHECK_OK(made->watch_listeners());
  return made;
}

ByteServer::ByteServer(EventLoop& loop, Params params, std::vector<TcpListener> listeners)
    : loop_{loop},
      limits_{params.limits},
      events_{std::move(params.events)},
      listeners_{std::move(listeners)},
      counts_{limits_.connections, limits_.connections_per_address} {}

ByteServer::~ByteServer() {
  loop_.cancel(accept_timer_);
  for (const auto& listener : listeners_) loop_.unwatch(listener.fd.get());
  while (!connections_.empty()) close(connections_.begin());
}

std::vector<Endpoint> ByteServer::local() const {
  std::vector<Endpoint> result;
  for (const auto& listener : listeners_) result.push_back(listener.local);
  return result;
}

Status ByteServer::watch_listeners() {
  for (const auto& listener : listeners_) {
    const int fd = listener.fd.get();
    LUMEN_CHECK_OK(loop_.watch(fd, EPOLLIN, [this, fd](std::uint32_t) { on_acceptable(fd); }));
  }
  return {};
}

void ByteServer::on_acceptable(int listener) {
  for (int i = 0; i < kAcceptsAtOnce; ++i) {
    UniqueFd fd{accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (fd) {
      open(std::move(fd));
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      return pause_accepting();
    } else if (would_block(errno)) {
      return;
    }  // else: that connection died in the queue; the next one
  }
}

// The queue stays readable while no descriptor is free: asking on would spin.
void ByteServer::pause_accepting() {
  for (const auto& listener : listeners_) loop_.unwatch(listener.fd.get());
  loop_.cancel(accept_timer_);
  accept_timer_ = loop_.call_at(now() + kAcceptPause, [this] {
    if (!watch_listeners()) pause_accepting();
  });
}

void ByteServer::open(UniqueFd fd) {
  const Peer peer{.remote = remote_endpoint(fd.get()), .local = local_endpoint(fd.get())};
  if (peer.remote.length() == 0) return;  // gone already
  if (!counts_.admit(peer.remote)) {
    ++refused_;
    return;
  }
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto id = next_id_++;
  auto& connection = connections_[id];
  connection.fd = std::move(fd);
  connection.remote = peer.remote;
  set_deadline(id, connection, limits_.request);
  if (events_.opened) events_.opened(id, peer);
  if (const auto found = connections_.find(id); found != connections_.end()) watch(id, found->second);
}

void ByteServer::set_deadline(ConnectionId id, Connection& connection, Duration after) {
  loop_.cancel(connection.timer);
  connection.timer = loop_.call_at(now() + after, [this, id] {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    finish(id, found->second.phase == Phase::draining ? End::answered : End::too_slow);
  });
}

void ByteServer::watch(ConnectionId id, Connection& connection) {
  std::uint32_t events = connection.peer_finished ? 0U : EPOLLIN;
  if (connection.phase == Phase::sending) events = EPOLLOUT;
  const auto watched = loop_.watch(connection.fd.get(), events, [this, id](std::uint32_t) { on_ready(id); });
  // Out of kernel memory: the connection ends, but not inside a call of the owner's.
  if (!watched) set_deadline(id, connection, Duration::zero());
}

void ByteServer::on_ready(ConnectionId id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  auto& connection = found->second;
  if (connection.phase == Phase::sending) return send_more(id, connection);
  if (!connection.peer_finished) return receive(id, connection);
  if (is_broken(connection.fd.get())) finish(id, End::peer_left);
}

void ByteServer::receive(ConnectionId id, Connection& connection) {
  std::array<std::byte, 4096> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): recv fills it
  const auto count = recv(connection.fd.get(), buffer.data(), buffer.size(), 0);
  if (count > 0) return on_bytes(id, connection, ByteView{buffer}.first(static_cast<std::size_t>(count)));
  if (count < 0 && would_block(errno)) return;
  if (connection.phase == Phase::draining) return finish(id, End::answered);
  if (count < 0) return finish(id, End::peer_left);
  on_peer_finished(id, connection);
}

void ByteServer::on_bytes(ConnectionId id, Connection& connection, ByteView bytes) {
  const bool wanted = connection.phase == Phase::reading;
  auto& total = wanted ? connection.received : connection.ignored;
  total += bytes.size();
  if (total > (wanted ? limits_.request_bytes : limits_.ignored_bytes)) {
    return finish(id, connection.phase == Phase::draining ? End::answered : End::too_large);
  }
  if (wanted && events_.bytes) events_.bytes(id, bytes);  // may end the connection
}

// A peer that closes its direction after a whole request may still read the answer.
void ByteServer::on_peer_finished(ConnectionId id, Connection& connection) {
  if (connection.phase == Phase::reading) return finish(id, End::peer_left);
  connection.peer_finished = true;
  watch(id, connection);
}

bool ByteServer::complete(ConnectionId id) {
  const auto found = connections_.find(id);
  if (found == connections_.end() || found->second.phase != Phase::reading) return false;
  found->second.phase = Phase::waiting;
  set_deadline(id, found->second, limits_.answer);
  return true;
}

bool ByteServer::answer(ConnectionId id, ByteView bytes) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return false;
  auto& connection = found->second;
  if (connection.phase != Phase::reading && connection.phase != Phase::waiting) return false;
  connection.phase = Phase::sending;
  connection.answer.assign(bytes.begin(), bytes.end());
  set_deadline(id, connection, limits_.flush);
  watch(id, connection);
  return true;
}

void ByteServer::send_more(ConnectionId id, Connection& connection) {
  const auto rest = ByteView{connection.answer}.subspan(connection.sent);
  if (!rest.empty()) {
    const auto count = send(connection.fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count < 0 && would_block(errno)) return;
    if (count < 0) return finish(id, End::peer_left);
    connection.sent += static_cast<std::size_t>(count);
    if (connection.sent < connection.answer.size()) return;
  }
  shutdown(connection.fd.get(), SHUT_WR);
  if (connection.peer_finished) return finish(id, End::answered);
  // Closing with unread bytes would send RST, which can overtake the answer: read until the peer closes.
  connection.phase = Phase::draining;
  watch(id, connection);
}

void ByteServer::drop(ConnectionId id) {
  const auto found = connections_.find(id);
  if (found != connections_.end()) close(found);
}

void ByteServer::finish(ConnectionId id, End end) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  close(found);
  if (events_.ended) events_.ended(id, end);
}

void ByteServer::close(std::map<ConnectionId, Connection>::iterator found) {
  loop_.cancel(found->second.timer);
  loop_.unwatch(found->second.fd.get());
  counts_.leave(found->second.remote);
  connections_.erase(found);
}

}  // namespace lumen::net
