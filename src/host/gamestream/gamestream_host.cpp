#include "host/gamestream/gamestream_host.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/machine_name.hpp"
#include "base/runtime_dir.hpp"
#include "crypto/digest.hpp"
#include "host/encoder_probe.hpp"
#include "host/gamestream/addresses.hpp"
#include "host/gamestream/game_service.hpp"
#include "host/gamestream/pin_page.hpp"
#include "net/http/server.hpp"
#include "net/mdns/publisher.hpp"
#include "net/tcp/byte_server.hpp"

namespace lumen::host {
namespace {

namespace rtsp = gamestream::rtsp;
using namespace std::chrono_literals;

// A launch is offered less where its mode is more.

Timestamp now() { return SteadyTime{}.now(); }

// One address for sockets of one family; "::" takes IPv4 as well.
std::vector<std::string> tcp_addresses(const std::string& bind) {
  if (bind == "::") return {"0.0.0.0", "::"};
  return {bind};
}

Result<std::string> open_token(const std::string& folder) {
  const auto path = folder + "/page-token";
  if (access(path.c_str(), F_OK) == 0) {
    LUMEN_CHECK_OK(check_private_file(path));
    LUMEN_TRY(auto text, read_small_file(path, 100));
    while (!text.empty() && text.back() == '\n') text.pop_back();
    if (text.size() >= 20) return text;
  }
  LUMEN_TRY(auto token, make_token());
  LUMEN_CHECK_OK(write_state_file(path, token + "\n"));
  return token;
}

net::HttpResponse to_response(const gamestream::Answer& answer) {
  return {.status = static_cast<unsigned>(answer.http_status),
          .content_type = answer.content_type,
          .body = answer.body};
}

const char* to_text(SlotState state) {
  switch (state) {
    case SlotState::starting:
      return "starting";
    case SlotState::streaming:
      return "running";
    case SlotState::interrupted:
      return "interrupted";
    case SlotState::ended:
      break;
  }
  return "ended";
}

std::string complaint(const Error& error) { return fmt::format("error: {}\n", describe(error)); }
std::string say(const Status& status, std::string_view good) {
  return status ? std::string{good} : complaint(status.error());
}

nlohmann::json to_json(const stream::GameVideoStats& stats) {
  return {{"frames", stats.frames.load()},
          {"idr_count", stats.idr.load()},
          {"datagrams", stats.datagrams.load()},
          {"bytes", stats.bytes.load()},
          {"refused", stats.refused.load()},
          {"data_shards", stats.data_shards.load()},
          {"parity_shards", stats.parity_shards.load()},
          {"recovery_asked", stats.recovery_asked.load()},
          {"recovery_merged", stats.recovery_merged.load()},
          {"reported_lost", stats.reported_lost.load()},
          {"assumed_loss_percent", static_cast<double>(stats.assumed_loss_ppm.load()) / 1e4},
          {"unfit", stats.unfit.load()}};
}

nlohmann::json to_json(const stream::GameAudioStats& stats) {
  return {{"packets", stats.packets.load()},
          {"datagrams", stats.datagrams.load()},
          {"refused", stats.refused.load()},
          {"unwanted", stats.unwanted.load()}};
}

}  // namespace

// In the order of construction; what stands below uses what stands above. The threads (media, http) go before
// what they post to.
struct GameStreamHost::Parts {
  GameStreamHostParams params;
  EncoderSurvey& survey;
  EventLoop& loop;
  Logger& log;
  StateStore store;
  AppCatalog catalog;
  std::string name, token;
  gamestream::Ports ports{};
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // for what was posted
  std::unique_ptr<MediaPort> media;
  std::unique_ptr<net::ByteServer> rtsp_server;
  std::unique_ptr<GameService> service;
  std::unique_ptr<PinPage> page;
  std::unique_ptr<net::HttpServer> http;
  std::unique_ptr<net::MdnsPublisher> publisher;

