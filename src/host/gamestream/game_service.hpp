// host/gamestream: what GameStream clients may ask of this host, and what comes of it: requests of HTTP and
// RTSP in, sessions and streams out. The servers that bring the requests are not here. Owner: lm-main.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gamestream/http/http_api.hpp"
#include "gamestream/http/launch_book.hpp"
#include "gamestream/http/server_info.hpp"
#include "gamestream/rtsp/dispatcher.hpp"
#include "host/encoder_offer.hpp"
#include "host/gamestream/app_catalog.hpp"
#include "host/gamestream/game_session.hpp"
#include "host/gamestream/media_port.hpp"
#include "host/gamestream/pairing_desk.hpp"
#include "host/gamestream/state_store.hpp"

namespace lumen::host {

struct GameServiceParams {
  gamestream::HostInfo info;
  EncryptionPolicy encryption = EncryptionPolicy::prefer;
  std::vector<Codec> codecs;  // offered whatever was measured; empty: what was
  std::string runtime_root;
  SlotSettings settings;
  std::uint32_t max_bitrate_kbps = 0;  // 0: as clients ask
  std::optional<PadModel> pad_model;   // none: what suits a client's pad
};

class GameService {
 public:
  using Reply = std::function<void(const gamestream::Answer&)>;  // once; the client may be gone
  using RtspId = gamestream::rtsp::ConnectionId;
  // Does what the dispatcher says with a connection.
  using RtspSend = std::function<void(const gamestream::rtsp::RtspSend&)>;

  // All references outlive the service.
  GameService(GameServiceParams params, StateStore& store, const AppCatalog& catalog, MediaPort& media,
              EventLoop& loop, Logger& log, RtspSend rtsp_send);
  ~GameService();
  GameService(const GameService&) = delete;
  GameService& operator=(const GameService&) = delete;

  // nullopt, or the name by which http_closed() tells that a client hung up that waits for its PIN.
  std::optional<gamestream::ReplyId> on_http(const gamestream::HttpRequest& request, const Reply& reply);
  void http_closed(gamestream::ReplyId reply) { desk_.closed(reply); }

  [[nodiscard]] bool rtsp_opened(RtspId connection, const gamestream::IpAddress& peer);
  void rtsp_bytes(RtspId connection, ByteView bytes);
  void rtsp_closed(RtspId connection);

  // What MediaPort's events say, posted to lm-main.
  void media_connected(StreamId stream);
  void media_ended(StreamId stream, const std::string& reason);

  // Ends every stream and session; `done` once what is to run after them has run. Launches are refused.
  void stop(std::function<void()> done);
  // What later launches are offered; until then H.264 alone.
  void set_encoders(const EncoderOffer& offer);

  PairingDesk& desk() { return desk_; }
  // Also ends what the client has running when it may not any more. `gamestream.no-such-client`.
  Status rename_client(std::string_view id, std::string_view name);
  Status set_client_enabled(std::string_view id, bool enabled);
  Status remove_client(std::string_view id);

  struct SessionView {
    std::string client, app, encoder, mode, sound;
    SlotState state{};
    bool streaming = false;
    std::optional<link::SessionStats> stats;
    std::shared_ptr<Pipes> pipes;
    std::string what_is_clear;  // "", or what of the stream is not encrypted
  };
  std::vector<SessionView> sessions() const;

 private:
  using Fingerprint = crypto::Fingerprint;
  struct Stream {
    Fingerprint client{};
    gamestream::SessionKey key;
    std::uint32_t key_id = 0;
    bool connected = false;
  };
  void handle(const gamestream::ServerInfoRequest& request, const Reply& reply);
  void handle(const gamestream::AppListRequest& request, const Reply& reply);
  void handle(const gamestream::AppAssetRequest& request, const Reply& reply);
  void handle(const gamestream::CancelRequest& request, const Reply& reply);
  void launch(const gamestream::LaunchRequest& request, const Reply& reply);
  void offer(StreamId id, const gamestream::LaunchRequest& request, const Reply& reply);
  Status open_launch(StreamId id, const gamestream::LaunchRequest& request);
  GameSession& start_session(const gamestream::LaunchRequest& request, const AppEntry& app);

  void act(gamestream::rtsp::RtspOutput output);
  void handle(const gamestream::rtsp::Announced& event);
  void handle(const gamestream::rtsp::DialogueDone& event);
  void handle(const gamestream::rtsp::RequestRefused& event);

  void for_streams_of(const Fingerprint& client, const std::function<void(StreamId)>& call) const;
  void drop_stream(StreamId id);
  void drop_streams_of(const Fingerprint& client);
  void end_client(const Fingerprint& client, gamestream::control::TerminationCode code);
  void session_ended(const Fingerprint& client, const std::string& reason);
  void end_session(const Fingerprint& client);
  void tell_stopped();
  Status change_client(std::string_view id, const std::function<Status(gamestream::PairedClients&)>& change);
  std::string name_of(const Fingerprint& client) const;
  void arm();
  void tick();

  bool offers(Codec codec) const;
  bool offers(Codec codec, const Mode& mode) const;
  gamestream::rtsp::StreamOffer offer_for(const Mode& mode) const;

  GameServiceParams params_;
  EncoderOffer encoders_;
  StateStore& store_;
  const AppCatalog& catalog_;
  MediaPort& media_;
  EventLoop& loop_;
  Logger& log_;
  RtspSend rtsp_send_;
  PairingDesk desk_;
  gamestream::LaunchBook book_;
  gamestream::rtsp::RtspDispatcher rtsp_;
  std::map<StreamId, Stream> streams_;
  std::map<Fingerprint, std::unique_ptr<GameSession>> sessions_;
  std::map<std::uint64_t, std::unique_ptr<CommandChain>> after_;
  std::uint64_t last_after_ = 0;
  bool is_stopping_ = false;
  std::function<void()> stopped_;
  std::size_t next_index_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for what was posted
  EventLoop::TimerId timer_ = 0;
};

}  // namespace lumen::host
