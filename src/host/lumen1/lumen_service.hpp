// host/lumen1: what devices may ask of this host over their control connections, and what comes of it. Events
// of QUIC in; sessions, and words to the devices, out. Owner: lm-main.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "host/encoder_offer.hpp"
#include "host/lumen1/device_session.hpp"
#include "host/lumen1/lumen_store.hpp"
#include "lumen1/control/host_dialogue.hpp"
#include "net/quic/driver.hpp"

namespace lumen::host {

struct LumenServiceParams {
  std::string name;            // of this host, for people
  std::vector<AppEntry> apps;  // that devices can start
  std::string runtime_root;
  SlotSettings settings;
  std::uint32_t max_bitrate_kbps = 0;  // 0: as devices ask
  std::size_t max_sessions = 16;
  std::optional<PadModel> pad_model;  // what pads are shown as; none: what suits each
};

class LumenService {
 public:
  // All references outlive the service. Nothing is heard before start().
  LumenService(LumenServiceParams params, LumenStore& store, Host& host, EventLoop& loop, Logger& log);
  ~LumenService();
  LumenService(const LumenService&) = delete;
  LumenService& operator=(const LumenService&) = delete;

  Status start();
  // Ends every session and connection; `done` once what is to run after them has run.
  void stop(std::function<void()> done);
  void set_encoders(const EncoderOffer& offer) { encoders_ = offer; }

  lumen1::control::PairingDesk& desk() { return desk_; }
  const lumen1::control::DeviceBook& devices() const { return store_.devices(); }
  // To be called after each use of desk(), so that devices hear of it.
  void desk_changed();
  // How the last code that was shown ended; nothing while it is shown.
  std::optional<lumen1::control::CodeEnd> last_code_end() const { return last_code_end_; }
  // A change of the book; devices that are connected hear of it, and what they may not any more ends.
  Status change_devices(const std::function<Status(lumen1::control::DeviceBook&)>& change);

  struct SessionView {
    std::string device, app;
    bool watched = false;
    const StreamSession* stream = nullptr;
  };
  std::vector<SessionView> sessions() const;
  std::size_t connections() const { return connections_.size(); }
  net::QuicCounters counters() const { return driver_->endpoint().counters(); }

 private:
  struct Connection {
    net::QuicId id;
    crypto::Fingerprint device{};
    std::string address, name;
    std::unique_ptr<lumen1::control::HostDialogue> dialogue;
    std::optional<Timestamp> closes_by;  // its last words are on their way
    Timestamp check_at{};                // whether they have arrived
  };
  using Sessions = std::map<SessionKey, std::unique_ptr<DeviceSession>>;

  void on_quic(net::QuicEvent event);
  void handle(const net::QuicConnected& connected);
  void handle(const net::QuicBytes& bytes);
  void handle(const net::QuicMoved& moved);
  void handle(const net::QuicClosed& closed);

  void handle(Connection& from, const lumen1::control::HelloCame& hello);
  void handle(Connection& from, const lumen1::control::StoreDevice& device);
  void handle(Connection& from, const lumen1::control::WantsApps& wants);
  void handle(Connection& from, const lumen1::control::WantsOpen& wants);
  void handle(Connection& from, const lumen1::control::WantsChange& wants);
  void handle(Connection& from, const lumen1::control::WantsPause& wants);
  void handle(Connection& from, const lumen1::control::WantsResume& wants);
  void handle(Connection& from, const lumen1::control::WantsClose& wants);
  void handle(Connection& from, const lumen1::control::WantsEnd& wants);
  void handle(Connection& from, const lumen1::control::PermissionsNow& now);
  void handle(Connection& from, const lumen1::control::ClipboardCame& clipboard);
  void handle(Connection& from, const lumen1::control::ClientGone& gone);

  void make_room_for_stranger(const std::string& address);
  void end_sessions_of_outsiders();
  void settle();
  bool settle(Connection& connection);
  void close_spoken(Connection& connection);
  void arm();
  void tick();
  void follow_desk();

  lumen1::control::HostOffer offer_for(const Mode& mode) const;
  const AppEntry* find_app(std::uint32_t id) const;
  Result<DeviceSession*> session_for(const SessionKey& key, const AppEntry& app, const Connection& of,
                                     const Mode& mode);
  void attach(net::QuicId connection, const SessionKey& key, lumen1::control::RequestId request,
              const lumen1::control::Stream& stream);
  template <class What>
  void tell_clipboard(const SessionKey& key, const What& what);
  void tell_ended(const DeviceSession& session, lumen1::control::EndReason reason,
                  const std::string& text = {});
  void take_from_others(const DeviceSession& session, net::QuicId connection);
  Result<lumen1::Secret> media_secret(net::QuicId connection, std::uint8_t session,
                                      std::uint32_t open_count) const;
  Sessions::iterator watched_by(net::QuicId connection, std::uint8_t session);
  void leave_all(net::QuicId connection);
  bool send_pointer(net::QuicId connection, std::uint8_t session, const PointerPiece& piece);
  void end_session(Sessions::iterator session);
  void session_ended(const SessionKey& key, const std::string& reason);
  void check_silence();
  void tell_stopped();
  void post(std::function<void()> call);

  LumenServiceParams params_;
  LumenStore& store_;
  Host& host_;
  EventLoop& loop_;
  Logger& log_;
  EncoderOffer encoders_;
  lumen1::control::PairingDesk desk_;
  std::optional<lumen1::control::CodeEnd> last_code_end_;
  std::unique_ptr<net::QuicDriver> driver_;
  std::map<net::QuicId, Connection> connections_;
  Sessions sessions_;
  std::map<std::uint64_t, std::unique_ptr<CommandChain>> after_;
  std::uint64_t last_after_ = 0;
  std::size_t next_index_ = 0;
  bool is_stopping_ = false, settling_ = false;
  std::function<void()> stopped_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for what was posted
  EventLoop::TimerId timer_ = 0, silence_timer_ = 0;
};

}  // namespace lumen::host
