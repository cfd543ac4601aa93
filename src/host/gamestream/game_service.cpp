#include "host/gamestream/game_service.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "host/gamestream/addresses.hpp"

namespace lumen::host {
namespace {

namespace control = gamestream::control;
namespace rtsp = gamestream::rtsp;
using gamestream::Answer;
using gamestream::LaunchRequest;
using namespace std::chrono_literals;

constexpr Mode kDefaultMode{1920, 1080, 60'000};

Timestamp now() { return SteadyTime{}.now(); }

StreamId to_stream(gamestream::LaunchId id) { return StreamId{static_cast<std::uint64_t>(id)}; }
gamestream::LaunchId to_launch(StreamId id) { return gamestream::LaunchId{id.value}; }

Mode to_mode(const std::optional<gamestream::DisplayMode>& wanted) {
  if (!wanted) return kDefaultMode;
  Mode mode{wanted->width_px, wanted->height_px,
            wanted->refresh_mhz == 0 ? kDefaultMode.refresh_mhz : wanted->refresh_mhz};
  return is_valid(mode) ? mode : kDefaultMode;
}

// Its pads are the same whenever it comes: the beginning of its certificate's fingerprint.
std::uint64_t pads_of(const crypto::Fingerprint& client) { return ByteReader{client}.big<std::uint64_t>(); }

}  // namespace

GameService::GameService(GameServiceParams params, StateStore& store, const AppCatalog& catalog,
                         MediaPort& media, EventLoop& loop, Logger& log, RtspSend rtsp_send)
    : params_{std::move(params)},
      store_{store},
      catalog_{catalog},
      media_{media},
      loop_{loop},
      log_{log},
      rtsp_send_{std::move(rtsp_send)},
      desk_{store, loop, log},
      book_{{.refuse_plain_rtsp = params_.encryption == EncryptionPolicy::require}} {
  set_encoders({});
}

GameService::~GameService() {
  *alive_ = false;
  loop_.cancel(timer_);
}

void GameService::set_encoders(const EncoderOffer& offer) {
  encoders_ = offer;
  params_.info.codecs.hevc = offers(Codec::hevc);
  params_.info.codecs.av1 = offers(Codec::av1);
}

bool GameService::offers(Codec codec) const {
  if (params_.codecs.empty()) return encoders_.offers(codec);
  return std::ranges::find(params_.codecs, codec) != params_.codecs.end();
}

bool GameService::offers(Codec codec, const Mode& mode) const {
  return offers(codec) && (!params_.codecs.empty() || encoders_.sustains(codec, mode));
}

// A client takes the best codec that it is offered, whatever its mode: only what keeps up with that mode is.
rtsp::StreamOffer GameService::offer_for(const Mode& mode) const {
  const gamestream::CodecOffer codecs{.hevc = offers(Codec::hevc, mode), .av1 = offers(Codec::av1, mode)};
  const bool wanted = params_.encryption != EncryptionPolicy::client;
  return {.codec_modes = gamestream::codec_mode_support(codecs),
          .input_features = rtsp::kPenAndTouch | rtsp::kControllerTouchAndMotion,
          .encryption_requested = wanted ? rtsp::kEncryptAll : rtsp::kEncryptControl,
          .encryption_mandatory = params_.encryption == EncryptionPolicy::require,
          .max_bitrate_kbps = params_.max_bitrate_kbps};
}

// --- HTTP

std::optional<gamestream::ReplyId> GameService::on_http(const gamestream::HttpRequest& request,
                                                        const Reply& reply) {
  const gamestream::HttpApi api{store_.clients()};
  auto routed = api.route(request);
  if (auto* pair = std::get_if<gamestream::PairRequest>(&routed))
    return desk_.on_request(std::move(*pair), reply);
  if (const auto* unpair = std::get_if<gamestream::UnpairRequest>(&routed)) {
    desk_.on_unpair(*unpair);
    reply(gamestream::unpair_answer());
  } else if (const auto* answer = std::get_if<Answer>(&routed)) {
    reply(*answer);
  } else if (auto* wanted = std::get_if<LaunchRequest>(&routed)) {
    launch(*wanted, reply);
  } else if (const auto* info = std::get_if<gamestream::ServerInfoRequest>(&routed)) {
    handle(*info, reply);
  } else if (const auto* list = std::get_if<gamestream::AppListRequest>(&routed)) {
    handle(*list, reply);
  } else if (const auto* asset = std::get_if<gamestream::AppAssetRequest>(&routed)) {
    handle(*asset, reply);
  } else if (const auto* cancel = std::get_if<gamestream::CancelRequest>(&routed)) {
    handle(*cancel, reply);
  }
  return std::nullopt;
}

void GameService::handle(const gamestream::ServerInfoRequest& request, const Reply& reply) {
  gamestream::ServerInfoView view{.paired = request.client.has_value(), .local = request.local};
  if (request.client) {
    view.mac = mac_of(request.local);
    view.current_app = book_.current_app(*request.client);
  }
  reply(gamestream::server_info_answer(params_.info, view));
}

void GameService::handle(const gamestream::AppListRequest&, const Reply& reply) {
  reply(gamestream::app_list_answer(catalog_.list()));
}

void GameService::handle(const gamestream::AppAssetRequest& request, const Reply& reply) {
  reply(gamestream::image_answer(catalog_.art(request.app_id, log_)));
}

void GameService::handle(const gamestream::CancelRequest& request, const Reply& reply) {
  end_client(request.client, control::TerminationCode::graceful);
  reply(gamestream::cancel_answer(true));
}

void GameService::launch(const LaunchRequest& request, const Reply& reply) {
  if (is_stopping_) {
    reply(gamestream::launch_refusal(request.verb, 503, "The host is stopping"));
    return;
  }
  auto decided = book_.admit(request, catalog_.list(), now());
  if (const auto* refused = std::get_if<gamestream::Refused>(&decided)) {
    log_.warn("{} is refused a launch", name_of(request.client));
    reply(refused->answer);
    return;
  }
  const auto& admitted = std::get<gamestream::Admitted>(decided);
  arm();
  if (admitted.replaced) drop_stream(to_stream(*admitted.replaced));
  drop_streams_of(request.client);  // a dead one must not keep its client out
  const auto id = to_stream(admitted.id);
  if (!admitted.starts_app) {
    offer(id, request, reply);
    return;
  }
  const auto* app = catalog_.find(admitted.app_id);
  end_session(request.client);
  auto& session = start_session(request, *app);
  // The key must outlive the commands that run first.
  auto kept = std::make_shared<LaunchRequest>(request);
  session.start([this, id, kept, reply](const Status& started) {
    if (started) {
      offer(id, *kept, reply);
      return;
    }
    log_.error("{}", describe(started.error()));
    book_.abort(to_launch(id));
    reply(gamestream::launch_refusal(kept->verb, 503, started.error().what));
    loop_.post([this, alive = alive_, client = kept->client] {
      if (*alive) end_session(client);
    });
  });
}

GameSession& GameService::start_session(const LaunchRequest& request, const AppEntry& app) {
  const auto mode = to_mode(request.mode);
  log_.info("{} starts {} at {}", name_of(request.client), app.title, to_string(mode));
  const auto client = request.client;
  auto session = std::make_unique<GameSession>(
      GameSessionParams{.app = app,
                        .client_name = name_of(client),
                        .mode = mode,
                        .runtime_dir = fmt::format("{}/session-g{}", params_.runtime_root, next_index_++),
                        .settings = params_.settings,
                        .on_ready =
                            [this, client] {
                              const auto& takes = sessions_.at(client)->desktop_input();
                              for_streams_of(client, [&](StreamId id) {
                                media_.set_desktop(id, takes);
                                media_.repeat_pads(id);
                              });
                            },
                        .on_pad_feedback =
                            [this, client](const PadFeedback& feedback) {
                              for_streams_of(client, [&](StreamId id) { media_.tell_pads(id, feedback); });
                            }},
      media_.video_socket(), media_.audio_socket(), loop_, log_, [this, client](const std::string& reason) {
        loop_.post([this, alive = alive_, client, reason] {
          if (*alive) session_ended(client, reason);
        });
      });
  auto& reference = *session;
  sessions_[client] = std::move(session);
  return reference;
}

void GameService::offer(StreamId id, const LaunchRequest& request, const Reply& reply) {
  if (const auto opened = open_launch(id, request); !opened) {
    log_.error("{}", describe(opened.error()));
    book_.abort(to_launch(id));
    reply(gamestream::launch_refusal(request.verb, 503, opened.error().what));
    return;
  }
  const auto url = gamestream::session_url(request.local, params_.info.ports.rtsp, request.encrypted_rtsp);
  reply(gamestream::launch_success(request.verb, url));
}

Status GameService::open_launch(StreamId id, const LaunchRequest& request) {
  const auto session = sessions_.find(request.client);
  if (session == sessions_.end()) {
    return fail(ErrorCode::unavailable, "session.ended", "the application has ended");
  }
  LUMEN_TRY(const auto ids, rtsp::draw_launch_ids());
  rtsp::LaunchParams launch{
      .id = id,
      .peer = peer_address(request.remote),
      .host = {.ids = ids, .ports = media_.ports(), .offer = offer_for(to_mode(request.mode))}};
  if (request.encrypted_rtsp) {
    auto& key = launch.key.emplace();
    std::ranges::copy(request.key.view(), key.begin());
  }
  LUMEN_CHECK_OK(rtsp_.add(std::move(launch)));
  media_.add({.id = id,
              .key = request.key,
              .ids = ids,
              .client = endpoint_at(request.remote),
              .pads = {.client = pads_of(request.client), .model = params_.pad_model},
              .pipes = session->second->pipes()});
  streams_[id] = {.client = request.client, .key = request.key, .key_id = request.key_id};
  return {};
}

// --- RTSP

bool GameService::rtsp_opened(RtspId connection, const gamestream::IpAddress& peer) {
  const bool taken = rtsp_.open(connection, peer_address(peer), now());
  arm();
  return taken;
}

void GameService::rtsp_bytes(RtspId connection, ByteView bytes) {
  act(rtsp_.receive(connection, bytes, now()));
}

void GameService::rtsp_closed(RtspId connection) { rtsp_.closed(connection); }

void GameService::act(rtsp::RtspOutput output) {
  for (const auto& send : output.sends) rtsp_send_(send);
  for (const auto& event : output.events) {
    std::visit([this](const auto& known) { handle(known); }, event);
  }
  arm();
}

void GameService::handle(const rtsp::Announced& event) {
  const auto id = event.launch;
  const auto stream = streams_.find(id);
  const auto session = stream == streams_.end() ? sessions_.end() : sessions_.find(stream->second.client);
  if (session == sessions_.end()) {
    act(rtsp_.failed(id, now()));
    return;
  }
  session->second->announce(event.agreement, stream->second.key.view(), stream->second.key_id,
                            [this, id, ids = event.agreement.session_ids,
                             takes = &session->second->desktop_input()](const Status& ready) {
                              if (!ready) log_.error("no stream: {}", describe(ready.error()));
                              if (ready) {
                                media_.set_desktop(id, *takes);
                                media_.ready(id, ids);
                              }
                              act(ready ? rtsp_.ready(id, now()) : rtsp_.failed(id, now()));
                            });
}

void GameService::handle(const rtsp::DialogueDone&) {}  // the control connection says the rest

void GameService::handle(const rtsp::RequestRefused& event) {
  log_.warn("RTSP: {} ({})", event.why, static_cast<int>(event.status));
}

// --- streams and sessions

void GameService::media_connected(StreamId id) {
  const auto stream = streams_.find(id);
  if (stream == streams_.end()) return;
  stream->second.connected = true;
  book_.start(to_launch(id));
  log_.info("{} watches", name_of(stream->second.client));
}

void GameService::media_ended(StreamId id, const std::string& reason) {
  const auto stream = streams_.find(id);
  if (stream == streams_.end()) return;
  const auto client = stream->second.client;
  log_.info("{}: {}", name_of(client), reason);
  streams_.erase(stream);
  act(rtsp_.remove(id, now()));
  const bool watches_again =
      std::ranges::any_of(streams_, [&](const auto& other) { return other.second.client == client; });
  if (const auto session = sessions_.find(client); session != sessions_.end() && !watches_again)
    session->second->client_gone();
}

void GameService::for_streams_of(const Fingerprint& client, const std::function<void(StreamId)>& call) const {
  for (const auto& [id, stream] : streams_) {
    if (stream.client == client) call(id);
  }
}

void GameService::drop_stream(StreamId id) {
  if (streams_.erase(id) == 0) return;
  media_.remove(id);
  act(rtsp_.remove(id, now()));
}

void GameService::drop_streams_of(const Fingerprint& client) {
  std::vector<StreamId> ids;
  for (const auto& [id, stream] : streams_) {
    if (stream.client == client) ids.push_back(id);
  }
  for (const auto id : ids) drop_stream(id);
}

void GameService::end_client(const Fingerprint& client, control::TerminationCode code) {
  book_.end(client);
  std::vector<StreamId> ids;
  for (const auto& [id, stream] : streams_) {
    if (stream.client == client) ids.push_back(id);
  }
  for (const auto id : ids) {
    act(rtsp_.remove(id, now()));
    streams_.erase(id);
    media_.terminate(id, code);
  }
  end_session(client);
}

void GameService::session_ended(const Fingerprint& client, const std::string& reason) {
  if (!sessions_.contains(client)) return;
  log_.info("{}: the application has ended: {}", name_of(client), reason);
  end_client(client, control::TerminationCode::graceful);
}

// The application and its desktop end now; what is to run afterwards runs on its own.
void GameService::end_session(const Fingerprint& client) {
  auto ended = sessions_.extract(client);
  if (!ended) return;
  auto after = ended.mapped()->after();
  ended.mapped().reset();
  if (after.commands.empty()) return;
  const auto id = ++last_after_;
  after_[id] = std::make_unique<CommandChain>(std::move(after), loop_, log_, [this, id](bool) {
    loop_.post([this, alive = alive_, id] {
      if (!*alive) return;
      after_.erase(id);
      tell_stopped();
    });
  });
}

void GameService::stop(std::function<void()> done) {
  is_stopping_ = true;
  stopped_ = std::move(done);
  std::vector<Fingerprint> clients;
  for (const auto& [client, session] : sessions_) clients.push_back(client);
  for (const auto& client : clients) end_client(client, control::TerminationCode::graceful);
  tell_stopped();
}

void GameService::tell_stopped() {
  if (!after_.empty()) return;
  if (const auto done = std::exchange(stopped_, nullptr)) done();
}

std::string GameService::name_of(const Fingerprint& client) const {
  const auto* known = store_.clients().find(client);
  return known == nullptr ? "a client" : known->name;
}

// --- clients

Status GameService::change_client(std::string_view id,
                                  const std::function<Status(gamestream::PairedClients&)>& change) {
  const auto* client = store_.clients().find(id);
  std::optional<Fingerprint> fingerprint;
  if (client != nullptr) fingerprint = client->certificate.fingerprint();
  LUMEN_CHECK_OK(store_.change_clients(change));
  if (fingerprint && !store_.clients().allows(*fingerprint))
    end_client(*fingerprint, control::TerminationCode::graceful);
  return {};
}

Status GameService::rename_client(std::string_view id, std::string_view name) {
  return change_client(id, [&](gamestream::PairedClients& clients) { return clients.rename(id, name); });
}

Status GameService::set_client_enabled(std::string_view id, bool enabled) {
  return change_client(id,
                       [&](gamestream::PairedClients& clients) { return clients.set_enabled(id, enabled); });
}

Status GameService::remove_client(std::string_view id) {
  return change_client(id, [&](gamestream::PairedClients& clients) { return clients.remove(id); });
}

std::vector<GameService::SessionView> GameService::sessions() const {
  std::vector<SessionView> views;
  for (const auto& [client, session] : sessions_) {
    SessionView view{.client = name_of(client),
                     .app = session->app().title,
                     .encoder = session->encoder(),
                     .mode = to_string(session->slot().mode()),
                     .sound = session->sound(),
                     .state = session->slot().state(),
                     .streaming = session->slot().has_client(),
                     .stats = session->slot().stats(),
                     .pipes = session->pipes(),
                     .what_is_clear = {}};
    if (const auto& agreement = session->agreement()) {
      if (!agreement->video.encrypted) view.what_is_clear = "picture";
      if (!agreement->audio.encrypted) view.what_is_clear += view.what_is_clear.empty() ? "sound" : ", sound";
    }
    views.push_back(std::move(view));
  }
  return views;
}

// --- time

void GameService::arm() {
  loop_.cancel(timer_);
  auto next = book_.next_deadline();
  if (const auto rtsp = rtsp_.next_deadline()) next = next ? std::min(*next, *rtsp) : *rtsp;
  if (next) timer_ = loop_.call_at(*next, [this] { tick(); });
}

void GameService::tick() {
  for (const auto id : book_.expire(now())) {
    log_.warn("a launch was not followed by a stream");
    drop_stream(to_stream(id));
  }
  act(rtsp_.expire(now()));
}

}  // namespace lumen::host
