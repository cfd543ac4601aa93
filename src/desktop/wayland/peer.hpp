// Who is at the other end of a socket.
#pragma once

#include <string>

namespace lumen::wayland {

// "PID START" of the process that listens at the other end of a Unix socket: no other process ever has the
// same, not even after it. Empty when the kernel does not tell. Thread-safe.
std::string peer_of(int socket_fd);

}  // namespace lumen::wayland
