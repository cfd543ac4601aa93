#include "desktop/wayland/peer.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

namespace lumen::wayland {
namespace {

// When the process began, in clock ticks since the machine did: its number may be somebody else's later.
std::string start_of(pid_t pid) {
  std::ifstream file{fmt::format("/proc/{}/stat", pid)};
  const std::string line{std::istreambuf_iterator<char>{file}, {}};
  auto rest = line.find_last_of(')');  // its name may hold anything
  for (int field = 2; field < 22 && rest != std::string::npos; ++field) rest = line.find(' ', rest + 1);
  if (rest == std::string::npos) return "0";
  return line.substr(rest + 1, line.find(' ', rest + 1) - rest - 1);
}

}  // namespace

std::string peer_of(int socket_fd) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket_fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return {};
  return fmt::format("{} {}", credentials.pid, start_of(credentials.pid));
}

bool is_nobody_there(const Error& why) { return why.os_errno == ENOENT || why.os_errno == ECONNREFUSED; }

}  // namespace lumen::wayland
