#include "host/host.hpp"

#include <sys/stat.h>

#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/runtime_dir.hpp"
#include "crypto/aead.hpp"
#include "host/session_json.hpp"

namespace lumen::host {
namespace {

using namespace std::chrono_literals;

constexpr Duration kCheckInterval = 250ms, kClientSilence = 3s, kReceiveWait = 100ms, kRestoreWithin = 20s;
constexpr std::size_t kMaxQuicQueue = 256;  // datagrams that lm-main has not taken yet
constexpr auto kQuicBit = std::byte{0x40};  // set in the first byte of every QUIC packet, and in none of ours

Timestamp now() { return SteadyTime{}.now(); }

}  // namespace

std::string Host::connect_file(const std::string& runtime_root, std::size_t index) {
  return index == 0 ? runtime_root + "/connect" : fmt::format("{}/connect-{}", runtime_root, index);
}

Result<std::unique_ptr<Host>> Host::create(HostParams params, EventLoop& loop, Logger& log) {
  LUMEN_CHECK_OK(ensure_private_dir(params.runtime_root));
  std::unique_ptr<Host> host{new Host{std::move(params), loop, log}};
  auto* self = host.get();
  const auto& root = self->params_.runtime_root;
  // Its lock comes first: cleaning up is safe only for the one host of this user.
  LUMEN_TRY(self->control_,
            ControlSocket::create(control_path(root), loop,
                                  [self](const std::string& command) { return self->on_command(command); }));
  if (const auto orphans = link::clean_up_orphans(root); orphans > 0) {
    log.warn("ended {} processes that a killed lumen-host had left behind", orphans);
  }
  self->restore_desktops();
  LUMEN_TRY(const auto local, net::Endpoint::parse(self->params_.bind_address, self->params_.port));
  LUMEN_TRY(auto socket, net::UdpSocket::bind({.local = local, .tell_local = true}));
  self->socket_ = std::make_unique<net::UdpSocket>(std::move(socket));
  LUMEN_TRY(const auto bound, self->socket_->local());
  self->port_ = bound.port();
  for (std::size_t i = 0; i < self->params_.sessions; ++i) {
    LUMEN_CHECK_OK(self->open_session(i));
  }
  self->check_clients();
  self->receiver_ = std::make_unique<OwnedThread>(
      "lm-net", [self](const std::stop_token& stop) { self->receive_loop(stop); });
  return host;
}

// In a process of its own: this one has no desktop.
void Host::restore_desktops() {
  const auto& folder = params_.desktop.restore_dir;
  std::error_code error;
  if (folder.empty() || std::filesystem::is_empty(folder, error) || error) return;
  restore_ = std::make_unique<CommandChain>(
      ChainParams{.commands = {{params_.session_program, "--restore", folder}}, .limit = kRestoreWithin},
      loop_, log_, [](bool) {});
}

Host::Host(HostParams params, EventLoop& loop, Logger& log)
    : params_{std::move(params)}, loop_{loop}, log_{log} {}

Host::~Host() {
  receiver_.reset();
  for (const auto& session : sessions_) session.stream->say_goodbye();
  loop_.cancel(check_);
  for (const auto& session : sessions_) unlink(session.connect_file.c_str());
}

SlotParams Host::slot_params(const std::string& name) const {
  const auto dir = fmt::format("{}/{}", params_.runtime_root, name);
  return {.program = params_.session_program,
          .command = params_.command,
          .runtime_dir = dir,
          .marker = link::make_marker(dir),
          .audio = AudioFormat{},
          .preset = params_.preset,
          .log_level = params_.log_level,
          .bitrate_kbps = params_.bitrate_kbps,
          .desktop = params_.desktop};
}

Result<std::unique_ptr<StreamSession>> Host::make_session(SlotParams slot, StreamSessionEvents events) {
  const auto id = table_.free_id();
  if (!id) {
    return fail(ErrorCode::unavailable, "host.sessions-full",
                fmt::format("{} desktops run already", kMaxStreamSessions), "End one of them first");
  }
  return std::make_unique<StreamSession>(StreamSessionParams{.id = *id, .slot = std::move(slot)},
                                         std::move(events), table_, codec_, *socket_, loop_, log_);
}

Status Host::open_session(std::size_t index) {
  lumen1::ConnectInfo connect{params_.bind_address, port_, 0, {}};
  if (connect.address == "0.0.0.0" || connect.address == "::") connect.address = "127.0.0.1";
  LUMEN_CHECK_OK(crypto::fill_random(connect.secret));
  LocalSession session{.stream = nullptr, .connect_file = connect_file(params_.runtime_root, index)};
  LUMEN_TRY(session.stream, make_session(slot_params(fmt::format("session-{}", index)), {}));
  connect.session = session.stream->id();
  session.stream->admit(connect.secret, lumen1::control::Permissions::all());
  LUMEN_CHECK_OK(write_private_file(session.connect_file, lumen1::to_text(connect)));
  sessions_.push_back(std::move(session));
  return {};
}

void Host::receive_loop(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    socket_->receive_at(kReceiveWait,
                        [this](const net::Endpoint& from, const net::Endpoint& at, MutableBytes datagram) {
                          on_datagram(from, at, datagram, now());
                        });
  }
}

