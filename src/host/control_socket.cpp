#include "host/control_socket.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace lumen::host {
namespace {

constexpr std::size_t kMaxRequests = 16, kMaxLine = 256;

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail(ErrorCode::invalid_argument, "host.socket-path", fmt::format("the path {} is too long", path),
                "Set XDG_RUNTIME_DIR to a shorter folder");
  }
  path.copy(address.sun_path, path.size());
  return address;
}

bool send_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void set_timeout(int fd) {
  const timeval limit{2, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

}  // namespace

Result<std::unique_ptr<ControlSocket>> ControlSocket::create(const std::string& path, EventLoop& loop,
                                                             CommandFn on_command) {
  LUMEN_TRY(const auto address, address_of(path));
  UniqueFd lock{open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!lock || flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(ErrorCode::unavailable, "host.already-running", "another lumen-host is running for this user",
                "Stop it with: lumen-host stop");
  }
  unlink(path.c_str());  // we hold the lock: whatever is there is dead
  UniqueFd listener{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!listener || bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener.get(), 8) != 0) {
    return fail(ErrorCode::unavailable, "host.control-socket", fmt::format("cannot listen on {}", path),
                "Set XDG_RUNTIME_DIR to a folder that you can write to", errno);
  }
  std::unique_ptr<ControlSocket> made{
      new ControlSocket{path, std::move(lock), std::move(listener), loop, std::move(on_command)}};
  auto* self = made.get();
  LUMEN_CHECK_OK(
      loop.watch(self->listener_.get(), EPOLLIN, [self](std::uint32_t) { self->on_connection(); }));
  return made;
}

ControlSocket::ControlSocket(std::string path, UniqueFd lock, UniqueFd listener, EventLoop& loop,
                             CommandFn on_command)
    : path_{std::move(path)},
      lock_{std::move(lock)},
      listener_{std::move(listener)},
      loop_{loop},
      on_command_{std::move(on_command)} {}

ControlSocket::~ControlSocket() {
  for (const auto& [fd, request] : requests_) loop_.unwatch(fd);
  loop_.unwatch(listener_.get());
  unlink(path_.c_str());
}

void ControlSocket::on_connection() {
  UniqueFd fd{accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
  if (!fd || requests_.size() >= kMaxRequests) return;
  const int key = fd.get();
  if (!loop_.watch(key, EPOLLIN, [this, key](std::uint32_t) { on_request(key); })) return;
  requests_[key].fd = std::move(fd);
}

void ControlSocket::on_request(int fd) {
  auto& request = requests_[fd];
  std::array<char, kMaxLine> buffer{};
  const auto got = recv(fd, buffer.data(), buffer.size(), 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got > 0) request.line.append(buffer.data(), static_cast<std::size_t>(got));
  const auto end = request.line.find('\n');
  if (end == std::string::npos && got > 0 && request.line.size() < kMaxLine) return;  // more to come
  if (end != std::string::npos) {
    const auto answer = on_command_(request.line.substr(0, end));
    fcntl(fd, F_SETFL, 0);  // a short blocking write to a local peer, bounded by the timeout
    set_timeout(fd);
    send_all(fd, answer);
  }
  close_request(fd);
}

void ControlSocket::close_request(int fd) {
  loop_.unwatch(fd);
  requests_.erase(fd);
}

Result<std::string> ask_host(const std::string& path, const std::string& command) {
  LUMEN_TRY(const auto address, address_of(path));
  const UniqueFd fd{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!fd || connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail(ErrorCode::unavailable, "host.not-running", "no lumen-host is running for this user",
                "Start it with: lumen-host serve", errno);
  }
  set_timeout(fd.get());
  std::string answer;
  std::array<char, 4096> buffer{};
  if (send_all(fd.get(), command + "\n")) {
    for (ssize_t got = 1; got > 0 && answer.size() < (1U << 20U);) {
      got = recv(fd.get(), buffer.data(), buffer.size(), 0);
      if (got > 0) answer.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }
  if (answer.empty()) {
    return fail(ErrorCode::timed_out, "host.no-answer", "lumen-host did not answer",
                "Stop it with: pkill lumen-host, and start it again");
  }
  return answer;
}

}  // namespace lumen::host
