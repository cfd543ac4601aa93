// The part of LumenService that deals with sessions: what devices ask of them, and what these tell.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "host/lumen1/lumen_service.hpp"
#include "lumen1/control/agreement.hpp"
#include "lumen1/control/media_secret.hpp"

namespace lumen::host {
namespace {

namespace control = lumen1::control;
using namespace std::chrono_literals;

constexpr std::size_t kPointerBacklog = 48U
                                        << 10U;  // bytes of a connection that wait for their acknowledgement
constexpr Duration kSilence = 3s, kSilenceCheck = 250ms;

Timestamp now() { return SteadyTime{}.now(); }
}  // namespace

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
  control::HostOffer offer{.max_bitrate_kbps = params_.max_bitrate_kbps, .features = control::kPointerApart};
  for (const auto codec : {Codec::av1, Codec::hevc, Codec::h264}) {
    // One that was measured does for what it keeps up with, though it may be too slow to be offered to all.
    const bool works = encoders_.offers(codec) || encoders_.verdict(codec).pixels_per_s > 0;
    const bool good = codec == Codec::h264 || (works && encoders_.sustains(codec, mode));
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
  if (open.display > 0 && is_private_desktop(app->desktop))
    return refuse(control::RefusalReason::no_such_display);
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
           .on_clipboard_state = [this, key](const auto& state) { tell_clipboard(key, state); },
           .on_clipboard_part = [this, key](const auto& part) { tell_clipboard(key, part); },
           .on_clipboard_taken = [this, key](const auto& taken) { tell_clipboard(key, taken); },
           .on_ended =
               [this, key](const std::string& reason) {
                 post([this, key, reason] { session_ended(key, reason); });
               },
           .send_pointer = [this](net::QuicId connection, std::uint8_t id,
                                  const PointerPiece& piece) { return send_pointer(connection, id, piece); }},
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

// From the session process: to whoever watches. Sent later: this is called from within the session.
template <class What>
void LumenService::tell_clipboard(const SessionKey& key, const What& what) {
  const auto session = sessions_.find(key);
  if (session == sessions_.end() || !session->second->viewer()) return;
  const auto connection = connections_.find(session->second->viewer()->connection);
  if (connection == connections_.end()) return;
  auto& dialogue = *connection->second.dialogue;
  if constexpr (std::is_same_v<What, link::ClipboardState>) {
    dialogue.clipboard_state(session->second->id(),
                             what.there ? control::ClipboardUse::works : control::ClipboardUse::not_there,
                             what.reason);
  } else {
    dialogue.clipboard(session->second->id(), what);
  }
  post([this] { settle(); });
}

void LumenService::handle(Connection& from, const control::ClipboardCame& clipboard) {
  const auto found = watched_by(from.id, clipboard.session);
  if (found == sessions_.end()) return;
  std::visit([&](const auto& what) { found->second->clipboard(what); }, clipboard.what);
}

void LumenService::take_from_others(const DeviceSession& session, net::QuicId connection) {
  if (session.viewer() && session.viewer()->connection != connection)
    tell_ended(session, control::EndReason::replaced);
}

// To whoever watches it.
void LumenService::tell_ended(const DeviceSession& session, control::EndReason reason,
                              const std::string& text) {
  if (!session.viewer()) return;
  const auto connection = connections_.find(session.viewer()->connection);
  if (connection != connections_.end())
    connection->second.dialogue->session_ended(session.id(), reason, text);
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

void LumenService::handle(Connection& from, const control::WantsEnd& wants) {
  for (auto next = sessions_.begin(); next != sessions_.end();) {
    const auto found = next++;
    if (found->first.device != from.device || found->first.app != wants.app) continue;
    tell_ended(*found->second, control::EndReason::application_exited);
    end_session(found);
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

void LumenService::leave_all(net::QuicId connection) {
  for (auto& [key, session] : sessions_) {
    if (session->viewer() && session->viewer()->connection == connection) session->leave();
  }
}

// What waits there delays everything else that the device is told.
bool LumenService::send_pointer(net::QuicId connection, std::uint8_t session, const PointerPiece& piece) {
  const auto found = connections_.find(connection);
  if (found == connections_.end() || found->second.closes_by) return true;  // it needs none any more
  const auto status = driver_->endpoint().status(connection);
  if (status && status->unacknowledged_bytes > kPointerBacklog) return false;
  auto& dialogue = *found->second.dialogue;
  if (!dialogue.pointer_look(session, piece)) return dialogue.is_over();  // else it is not open there yet
  post([this] { settle(); });
  return true;
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
  tell_ended(*found->second, control::EndReason::application_exited, reason);
  end_session(found);
  settle();
}

void LumenService::check_silence() {
  silence_timer_ = loop_.call_at(now() + kSilenceCheck, [this] { check_silence(); });
  for (auto& [key, session] : sessions_) {
    session->catch_up(now());
    session->give_up_silent(now() - kSilence);
  }
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

}  // namespace lumen::host
