#include "libpipewire/handles.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace lumen::libpipewire {

Result<UniqueFd> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail(ErrorCode::invalid_argument, "pipewire.socket", "the path of PipeWire's socket is too long");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd fd{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (!fd || ::connect(fd.get(), generic, sizeof address) != 0) {
    return fail(ErrorCode::unavailable, "pipewire.absent",
                fmt::format("PipeWire does not answer at {}", path),
                "Start it: systemctl --user start pipewire wireplumber", errno);
  }
  return fd;
}

}  // namespace lumen::libpipewire
