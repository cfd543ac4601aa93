#include "host/host.hpp"

#include <sys/stat.h>

#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/runtime_dir.hpp"
#include "crypto/aead.hpp"

namespace lumen::host {
namespace {

using namespace std::chrono_literals;

constexpr Duration kCheckInterval = 250ms, kClientSilence = 3s, kReceiveWait = 100ms, kRestoreWithin = 20s;

Timestamp now() { return SteadyTime{}.now(); }

const char* to_text(lumen1::StreamState state) {
  switch (state) {
    case lumen1::StreamState::starting:
      return "starting";
    case lumen1::StreamState::streaming:
      return "streaming";
    case lumen1::StreamState::interrupted:
      return "interrupted";
    case lumen1::StreamState::ended:
      return "ended";
  }
  return "unknown";
}

lumen1::StreamState to_stream_state(SlotState state) {
  switch (state) {
    case SlotState::starting:
      return lumen1::StreamState::starting;
    case SlotState::streaming:
      return lumen1::StreamState::streaming;
    case SlotState::interrupted:
      return lumen1::StreamState::interrupted;
    case SlotState::ended:
      break;
  }
  return lumen1::StreamState::ended;
}

nlohmann::json to_json(const link::SessionStats& stats) {
  return {{"cpu_us", stats.cpu_us},
          {"encoder_cpu_us", stats.encoder_cpu_us},
          {"convert_cpu_us", stats.convert_cpu_us},
          {"rss_bytes", stats.rss_bytes},
          {"frames_captured", stats.frames_captured},
          {"frames_encoded", stats.frames_encoded},
          {"frames_overwritten", stats.frames_overwritten},
          {"idr_count", stats.idr_count},
          {"dropped_full", stats.dropped_full}};
}

nlohmann::json to_json(const stream::SendStats& stats) {
  return {{"frames", stats.frames.load()},
          {"idr_count", stats.idr.load()},
          {"datagrams", stats.datagrams.load()},
          {"bytes", stats.bytes.load()},
          {"refused", stats.refused.load()},
          {"data_shards", stats.data_shards.load()},
          {"parity_shards", stats.parity_shards.load()},
          {"recovery_asked", stats.recovery_asked.load()},
          {"recovery_merged", stats.recovery_merged.load()},
          {"shards_asked", stats.shards_asked.load()},
          {"shards_repeated", stats.shards_repeated.load()},
          {"bitrate_kbps", stats.bitrate_kbps.load()},
          {"bitrate_reason", to_string(stats.rate_reason.load())},
          {"capacity_kbps", stats.capacity_kbps.load()},
          {"queue_us", stats.queue_us.load()},
          {"assumed_burst", static_cast<double>(stats.assumed_burst_milli.load()) / 1e3},
          {"assumed_loss_percent", static_cast<double>(stats.assumed_loss_ppm.load()) / 1e4}};
}

nlohmann::json to_json(const ClientCounters& counters) {
  return {{"connections", counters.connections.load()},
          {"not_authentic", counters.not_authentic.load()},
          {"malformed", counters.malformed.load()},
          {"input_events", counters.input_events.load()},
          {"round_trip_us", counters.round_trip_us.load()},
          {"datagrams_expected", counters.reported_expected.load()},
          {"datagrams_lost", counters.reported_lost.load()}};
}

}  // namespace

// Members in the order of their use: the port uses all above it.
struct Host::Session {
  StateBoard board;
  SessionPort link;
  std::unique_ptr<stream::VideoSender> sender;
  std::unique_ptr<SessionSlot> slot;
  std::unique_ptr<ClientPort> port;
  std::string connect_file;
};

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
  LUMEN_TRY(auto socket, net::UdpSocket::bind({.local = local}));
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
  for (const auto& session : sessions_) {
    std::vector<std::byte> goodbye;
    lumen1::append(goodbye, lumen1::HostMessage{lumen1::Goodbye{}}, lumen1::kMaxDatagramBytes);
    session->sender->send_message(std::move(goodbye));
  }
  loop_.cancel(check_);
  for (const auto& session : sessions_) unlink(session->connect_file.c_str());
}

// What the slot says goes to the sender and, by the board, to the client.
SlotEvents Host::slot_events(Session& session) {
  const auto tell = [&session](auto change) {
    session.board.update(change);
    session.sender->send_message(session.board.compose());
  };
  return {
      .on_ring =
          [&session](std::shared_ptr<link::SharedRing> ring) { session.sender->set_ring(std::move(ring)); },
      .on_state =
          [&session, tell](SlotState state, const std::string& reason) {
            tell([&](lumen1::HostState& board) {
              board.state = to_stream_state(state);
              board.reason = reason;
              if (state == SlotState::starting) board.mode = session.slot->mode();
            });
          },
      .on_ready =
          [&session](const link::Ready& ready) {
            session.board.update([&](lumen1::HostState& board) {
              board.display = ready.display;
              board.capture = ready.capture;
            });
          },
      .on_mode =
          [tell, &session](const link::ModeChanged& mode) {
            session.sender->set_bitrate_cap(mode.bitrate_kbps);
            tell([&](lumen1::HostState& board) {
              board.mode = mode.mode;
              board.encoder = mode.encoder;
              board.encoder_reason = mode.encoder_reason;
            });
          }};
}

