#include "worker/sound_server.hpp"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "base/runtime_dir.hpp"
#include "worker/sound_config.hpp"

namespace lumen::worker {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstDelay = 100ms, kLongestDelay = 5s;
constexpr Duration kHealthyAfter = 1s;   // its trouble is forgotten then
constexpr Duration kSocketCheck = 10ms;  // while they start
constexpr Duration kPulseWithin = 3s;    // or applications do without

Timestamp now() { return SteadyTime{}.now(); }

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody changes it
  return value == nullptr ? std::string{} : value;
}

bool answers(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  const UniqueFd fd{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  return fd && ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

// What would lead our own programs, or applications, to another server than ours.
const std::vector<std::string> kForeign{
    "PIPEWIRE_NODE",       "PIPEWIRE_CORE",    "PIPEWIRE_CONFIG_NAME",   "PIPEWIRE_CONFIG_PREFIX",
    "PIPEWIRE_PROPS",      "PIPEWIRE_LATENCY", "PIPEWIRE_QUANTUM",       "PIPEWIRE_RATE",
    "PIPEWIRE_ALSA",       "PULSE_SINK",       "PULSE_SOURCE",           "PULSE_RUNTIME_PATH",
    "PULSE_CLIENTCONFIG",  "PULSE_COOKIE",     "WIREPLUMBER_CONFIG_DIR", "PIPEWIRE_CONFIG_DIR",
    "PIPEWIRE_AUTOCONNECT"};

}  // namespace

std::optional<std::string> find_user_pipewire() {
  auto path = variable("PIPEWIRE_REMOTE");
  if (path.empty()) path = "pipewire-0";
  if (!path.starts_with('/')) {
    auto dir = variable("PIPEWIRE_RUNTIME_DIR");
    if (dir.empty()) dir = variable("XDG_RUNTIME_DIR");
    path = dir + "/" + path;
  }
  if (!answers(path)) return std::nullopt;
  return path;
}

SoundServer::SoundServer(Params params, EventLoop& loop, Logger& log)
    : params_{std::move(params)},
      loop_{loop},
      log_{log},
      socket_{params_.user_socket.value_or(params_.runtime_dir + "/pipewire-0")},
      config_dir_{params_.runtime_dir + "/sound"} {
  daemons_[0].program = "pipewire";
  daemons_[1].program = "wireplumber";
  daemons_[2].program = "pipewire-pulse";
  daemons_[2].required = false;
  if (!is_own()) {
    log_.info("sound: in this user's PipeWire at {}", socket_);
    ready_ = true;
    return;
  }
  log_.info("sound: this user runs no PipeWire, the session runs its own");
  if (const auto written = write_configuration(); !written) {
    trouble_ = describe(written.error());
    return;
  }
  tend();
}

SoundServer::~SoundServer() {
  loop_.cancel(tend_);
  for (auto& daemon : daemons_) {
    if (daemon.child.pid < 0) continue;
    loop_.unwatch(daemon.child.pidfd.get());
    kill(daemon.child.pid, SIGTERM);  // who started us ends what does not heed it
  }
}

Status SoundServer::write_configuration() const {
  LUMEN_CHECK_OK(ensure_private_dir(config_dir_));
  LUMEN_CHECK_OK(ensure_private_dir(config_dir_ + "/main.lua.d"));
  LUMEN_CHECK_OK(write_private_file(config_dir_ + "/pipewire.conf", kPipeWireConfig));
  LUMEN_CHECK_OK(write_private_file(config_dir_ + "/pipewire-pulse.conf", kPulseConfig));
  LUMEN_CHECK_OK(write_private_file(config_dir_ + "/wireplumber.conf", kManagerConfig));
  return write_private_file(config_dir_ + "/main.lua.d/session.lua", kManagerScript);
}

// Starts what does not run and may; the others only once PipeWire answers, for they would end at once.
void SoundServer::tend() {
  loop_.cancel(tend_);
  tend_ = 0;
  const auto time = now();
  auto& server = daemons_.front();
  if (server.child.pid < 0 && time >= server.not_before) start(server);
  const bool up = server.child.pid > 0 && answers(socket_);
  auto next = server.child.pid < 0 ? server.not_before : up ? Timestamp::max() : time + kSocketCheck;
  for (auto& daemon : std::span{daemons_}.subspan(1)) {
    if (!up || daemon.child.pid > 0) continue;
    if (time >= daemon.not_before) start(daemon);
    if (daemon.child.pid < 0) next = std::min(next, daemon.not_before);
  }
  for (auto& daemon : daemons_) next = std::min(next, forget_trouble(daemon, time));
  const bool is_ready = up && pulse_is_settled(time);
  if (up && !is_ready) next = std::min(next, time + kSocketCheck);
  if (next != Timestamp::max()) tend_ = loop_.call_at(next, [this] { tend(); });
  tell(is_ready);
}

// Once it has run for a while. When to ask again, if that is still to come.
Timestamp SoundServer::forget_trouble(Daemon& daemon, Timestamp time) {
  if (daemon.child.pid < 0 || (daemon.trouble.empty() && daemon.delay == Duration::zero())) {
    return Timestamp::max();
  }
  if (time < daemon.started + kHealthyAfter) return daemon.started + kHealthyAfter;
  daemon.trouble.clear();
  daemon.delay = {};
  return Timestamp::max();
}

void SoundServer::start(Daemon& daemon) {
  const auto spawned = spawn(daemon);
  if (spawned) return;
  put_off(daemon, kLongestDelay);
  if (daemon.required) {
    daemon.trouble = describe(spawned.error());
  } else {
    log_.info("programs that know only PulseAudio stay silent: {}", describe(spawned.error()));
  }
}

Status SoundServer::spawn(Daemon& daemon) {
  const auto& dir = params_.runtime_dir;
  link::SpawnParams params{
      .argv = {daemon.program},
      .environment = {"XDG_RUNTIME_DIR=" + dir, "PIPEWIRE_RUNTIME_DIR=" + dir, "PIPEWIRE_REMOTE=pipewire-0",
                      "PIPEWIRE_CONFIG_DIR=" + config_dir_, "WIREPLUMBER_CONFIG_DIR=" + config_dir_,
                      "XDG_STATE_HOME=" + config_dir_, "DBUS_SESSION_BUS_ADDRESS=disabled:"},
      .unset = kForeign};
  for (const auto* name : {"PULSE_SERVER", "DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"}) {
    params.unset.emplace_back(name);
  }
  LUMEN_TRY(daemon.output, OutputTail::create(loop_));
  params.output_fd = daemon.output->write_end();
  LUMEN_TRY(daemon.child, link::spawn(params));
  daemon.output->close_write_end();
  daemon.started = now();
  return loop_.watch(daemon.child.pidfd.get(), EPOLLIN, [this, &daemon](std::uint32_t) { on_exit(daemon); });
}

void SoundServer::on_exit(Daemon& daemon) {
  loop_.unwatch(daemon.child.pidfd.get());
  const auto how = link::reap(daemon.child.pid).value_or("ended");
  daemon.child = {};
  const auto words = daemon.output->last_line();
  auto told = fmt::format("{} {}{}{}", daemon.program, how, words.empty() ? "" : ", saying: ", words);
  log_.warn("sound: {}", told);
  if (daemon.required) daemon.trouble = std::move(told);
  put_off(daemon, kFirstDelay);
  if (&daemon == &daemons_.front()) {
    for (auto& other : std::span{daemons_}.subspan(1)) {
      if (other.child.pid > 0) kill(other.child.pid, SIGTERM);
    }
  }
  tend();
}

void SoundServer::put_off(Daemon& daemon, Duration least) {
  daemon.delay = std::clamp(2 * daemon.delay, least, kLongestDelay);
  daemon.not_before = now() + daemon.delay;
}

bool SoundServer::pulse_is_settled(Timestamp time) const {
  const auto& pulse = daemons_.back();
  return pulse.child.pid < 0 || time > pulse.started + kPulseWithin ||
         answers(params_.runtime_dir + "/pulse/native");
}

void SoundServer::tell(bool ready) {
  const auto broken =
      std::ranges::find_if(daemons_, [](const auto& daemon) { return !daemon.trouble.empty(); });
  const auto& text = broken == daemons_.end() ? std::string{} : broken->trouble;
  if (text == trouble_ && ready == ready_) return;
  trouble_ = text;
  ready_ = ready;
  params_.on_change();
}

std::vector<std::string> SoundServer::environment(std::string_view sink_name) const {
  if (is_own()) {
    return {"PIPEWIRE_RUNTIME_DIR=" + params_.runtime_dir, "PIPEWIRE_REMOTE=" + socket_,
            fmt::format("PULSE_SERVER=unix:{}/pulse/native", params_.runtime_dir)};
  }
  auto pulse = variable("PULSE_SERVER");
  if (pulse.empty()) {
    auto dir = variable("PULSE_RUNTIME_PATH");
    if (dir.empty()) dir = variable("XDG_RUNTIME_DIR") + "/pulse";
    pulse = fmt::format("unix:{}/native", dir);
  }
  return {"PIPEWIRE_REMOTE=" + socket_, "PULSE_SERVER=" + pulse, fmt::format("PIPEWIRE_NODE={}", sink_name),
          fmt::format("PULSE_SINK={}", sink_name)};
}

std::vector<std::string> SoundServer::unset() const {
  return is_own() ? kForeign : std::vector<std::string>{};
}

std::vector<pid_t> SoundServer::processes() const {
  std::vector<pid_t> pids;
  for (const auto& daemon : daemons_) {
    if (daemon.child.pid > 0) pids.push_back(daemon.child.pid);
  }
  return pids;
}

}  // namespace lumen::worker