void Host::on_datagram(const net::Endpoint& from, const net::Endpoint& at, MutableBytes datagram,
                       Timestamp time) {
  if (!datagram.empty() && (datagram.front() & kQuicBit) != std::byte{0}) {
    queue_quic(from, at, datagram);
    return;
  }
  const auto header = lumen1::decode_clear_header(datagram);
  const auto end = header ? table_.find(header->session) : nullptr;
  if (!end) {
    foreign_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  end->port.on_datagram(from, datagram, time);
}

void Host::queue_quic(const net::Endpoint& from, const net::Endpoint& at, ByteView datagram) {
  MutexLock lock{quic_mutex_};
  if (quic_queue_.size() >= kMaxQuicQueue) {
    quic_dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (quic_queue_.empty()) loop_.post([this] { take_quic(); });
  quic_queue_.push_back({from, at, {datagram.begin(), datagram.end()}});
}

void Host::take_quic() {
  std::vector<QuicDatagram> taken;
  {
    MutexLock lock{quic_mutex_};
    taken.swap(quic_queue_);
  }
  if (!quic_) return;
  for (const auto& datagram : taken) quic_(datagram.from, datagram.at, datagram.bytes);
}

void Host::check_clients() {
  check_ = loop_.call_at(now() + kCheckInterval, [this] { check_clients(); });
  for (const auto& session : sessions_) {
    session.stream->catch_up(now());
    session.stream->give_up_silent(now() - kClientSilence);
  }
}

std::string Host::on_command(const std::string& command) {
  if (command == "status") return status_json();
  if (command == "stop") {
    stop();
    return "stopping\n";
  }
  for (const auto& extension : extensions_) {
    if (const auto answer = extension.on_command(command)) return *answer;
  }
  return "error: this host has no such command\n";
}

void Host::stop() {
  if (extensions_.empty() || std::exchange(is_stopping_, true)) {
    loop_.stop();
    return;
  }
  const auto left = std::make_shared<std::size_t>(extensions_.size());
  for (const auto& extension : extensions_) {
    extension.on_stop([this, left] {
      if (--*left == 0) loop_.stop();
    });
  }
}

std::string Host::status_json() const {
  nlohmann::json json{{"pid", getpid()},
                      {"port", port_},
                      {"application", params_.application},
                      {"foreign_datagrams", foreign_.load()},
                      {"quic_datagrams_dropped", quic_dropped_.load()},
                      {"sampled_ns", to_ns(now())}};
  if (const auto usage = link::usage_of(getpid())) {
    json["cpu_us"] = usage->cpu / 1us;
    json["rss_bytes"] = usage->rss_bytes;
  }
  for (const auto& session : sessions_) {
    auto entry = session_json(*session.stream);
    entry["connect_file"] = session.connect_file;
    json["sessions"].push_back(std::move(entry));
  }
  for (const auto& extension : extensions_) {
    json[extension.name] = nlohmann::json::parse(extension.status_json(), nullptr, false);
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace lumen::host