Status Host::open_session(std::size_t index) {
  auto session = std::make_unique<Session>();
  auto* raw = session.get();
  const auto id = static_cast<std::uint8_t>(index);
  const auto dir = fmt::format("{}/session-{}", params_.runtime_root, index);
  lumen1::ConnectInfo connect{params_.bind_address, port_, id, {}};
  if (connect.address == "0.0.0.0") connect.address = "127.0.0.1";
  if (connect.address == "::") connect.address = "::1";
  LUMEN_CHECK_OK(crypto::fill_random(connect.secret));
  session->connect_file = connect_file(params_.runtime_root, index);
  session->sender = std::make_unique<stream::VideoSender>(
      stream::SenderParams{
          .stream = {.session = id},
          .on_idr_needed = [raw] { raw->link.send(link::RequestIdr{}); },
          .on_bitrate = [raw](std::uint32_t kbps) { return raw->link.send(link::LimitBitrate{kbps}); }},
      codec_, *socket_, log_);
  session->slot = std::make_unique<SessionSlot>(SlotParams{.program = params_.session_program,
                                                           .command = params_.command,
                                                           .runtime_dir = dir,
                                                           .marker = link::make_marker(dir),
                                                           .preset = params_.preset,
                                                           .log_level = params_.log_level,
                                                           .bitrate_kbps = params_.bitrate_kbps,
                                                           .desktop = params_.desktop},
                                                slot_events(*raw), loop_, session->link, log_);
  const ClientEvents events{.on_wish =
                                [this, raw](const lumen1::ClientState& wish) {
                                  loop_.post([raw, mode = wish.mode, drawn = wish.pointer_drawn] {
                                    raw->slot->client_wants(mode, drawn);
                                  });
                                },
                            .on_goodbye = [this, raw] { loop_.post([raw] { raw->slot->client_gone(); }); }};
  session->port = std::make_unique<ClientPort>(id, connect.secret, *socket_, *session->sender, session->link,
                                               session->board, events, log_);
  LUMEN_CHECK_OK(write_private_file(session->connect_file, lumen1::to_text(connect)));
  sessions_.push_back(std::move(session));
  return {};
}

void Host::receive_loop(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    socket_->receive(kReceiveWait, [this](const net::Endpoint& from, MutableBytes datagram) {
      on_datagram(from, datagram, now());
    });
  }
}

void Host::on_datagram(const net::Endpoint& from, MutableBytes datagram, Timestamp time) {
  const auto header = lumen1::decode_clear_header(datagram);
  if (!header || header->session >= sessions_.size()) {
    foreign_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  sessions_[header->session]->port->on_datagram(from, datagram, time);
}

void Host::check_clients() {
  check_ = loop_.call_at(now() + kCheckInterval, [this] { check_clients(); });
  for (const auto& session : sessions_) {
    const auto heard = from_ns(session->port->counters().last_heard_ns.load(std::memory_order_relaxed));
    if (session->slot->has_client() && now() - heard > kClientSilence) {
      log_.warn("the client has said nothing for {} s",
                std::chrono::duration_cast<std::chrono::seconds>(kClientSilence).count());
      session->port->mark_silent();
      session->slot->client_gone();
    }
  }
}

std::string Host::on_command(const std::string& command) {
  if (command == "status") return status_json();
  if (command == "stop") {
    stop();
    return "stopping\n";
  }
  if (extension_) {
    if (const auto answer = extension_->on_command(command)) return *answer;
  }
  return "error: this host has no such command\n";
}

void Host::stop() {
  if (!extension_ || std::exchange(is_stopping_, true)) {
    loop_.stop();
    return;
  }
  extension_->on_stop([this] { loop_.stop(); });
}

std::string Host::status_json() const {
  nlohmann::json json{{"pid", getpid()},
                      {"port", port_},
                      {"application", params_.application},
                      {"foreign_datagrams", foreign_.load()},
                      {"sampled_ns", to_ns(now())}};
  if (const auto usage = link::usage_of(getpid())) {
    json["cpu_us"] = usage->cpu / 1us;
    json["rss_bytes"] = usage->rss_bytes;
  }
  for (const auto& session : sessions_) {
    const auto state = session->board.snapshot();
    nlohmann::json entry{{"state", to_text(state.state)},
                         {"reason", state.reason},
                         {"mode", is_valid(state.mode) ? to_string(state.mode) : ""},
                         {"encoder", state.encoder},
                         {"encoder_reason", state.encoder_reason},
                         {"display", state.display},
                         {"capture", state.capture},
                         {"has_client", session->slot->has_client()},
                         {"pid", session->slot->pid()},
                         {"restarts", session->slot->restarts()},
                         {"connect_file", session->connect_file},
                         {"send", to_json(session->sender->stats())},
                         {"client", to_json(session->port->counters())}};
    if (const auto& stats = session->slot->stats()) entry["picture"] = to_json(*stats);
    json["sessions"].push_back(std::move(entry));
  }
  if (extension_) json[extension_->name] = nlohmann::json::parse(extension_->status_json(), nullptr, false);
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace lumen::host
