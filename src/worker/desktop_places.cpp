#include "worker/desktop_places.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "base/fd.hpp"

namespace lumen::worker {
namespace {

constexpr std::size_t kMaxPlaces = 8;

bool is_own_socket(const std::string& path) {
  struct stat status{};
  return lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode) && status.st_uid == geteuid();
}

// A socket stays behind when its server was killed.
bool listens(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path || !is_own_socket(path)) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  const UniqueFd fd{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  return fd && connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

// Sorted, so that the choice is the same each time.
std::vector<std::string> sockets_named(const std::string& folder, std::string_view begin,
                                       std::string_view end) {
  std::vector<std::string> found;
  std::error_code error;
  for (std::filesystem::directory_iterator entry{folder, error}, last; !error && entry != last;
       entry.increment(error)) {
    const auto path = entry->path().string();
    const auto name = entry->path().filename().string();
    if (name.starts_with(begin) && name.ends_with(end) && !name.ends_with(".lock") && is_own_socket(path))
      found.push_back(path);
  }
  std::ranges::sort(found);
  return found;
}

std::string in_folder(const std::string& folder, const std::string& name) {
  return name.empty() || name.starts_with('/') ? name : folder + "/" + name;
}

std::string find_bus(const Environment& environment, const std::string& folder) {
  const auto set = environment("DBUS_SESSION_BUS_ADDRESS");
  if (!set.empty()) return set;
  const auto usual = folder + "/bus";
  return is_own_socket(usual) ? "unix:path=" + usual : std::string{};
}

std::string find_pipewire(const Environment& environment, const std::string& folder) {
  auto remote = environment("PIPEWIRE_REMOTE");
  const auto own_folder = environment("PIPEWIRE_RUNTIME_DIR");
  const auto path =
      in_folder(own_folder.empty() ? folder : own_folder, remote.empty() ? "pipewire-0" : remote);
  return listens(path) ? path : std::string{};
}

std::string find_ipc(const Environment& environment, const std::string& folder) {
  if (const auto set = environment("SWAYSOCK"); !set.empty() && listens(set)) return set;
  for (const auto& path : sockets_named(folder, "sway-ipc.", ".sock")) {
    if (listens(path)) return path;
  }
  return {};
}

}  // namespace

Environment process_environment() {
  return [](const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody changes it
    return value == nullptr ? std::string{} : std::string{value};
  };
}

std::vector<DesktopPlace> find_places(const Environment& environment) {
  DesktopPlace common;
  common.runtime_dir = environment("XDG_RUNTIME_DIR");
  if (common.runtime_dir.empty()) common.runtime_dir = fmt::format("/run/user/{}", geteuid());
  common.session_bus = find_bus(environment, common.runtime_dir);
  common.pipewire_socket = find_pipewire(environment, common.runtime_dir);
  common.ipc_socket = find_ipc(environment, common.runtime_dir);
  common.current_desktop = environment("XDG_CURRENT_DESKTOP");

  auto sockets = sockets_named(common.runtime_dir, "wayland-", "");
  const auto named = in_folder(common.runtime_dir, environment("WAYLAND_DISPLAY"));
  if (!named.empty()) {
    std::erase(sockets, named);
    sockets.insert(sockets.begin(), named);
  }
  std::vector<DesktopPlace> places;
  for (const auto& socket : sockets) {
    if (places.size() == kMaxPlaces || !listens(socket)) continue;
    places.push_back(common);
    places.back().wayland_socket = socket;
  }
  if (places.empty() && !common.session_bus.empty()) places.push_back(common);
  return places;
}

}  // namespace lumen::worker