  ~Parts() {
    *alive = false;
    publisher.reset();
    http.reset();
    page.reset();
    // Clients hear of the end before their desktops go.
    media.reset();
    service.reset();
  }
  Status open();
  Status open_media();
  Status open_rtsp();
  Status open_http();
  void open_publisher();
  void post(std::function<void()> call) {
    loop.post([alive = alive, call = std::move(call)] {
      if (*alive) call();
    });
  }
  void on_http(const net::HttpRequest& request, const net::Responder& responder);
  void on_page(const net::HttpRequest& request, const net::Responder& responder);
  net::HttpServer::Handler on_main(void (Parts::*handler)(const net::HttpRequest&, const net::Responder&));
  std::string clients_text() const;
  std::string prompts_text() const;
  std::string page_link() const;
};

net::HttpServer::Handler GameStreamHost::Parts::on_main(void (Parts::*handler)(const net::HttpRequest&,
                                                                               const net::Responder&)) {
  return [this, handler](net::HttpRequest request, net::Responder responder) {
    auto shared = std::make_shared<net::HttpRequest>(std::move(request));
    post([this, handler, shared, responder = std::move(responder)] { (this->*handler)(*shared, responder); });
  };
}

Status GameStreamHost::Parts::open_media() {
  const auto at = [this](std::uint16_t port) {
    return net::Endpoint::parse(params.config.gamestream.bind, port);
  };
  LUMEN_TRY(const auto video, at(ports.video));
  LUMEN_TRY(const auto audio, at(ports.audio));
  // The library of the control connection knows IPv4 only.
  LUMEN_TRY(
      const auto control,
      net::Endpoint::parse(params.config.gamestream.bind == "::" ? "0.0.0.0" : params.config.gamestream.bind,
                           ports.control));
  LUMEN_TRY(media,
            MediaPort::create(
                {video, control, audio},
                {.on_connected = [this](StreamId id) { post([this, id] { service->media_connected(id); }); },
                 .on_ended =
                     [this](StreamId id, std::string reason) {
                       post([this, id, reason = std::move(reason)] {
                         if (service) service->media_ended(id, reason);
                       });
                     }},
                log));
  return {};
}

Status GameStreamHost::Parts::open_rtsp() {
  using Id = net::ByteServer::ConnectionId;
  LUMEN_TRY(
      rtsp_server,
      net::ByteServer::create(
          loop, {.listen = {.addresses = tcp_addresses(params.config.gamestream.bind), .port = ports.rtsp},
                 // The dispatcher limits what it waits for; an ANNOUNCE may take its time.
                 .limits = {.request = 30s},
                 .events = {.opened =
                                [this](Id id, const net::ByteServer::Peer& peer) {
                                  if (!service->rtsp_opened({id}, ip_of(peer.remote))) rtsp_server->drop(id);
                                },
                            .bytes = [this](Id id, ByteView bytes) { service->rtsp_bytes({id}, bytes); },
                            .ended = [this](Id id, net::ByteServer::End) { service->rtsp_closed({id}); }}}));
  return {};
}

Status GameStreamHost::Parts::open_http() {
  LUMEN_TRY(auto key, store.identity().private_key_pem());
  const net::HttpServer::Tls tls{store.identity().certificate().pem(), key};
  const auto addresses = tcp_addresses(params.config.gamestream.bind);
  std::vector<net::HttpServer::Listener> listeners;
  listeners.push_back({.listen = {addresses, ports.http}, .handler = on_main(&Parts::on_http)});
  listeners.push_back({.listen = {addresses, ports.https}, .tls = tls, .handler = on_main(&Parts::on_http)});
  if (params.page_port != 0) {
    listeners.push_back({.listen = {addresses, params.page_port},
                         .tls = tls,
                         .handler = on_main(&Parts::on_page),
                         .max_body_bytes = PinPage::kMaxFormBytes});
  }
  auto opened = net::HttpServer::create({.listeners = std::move(listeners)});
  crypto::wipe(MutableBytes{reinterpret_cast<std::byte*>(key.data()), key.size()});
  if (!opened) return tl::unexpected{std::move(opened.error())};
  http = std::move(*opened);
  return {};
}

void GameStreamHost::Parts::on_http(const net::HttpRequest& request, const net::Responder& responder) {
  std::optional<crypto::Fingerprint> client;
  if (!request.peer_certificate.empty()) {
    const auto digest = crypto::sha256({ByteView{request.peer_certificate}});
    if (digest) client = *digest;
  }
  const auto waiting = service->on_http(
      {.scheme = request.is_tls ? gamestream::Scheme::https : gamestream::Scheme::http,
       .method = request.method,
       .target = request.target,
       .client = client,
       .local = ip_of(request.local),
       .remote = ip_of(request.remote)},
      [responder](const gamestream::Answer& answer) { responder.send(to_response(answer)); });
  if (!waiting) return;
  // On lm-http, never after the server's destruction.
  responder.on_hang_up([this, id = *waiting] { post([this, id] { service->http_closed(id); }); });
}

void GameStreamHost::Parts::on_page(const net::HttpRequest& request, const net::Responder& responder) {
  auto answer = page->handle({.method = request.method,
                              .target = request.target,
                              .body = request.body,
                              .remote = ip_of(request.remote).text()},
                             now());
  responder.send({.status = static_cast<unsigned>(answer.http_status),
                  .content_type = "text/html; charset=utf-8",
                  .body = std::move(answer.body),
                  .headers = {{"Content-Security-Policy", std::string{PinPage::content_security_policy()}},
                              {"Cache-Control", "no-store"},
                              {"Referrer-Policy", "no-referrer"},
                              {"X-Content-Type-Options", "nosniff"}}});
}

Status GameStreamHost::Parts::open() {
  LUMEN_TRY(ports, gamestream::ports_from(params.config.gamestream.port));
  LUMEN_CHECK_OK(open_media());
  const auto send = [this](const rtsp::RtspSend& what) {
    if (what.finish) {
      rtsp_server->answer(what.connection.value, what.bytes);
    } else {
      rtsp_server->drop(what.connection.value);
    }
  };
  service = std::make_unique<GameService>(
      GameServiceParams{.info = {.hostname = name, .unique_id = store.unique_id(), .ports = ports},
                        .encryption = params.config.gamestream.encryption,
                        .codecs = params.config.gamestream.codecs,
                        .runtime_root = params.runtime_root,
                        .settings = params.settings,
                        .max_bitrate_kbps = params.max_bitrate_kbps,
                        .pad_model = params.config.gamestream.pads},
      store, catalog, *media, loop, log, send);
  LUMEN_CHECK_OK(open_rtsp());
  page = std::make_unique<PinPage>(name, token, service->desk());
  LUMEN_CHECK_OK(open_http());
  if (params.publish) open_publisher();
  survey.on_offer([this, still = alive](const EncoderOffer& offer) {
    if (*still) service->set_encoders(offer);
  });
  return {};
}

// Only now that there is an answer at the port. A host that nobody finds can still be named by its address.
void GameStreamHost::Parts::open_publisher() {
  auto published = net::MdnsPublisher::create({.name = name, .port = ports.http}, loop, log);
  if (published) {
    publisher = std::move(*published);
  } else {
    log.warn("clients will not find this host by themselves: {}", describe(published.error()));
  }
}

GameStreamHost::GameStreamHost(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
GameStreamHost::~GameStreamHost() = default;

Result<std::unique_ptr<GameStreamHost>> GameStreamHost::create(GameStreamHostParams params,
                                                               EncoderSurvey& survey, EventLoop& loop,
                                                               Logger& log) {
  LUMEN_TRY(auto store, StateStore::open(params.state_dir));
  LUMEN_TRY(auto catalog, AppCatalog::create(params.desktop, params.config.apps, params.config.desktop.use));
  LUMEN_TRY(auto token, open_token(params.state_dir));
  auto name = shown_name(params.config);
  std::unique_ptr<Parts> parts{new Parts{.params = std::move(params),
                                         .survey = survey,
                                         .loop = loop,
                                         .log = log,
                                         .store = std::move(store),
                                         .catalog = std::move(catalog),
                                         .name = std::move(name),
                                         .token = std::move(token)}};
  LUMEN_CHECK_OK(parts->open());
  return std::unique_ptr<GameStreamHost>{new GameStreamHost{std::move(parts)}};
}

std::string GameStreamHost::Parts::prompts_text() const {
  std::string text;
  for (const auto& prompt : service->desk().prompts()) {
    text +=
        fmt::format("{}\t{}\t{}\t…{:02x}{:02x}\n", static_cast<std::uint64_t>(prompt.id),
                    prompt.remote.text(), prompt.device_name, std::to_integer<unsigned>(prompt.client[30]),
                    std::to_integer<unsigned>(prompt.client[31]));
  }
  return text + "\n";  // an answer is never empty
}

std::string GameStreamHost::Parts::clients_text() const {
  std::string text;
  for (const auto& client : store.clients().clients()) {
    text += fmt::format("{}\t{}\t{}\n", client.id.substr(0, 16), client.enabled ? "enabled" : "disabled",
                        client.name);
  }
  return text + "\n";
}

void GameStreamHost::stop(std::function<void()> done) {
  parts_->publisher.reset();  // nobody new
  parts_->service->stop(std::move(done));
}

std::string GameStreamHost::greeting() const {
  const auto& parts = *parts_;
  auto text = fmt::format("Moonlight clients find this host as {} (port {})", parts.name, parts.ports.http);
  if (!parts.store.clients().clients().empty()) return text;
  text += "; choose it there, then run: lumen-host pair PIN";
  if (parts.params.page_port != 0) text += "\n  or type the PIN at " + parts.page_link();
  return text;
}

std::string GameStreamHost::Parts::page_link() const {
  return fmt::format("https://{}:{}/#{}", machine_name("Lumen"), params.page_port, token);
}

std::optional<std::string> GameStreamHost::on_command(const std::string& command) {
  std::istringstream in{command};
  std::string verb, first, rest;
  in >> verb;
  auto& service = *parts_->service;
  if (verb == "pair-list") return parts_->prompts_text();
  if (verb == "clients") return parts_->clients_text();
  if (verb == "pair-page") {
    return parts_->params.page_port == 0 ? "error: this host has no such page\n" : parts_->page_link() + "\n";
  }
  in >> first;
  if (verb == "pair" || verb == "pair-deny") {
    std::uint64_t prompt = 0;
    std::from_chars(first.data(), first.data() + first.size(), prompt);
    if (verb == "pair-deny") return say(service.desk().deny(prompt), "denied\n");
    std::string pin;
    in >> pin >> std::ws;
    std::getline(in, rest);
    return say(service.desk().enter_pin(prompt, pin, rest), "entered\n");
  }
  if (verb == "pair-result") {
    std::uint64_t prompt = 0;
    std::from_chars(first.data(), first.data() + first.size(), prompt);
    const auto outcome = service.desk().outcome(prompt);
    if (!outcome) return "not yet\n";
    return fmt::format("{}{}\n", outcome->paired ? "" : "error: ", outcome->text);
  }
  if (!verb.starts_with("client-")) return std::nullopt;
  in >> std::ws;
  std::getline(in, rest);
  // A beginning of the id is enough where it names one client.
  std::string id;
  for (const auto& client : parts_->store.clients().clients()) {
    if (first.empty() || !client.id.starts_with(first)) continue;
    if (!id.empty()) return "error: several clients begin like that; give more of the id\n";
    id = client.id;
  }
  if (verb == "client-rename") return say(service.rename_client(id, rest), "renamed\n");
  if (verb == "client-enable") return say(service.set_client_enabled(id, true), "enabled\n");
  if (verb == "client-disable") return say(service.set_client_enabled(id, false), "disabled\n");
  if (verb == "client-remove") return say(service.remove_client(id), "removed\n");
  return std::nullopt;
}

std::string GameStreamHost::status_json() const {
  nlohmann::json json{{"name", parts_->name},
                      {"port", parts_->ports.http},
                      {"paired_clients", parts_->store.clients().clients().size()},
                      {"prompts", parts_->service->desk().prompts().size()},
                      {"codecs", nlohmann::json::array()},
                      {"sessions", nlohmann::json::array()}};
  for (const auto& verdict : parts_->survey.offer().verdicts()) {
    json["codecs"].push_back({{"codec", to_string(verdict.codec)},
                              {"offered", verdict.offered},
                              {"megapixels_per_s", verdict.pixels_per_s / 1'000'000},
                              {"reason", verdict.reason}});
  }
  for (const auto& session : parts_->service->sessions()) {
    nlohmann::json entry{{"client", session.client},
                         {"app", session.app},
                         {"encoder", session.encoder},
                         {"mode", session.mode},
                         {"state", to_text(session.state)},
                         {"streaming", session.streaming},
                         {"not_encrypted", session.what_is_clear},
                         {"no_sound", session.sound},
                         {"audio", to_json(session.pipes->audio.stats())},
                         {"video", to_json(session.pipes->video.stats())}};
    if (session.stats) {
      entry["picture"] = {{"cpu_us", session.stats->cpu_us},
                          {"encoder_cpu_us", session.stats->encoder_cpu_us},
                          {"frames_captured", session.stats->frames_captured},
                          {"frames_encoded", session.stats->frames_encoded},
                          {"frames_overwritten", session.stats->frames_overwritten},
                          {"rss_bytes", session.stats->rss_bytes}};
    }
    json["sessions"].push_back(std::move(entry));
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace lumen::host
