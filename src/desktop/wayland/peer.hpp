// Who is at the other end of a socket.
#pragma once

#include <string>

#include "base/result.hpp"

namespace lumen::wayland {

// "PID START" of the process that listens at the other end of a Unix socket: no other process ever has the
// same, not even after it. Empty when the kernel does not tell. Thread-safe.
std::string peer_of(int socket_fd);

// Whether a failed connect() says that nobody listens there, for good: not that somebody has no time, or that
// this process may not.
bool is_nobody_there(const Error& why);

}  // namespace lumen::wayland
