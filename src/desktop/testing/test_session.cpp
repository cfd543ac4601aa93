#include "desktop/testing/test_session.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "base/fd.hpp"

namespace lumen::desktop_test {
namespace {

// Everyone may own and call everything.
void write_bus_config(const std::string& path, const std::string& address) {
  std::ofstream{path} << "<busconfig><type>session</type><listen>" << address
                      << "</listen><auth>EXTERNAL</auth><policy context='default'>"
                      << "<allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/>"
                      << "<allow own='*'/></policy></busconfig>";
}

void wait_for(const std::string& what, const std::function<bool()>& condition, const TestProcess& process) {
  if (!eventually(condition)) throw std::runtime_error(what + " did not start: " + process.log());
}

}  // namespace

bool socket_answers(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

PrivateSession::PrivateSession(const Params& params) : folder_{params.folder} {
  if (folder_.empty()) folder_ = dir_.emplace().path();
  start_bus();
  if (params.pipewire) start_pipewire();
}

void PrivateSession::start_bus() {
  write_bus_config(folder_ + "/bus.conf", bus_address());
  std::filesystem::remove(folder_ + "/bus");
  bus_ = start({"dbus-daemon", "--nofork", "--config-file=" + folder_ + "/bus.conf"});
  wait_for("D-Bus", [&] { return socket_answers(folder_ + "/bus"); }, *bus_);
}

void PrivateSession::start_pipewire() {
  pipewire_ = start({"pipewire"});
  wait_for("PipeWire", [&] { return socket_answers(pipewire_socket()); }, *pipewire_);
  manager_ = start({"wireplumber"});
}

std::vector<std::string> PrivateSession::environment() const {
  const auto& dir = folder_;
  return {"XDG_RUNTIME_DIR=" + dir, "DBUS_SESSION_BUS_ADDRESS=" + bus_address(),
          // Of the machine's own bus nothing is wanted; gnome-shell ends where there is none.
          "DBUS_SYSTEM_BUS_ADDRESS=" + bus_address(), "HOME=" + dir, "XDG_CONFIG_HOME=" + dir + "/config",
          "XDG_STATE_HOME=" + dir + "/state", "XDG_CACHE_HOME=" + dir + "/cache",
          "XDG_DATA_HOME=" + dir + "/data", "GSETTINGS_BACKEND=memory", "LIBGL_ALWAYS_SOFTWARE=1",
          "LANG=C.UTF-8", "NO_AT_BRIDGE=1"};
}

std::unique_ptr<TestProcess> PrivateSession::start(std::vector<std::string> argv,
                                                   std::vector<std::string> more) const {
  auto all = environment();
  all.insert(all.end(), more.begin(), more.end());
  const auto log = folder_ + "/" + std::filesystem::path{argv.front()}.filename().string() + ".log";
  return std::make_unique<TestProcess>(
      TestProcess::Params{.argv = std::move(argv), .environment = std::move(all), .log_path = log});
}

}  // namespace lumen::desktop_test
