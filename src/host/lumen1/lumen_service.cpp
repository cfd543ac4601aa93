#include "host/lumen1/lumen_service.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "crypto/aead.hpp"
#include "lumen1/control/media_secret.hpp"

namespace lumen::host {
namespace {

namespace control = lumen1::control;
using namespace std::chrono_literals;

constexpr std::string_view kProgram = "lumen-host 0.1";
constexpr std::uint64_t kCloseCode = 0x4c00;  // and the reason of the last message
constexpr Duration kLastWordsWithin = 1s, kLastWordsCheck = 20ms;
constexpr std::size_t kMaxStrangers = 16, kMaxStrangersOfAddress = 4;  // connected and not paired
constexpr auto kSeenInterval = std::chrono::hours{1};                  // between two notes of it on the disk
constexpr Duration kSilence = 3s, kSilenceCheck = 250ms;

Timestamp now() { return SteadyTime{}.now(); }
std::chrono::sys_seconds wall_clock() {
  return std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::string address_of(const net::Endpoint& endpoint) {
  auto text = endpoint.to_string();
  text.resize(text.rfind(':'));
  if (text.starts_with('[')) text = text.substr(1, text.size() - 2);
  return text;
}

}  // namespace

LumenService::LumenService(LumenServiceParams params, LumenStore& store, Host& host, EventLoop& loop,
                           Logger& log)
    : params_{std::move(params)}, store_{store}, host_{host}, loop_{loop}, log_{log} {}

LumenService::~LumenService() {
  alive_.reset();
  host_.on_quic({});
  loop_.cancel(timer_);
  loop_.cancel(silence_timer_);
  if (driver_) driver_->close_all(kCloseCode, "the host stops");
}

Status LumenService::start() {
  LUMEN_TRY(auto identity, net::QuicIdentity::create(store_.identity()));
  LUMEN_TRY(auto endpoint,
            net::QuicEndpoint::create(
                {.role = net::QuicRole::host,
                 .identity = std::make_shared<const net::QuicIdentity>(std::move(identity)),
                 .send = [this](const net::QuicPath& path,
                                ByteView datagram) { host_.send(path.peer, path.local, datagram); },
                 .secret = store_.quic_secret()}));
  driver_ = std::make_unique<net::QuicDriver>(std::move(endpoint), loop_,
                                              [this](net::QuicEvent event) { on_quic(std::move(event)); });
  host_.on_quic([this](const net::Endpoint& from, const net::Endpoint& at, ByteView datagram) {
    driver_->receive({.local = at, .peer = from}, datagram);
  });
  check_silence();
  return {};
}

void LumenService::post(std::function<void()> call) {
  loop_.post([alive = std::weak_ptr{alive_}, call = std::move(call)] {
    if (!alive.expired()) call();
  });
}

// --- connections

void LumenService::on_quic(net::QuicEvent event) {
  std::visit([this](const auto& known) { handle(known); }, event);
  settle();
}

// A stranger takes the place of an older one, never that of a device that is paired.
void LumenService::make_room_for_stranger(const std::string& address) {
  std::vector<net::QuicId> all, same;  // the oldest first
  for (const auto& [id, connection] : connections_) {
    if (store_.devices().find(connection.device) != nullptr) continue;
    all.push_back(id);
    if (connection.address == address) same.push_back(id);
  }
  if (same.size() < kMaxStrangersOfAddress && all.size() < kMaxStrangers) return;
  const auto id = same.size() >= kMaxStrangersOfAddress ? same.front() : all.front();
  driver_->close(id, kCloseCode, "too many devices that are not paired");
  connections_.erase(id);
}

void LumenService::handle(const net::QuicConnected& connected) {
  if (store_.devices().find(connected.peer.fingerprint()) == nullptr)
    make_room_for_stranger(address_of(connected.address));
  Connection connection{.id = connected.id,
                        .device = connected.peer.fingerprint(),
                        .address = address_of(connected.address),
                        .name = {},
                        .dialogue = nullptr,
                        .closes_by = {},
                        .check_at = {}};
  control::HostDialogueParams dialogue{
      .host = store_.identity().certificate().fingerprint(),
      .client = connection.device,
      .address = connection.address,
      .exporter =
          [this, id = connected.id](std::string_view label, MutableBytes out) {
            return driver_->endpoint().export_secret(id, label, {}, out).has_value();
          },
      .host_name = params_.name,
      .program = std::string{kProgram},
      .host_id = store_.host_id()};
  connection.dialogue =
      std::make_unique<control::HostDialogue>(std::move(dialogue), store_.devices(), desk_, now());
  connections_.insert_or_assign(connected.id, std::move(connection));
}

void LumenService::handle(const net::QuicBytes& bytes) {
  const auto found = connections_.find(bytes.id);
  if (found != connections_.end()) found->second.dialogue->receive(bytes.bytes, now());
}

void LumenService::handle(const net::QuicMoved& moved) {
  const auto found = connections_.find(moved.id);
  if (found == connections_.end()) return;
  found->second.address = address_of(moved.address);
  log_.info("{} is at {} now", found->second.name, moved.address.to_string());
}

void LumenService::handle(const net::QuicClosed& closed) {
  const auto found = connections_.find(closed.id);
  if (found == connections_.end()) return;
  if (!found->second.closes_by) {
    log_.info("{} is gone: {}", found->second.name.empty() ? found->second.address : found->second.name,
              net::to_error(closed).what);
  }
  leave_all(closed.id);
  connections_.erase(found);
}

// Carries out what the dialogues want until none wants anything any more: what one device asks may concern
// another.
void LumenService::settle() {
  if (std::exchange(settling_, true)) return;
  for (bool again = true; again;) {
    again = false;
    std::vector<net::QuicId> ids;
    for (const auto& [id, connection] : connections_) ids.push_back(id);
    for (const auto id : ids) {
      const auto found = connections_.find(id);
      if (found != connections_.end()) again = settle(found->second) || again;
    }
  }
  settling_ = false;
  follow_desk();
  arm();
}

// Whether anything happened.
bool LumenService::settle(Connection& connection) {
  const auto events = connection.dialogue->take_events();
  for (const auto& event : events) {
    std::visit([&](const auto& known) { handle(connection, known); }, event);
  }
  const auto output = connection.dialogue->take_output();
  if (!output.empty() && !driver_->send(connection.id, output)) {
    connection.closes_by = connection.check_at = now();  // it takes nothing any more
  }
  if (connection.dialogue->is_over() && !connection.closes_by)
    connection.closes_by = now() + kLastWordsWithin;
  return !events.empty() || !output.empty();
}

// A connection whose last words have arrived, or will not.
void LumenService::close_spoken(Connection& connection) {
  const auto status = driver_->endpoint().status(connection.id);
  if (status && status->unacknowledged_bytes > 0 && now() < *connection.closes_by) {
    connection.check_at = now() + kLastWordsCheck;
    return;
  }
  const auto id = connection.id;
  driver_->close(id, kCloseCode, "bye");
  leave_all(id);
  connections_.erase(id);
}

void LumenService::tick() {
  timer_ = 0;
  desk_.advance(now());
  std::vector<net::QuicId> ids;
  for (const auto& [id, connection] : connections_) ids.push_back(id);
  for (const auto id : ids) {
    auto& connection = connections_.at(id);
    if (connection.closes_by) {
      if (now() >= connection.check_at) close_spoken(connection);
    } else {
      connection.dialogue->advance(now());
    }
  }
  settle();
}

void LumenService::arm() {
  loop_.cancel(timer_);
  timer_ = 0;
  auto next = desk_.next_deadline();
  const auto sooner = [&next](Timestamp when) {
    if (!next || when < *next) next = when;
  };
  for (const auto& [id, connection] : connections_) {
    if (connection.closes_by) {
      sooner(connection.check_at);
    } else if (const auto deadline = connection.dialogue->next_deadline()) {
      sooner(*deadline);
    }
  }
  if (next) timer_ = loop_.call_at(*next, [this] { tick(); });
}

void LumenService::desk_changed() {
  for (auto& [id, connection] : connections_) connection.dialogue->advance(now());
  settle();
}

void LumenService::follow_desk() {
  for (const auto& event : desk_.take_events()) {
    if (const auto* ended = std::get_if<control::CodeEnded>(&event)) {
      last_code_end_ = ended->end;
      if (ended->end == control::CodeEnd::guessed_at)
        log_.warn("the code is void: {} gave wrong ones", ended->address);
    } else if (const auto* asks = std::get_if<control::DeviceAsks>(&event)) {
      const auto& device = asks->device;
      log_.warn("{} at {} asks to be paired and shows the words {}. If that is so, run: lumen-host pair",
                device.name, device.address, device.words);
    }
  }
  if (desk_.offer(now())) last_code_end_.reset();
}

Status LumenService::change_devices(const std::function<Status(control::DeviceBook&)>& change) {
  LUMEN_CHECK_OK(store_.change_devices(change));
  for (auto& [id, connection] : connections_) connection.dialogue->book_changed();
  end_sessions_of_outsiders();
  settle();
  return {};
}

// What a device has running that was removed or shut out.
void LumenService::end_sessions_of_outsiders() {
  std::vector<SessionKey> over;
  for (const auto& [key, session] : sessions_) {
    const auto* device = store_.devices().find(key.device);
    if (device == nullptr || !device->enabled) over.push_back(key);
  }
  for (const auto& key : over) end_session(sessions_.find(key));
}

// --- what devices say

void LumenService::handle(Connection& from, const control::HelloCame& hello) {
  from.name = hello.device_name;
  log_.info("{} at {} connected ({}{})", from.name, from.address, hello.program,
            hello.paired ? "" : ", not paired");
  const auto* device = store_.devices().find(from.device);
  if (!hello.paired || device == nullptr || wall_clock() - device->last_seen < kSeenInterval) return;
  const auto seen =
      store_.change_devices([&](control::DeviceBook& book) { return book.seen(from.device, wall_clock()); });
  if (!seen) log_.warn("{}", describe(seen.error()));
}

void LumenService::handle(Connection& from, const control::StoreDevice& device) {
  // One that proves itself anew may do what it might.
  const auto* known = store_.devices().find(device.fingerprint);
  const auto permissions = known != nullptr ? known->permissions : device.permissions;
  const auto stored = store_.change_devices([&](control::DeviceBook& book) {
    return book.add(device.fingerprint, device.name, permissions, wall_clock());
  });
  for (auto& [id, connection] : connections_) {
    if (connection.device == device.fingerprint && id != from.id) connection.dialogue->book_changed();
  }
  if (stored) {
    log_.info("{} at {} is paired now", device.name, from.address);
  } else {
    log_.error("{} is not paired: {}", device.name, describe(stored.error()));
  }
  from.dialogue->stored(stored.has_value());
}

void LumenService::handle(Connection& from, const control::WantsApps& wants) {
  std::vector<control::App> apps;
  for (const auto& app : params_.apps) {
    const bool running = std::ranges::any_of(sessions_, [&](const auto& entry) {
      return entry.first.device == from.device && entry.first.app == app.id;
    });
    apps.push_back({.id = app.id, .name = app.title, .running = running});
  }
  from.dialogue->apps(wants.request, std::move(apps));
}

const AppEntry* LumenService::find_app(std::uint32_t id) const {
  const auto found = std::ranges::find(params_.apps, id, &AppEntry::id);
  return found == params_.apps.end() ? nullptr : &*found;
}

control::HostOffer LumenService::offer_for(const Mode& mode) const {
  control::HostOffer offer{.max_bitrate_kbps = params_.max_bitrate_kbps};
  for (const auto codec : {Codec::av1, Codec::hevc, Codec::h264}) {
    const bool good = codec == Codec::h264 || (encoders_.offers(codec) && encoders_.sustains(codec, mode));
    if (good) offer.formats.push_back({.codec = codec});
  }
  return offer;
}

void LumenService::handle(Connection& from, const control::WantsOpen& wants) {
  const auto& open = wants.open;
  const auto refuse = [&](control::RefusalReason reason, std::string_view text = {}) {
    from.dialogue->refuse(open.request, reason, text);
  };
  if (is_stopping_) return refuse(control::RefusalReason::host_stopping);
  const auto* app = find_app(open.app);
  if (app == nullptr) return refuse(control::RefusalReason::no_such_app);
  if (open.display > 0 && app->desktop == "private") return refuse(control::RefusalReason::no_such_display);
  const auto agreement = agree(open.wish, offer_for(open.wish.mode), from.dialogue->permissions());
  if (!agreement.stream) return refuse(agreement.refusal);
  const SessionKey key{from.device, app->id, open.display};
  const auto session = session_for(key, *app, from, agreement.stream->mode);
  if (!session) {
    log_.warn("{}", describe(session.error()));
    return refuse(control::RefusalReason::busy, session.error().what);
  }
  (*session)->prepare(
      [this, key, id = from.id, request = open.request, stream = *agreement.stream](const Status& ready) {
        const auto connection = connections_.find(id);
        if (!ready) {
          log_.error("{}", describe(ready.error()));
          if (connection != connections_.end())
            connection->second.dialogue->refuse(request, control::RefusalReason::cannot_start,
                                                ready.error().what);
        } else if (connection != connections_.end()) {
          attach(id, key, request, stream);
        }
        settle();
      });
}

Result<DeviceSession*> LumenService::session_for(const SessionKey& key, const AppEntry& app,
                                                 const Connection& of, const Mode& mode) {
  if (const auto found = sessions_.find(key); found != sessions_.end()) {
    if (!found->second->is_over()) return found->second.get();
    end_session(found);
  }
  if (sessions_.size() >= params_.max_sessions) {
    return fail(ErrorCode::unavailable, "lumen1.sessions-full",
                fmt::format("{} desktops run on this host already", sessions_.size()),
                "End one of them first");
  }
  log_.info("{} starts {} at {}", of.name, app.title, to_string(mode));
  LUMEN_TRY(
      auto session,
      DeviceSession::create(
          {.app = app,
           .device_name = of.name,
           .mode = mode,
           .runtime_dir = fmt::format("{}/session-l{}", params_.runtime_root, next_index_++),
           .settings = params_.settings,
           // The same whenever the device comes: the beginning of its certificate's fingerprint.
           .pads = {.identity = ByteReader{key.device}.big<std::uint64_t>(), .model = params_.pad_model},
           .on_clipboard_state =
               [this, key](const link::ClipboardState& state) {
                 using Use = control::ClipboardUse;
                 tell_clipboard(key, [&](auto& dialogue, auto session) {
                   dialogue.clipboard_state(session, state.there ? Use::works : Use::not_there, state.reason);
                 });
               },
           .on_clipboard_part =
               [this, key](const ClipboardPart& part) {
                 tell_clipboard(key,
                                [&](auto& dialogue, auto session) { dialogue.clipboard(session, part); });
               },
           .on_clipboard_taken =
               [this, key](const ClipboardTaken& taken) {
                 tell_clipboard(key,
                                [&](auto& dialogue, auto session) { dialogue.clipboard(session, taken); });
               },
           .on_ended =
               [this, key](const std::string& reason) {
                 post([this, key, reason] { session_ended(key, reason); });
               }},
          host_, loop_, log_));
  return sessions_.emplace(key, std::move(session)).first->second.get();
}

Result<lumen1::Secret> LumenService::media_secret(net::QuicId connection, std::uint8_t session,
                                                  std::uint32_t open_count) const {
  const auto context = control::media_context(session, open_count);
  lumen1::Secret secret{};
  LUMEN_CHECK_OK(driver_->endpoint().export_secret(connection, control::kMediaExporter, context, secret));
  return secret;
}

void LumenService::attach(net::QuicId connection, const SessionKey& key, control::RequestId request,
                          const control::Stream& stream) {
  const auto found = sessions_.find(key);
  auto& dialogue = *connections_.at(connection).dialogue;
  if (found == sessions_.end() || found->second->is_over()) {
    const auto& why = found == sessions_.end() ? std::string{} : found->second->reason();
    dialogue.refuse(request, control::RefusalReason::cannot_start,
                    why.empty() ? "the application has ended" : why);
    return;
  }
  // What was agreed may have been a while ago.
  if (dialogue.is_over() || !dialogue.permissions().has(control::Permission::view)) {
    dialogue.refuse(request, control::RefusalReason::not_permitted);
    return;
  }
  auto& session = *found->second;
  take_from_others(session, connection);
  const auto open_count = session.next_open_count();
  auto secret = media_secret(connection, session.id(), open_count);
  if (!secret) {
    dialogue.refuse(request, control::RefusalReason::cannot_start, secret.error().what);
    return;
  }
  session.admit({connection, stream}, *secret, dialogue.permissions());
  crypto::wipe(*secret);
  if (!dialogue.opened(request, session.id(), open_count, stream)) session.leave();  // nobody waits for it
  if (!dialogue.permissions().has(control::Permission::clipboard))
    dialogue.clipboard_state(session.id(), control::ClipboardUse::not_permitted);
}

// From the session process: to whoever watches.
void LumenService::tell_clipboard(
    const SessionKey& key, const std::function<void(control::HostDialogue&, control::SessionId)>& tell) {
  const auto session = sessions_.find(key);
  if (session == sessions_.end() || !session->second->viewer()) return;
  const auto connection = connections_.find(session->second->viewer()->connection);
  if (connection == connections_.end()) return;
  tell(*connection->second.dialogue, session->second->id());
  settle();
}

void LumenService::handle(Connection& from, const control::ClipboardCame& clipboard) {
  const auto found = watched_by(from.id, clipboard.session);
  if (found == sessions_.end()) return;
  std::visit([&](const auto& what) { found->second->clipboard(what); }, clipboard.what);
}

void LumenService::take_from_others(const DeviceSession& session, net::QuicId connection) {
  const auto& viewer = session.viewer();
  if (!viewer || viewer->connection == connection) return;
  const auto other = connections_.find(viewer->connection);
  if (other != connections_.end())
    other->second.dialogue->session_ended(session.id(), control::EndReason::replaced);
}

LumenService::Sessions::iterator LumenService::watched_by(net::QuicId connection, std::uint8_t session) {
  return std::ranges::find_if(sessions_, [&](const auto& entry) {
    const auto& viewer = entry.second->viewer();
    return entry.second->id() == session && viewer && viewer->connection == connection;
  });
}

void LumenService::handle(Connection& from, const control::WantsChange& wants) {
  const auto found = watched_by(from.id, wants.change.session);
  const auto request = wants.change.request;
  if (found == sessions_.end()) {
    from.dialogue->refuse(request, control::RefusalReason::no_such_session);
    return;
  }
  const auto agreement = agree(wants.wish, offer_for(wants.wish.mode), from.dialogue->permissions());
  if (!agreement.stream) {
    from.dialogue->refuse(request, agreement.refusal);
    return;
  }
  found->second->change(*agreement.stream);
  from.dialogue->changed(request, *agreement.stream);
}

void LumenService::handle(Connection& from, const control::WantsPause& wants) {
  const auto found = watched_by(from.id, wants.session);
  if (found != sessions_.end()) found->second->pause();
  from.dialogue->done(wants.request);
}

void LumenService::handle(Connection& from, const control::WantsResume& wants) {
  const auto found = watched_by(from.id, wants.session);
  if (found != sessions_.end()) found->second->resume();
  from.dialogue->done(wants.request);
}

void LumenService::handle(Connection& from, const control::WantsClose& wants) {
  const auto found = watched_by(from.id, wants.session);
  if (found != sessions_.end()) {
    found->second->leave();
    if (wants.end_application) end_session(found);
  }
  from.dialogue->done(wants.request);
}

void LumenService::handle(Connection& from, const control::PermissionsNow& now) {
  for (auto& [key, session] : sessions_) {
    if (!session->viewer() || session->viewer()->connection != from.id) continue;
    session->set_permissions(now.permissions);
    if (!now.permissions.has(control::Permission::clipboard))
      from.dialogue->clipboard_state(session->id(), control::ClipboardUse::not_permitted);
    if (now.permissions.has(control::Permission::view)) continue;
    from.dialogue->session_ended(session->id(), control::EndReason::permission_withdrawn);
    session->leave();
  }
}

void LumenService::handle(Connection& from, const control::ClientGone& gone) {
  log_.info("{} leaves: {}", from.name.empty() ? from.address : from.name,
            gone.text.empty() ? control::text_of(gone.reason) : std::string_view{gone.text});
  leave_all(from.id);
}

// --- sessions

void LumenService::leave_all(net::QuicId connection) {
  for (auto& [key, session] : sessions_) {
    if (session->viewer() && session->viewer()->connection == connection) session->leave();
  }
}

void LumenService::end_session(Sessions::iterator found) {
  auto after = found->second->after();
  sessions_.erase(found);
  if (after.commands.empty()) return;
  const auto id = ++last_after_;
  after_[id] = std::make_unique<CommandChain>(std::move(after), loop_, log_, [this, id](bool) {
    post([this, id] {
      after_.erase(id);
      tell_stopped();
    });
  });
}

void LumenService::session_ended(const SessionKey& key, const std::string& reason) {
  const auto found = sessions_.find(key);
  if (found == sessions_.end() || !found->second->is_over()) return;
  if (const auto& viewer = found->second->viewer()) {
    const auto connection = connections_.find(viewer->connection);
    if (connection != connections_.end()) {
      connection->second.dialogue->session_ended(found->second->id(), control::EndReason::application_exited,
                                                 reason);
    }
  }
  end_session(found);
  settle();
}

void LumenService::check_silence() {
  silence_timer_ = loop_.call_at(now() + kSilenceCheck, [this] { check_silence(); });
  for (auto& [key, session] : sessions_) session->give_up_silent(now() - kSilence);
}

std::vector<LumenService::SessionView> LumenService::sessions() const {
  std::vector<SessionView> views;
  for (const auto& [key, session] : sessions_) {
    const auto* device = store_.devices().find(key.device);
    views.push_back({.device = device != nullptr ? device->name : "a device that was removed",
                     .app = session->app().title,
                     .watched = session->viewer().has_value(),
                     .stream = &session->stream()});
  }
  return views;
}

void LumenService::stop(std::function<void()> done) {
  is_stopping_ = true;
  stopped_ = std::move(done);
  for (auto& [id, connection] : connections_) connection.dialogue->bye(control::ByeReason::host_stopping);
  settle();
  while (!sessions_.empty()) end_session(sessions_.begin());
  tell_stopped();
}

void LumenService::tell_stopped() {
  if (!after_.empty()) return;
  if (const auto stopped = std::exchange(stopped_, nullptr)) stopped();
}

}  // namespace lumen::host
