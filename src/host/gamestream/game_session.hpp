// host/gamestream: an application that runs for one client, with its own desktop, whether or not the client
// watches. Destroying it ends both. Owner: lm-main.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gamestream/control/input_host.hpp"
#include "gamestream/rtsp/stream.hpp"
#include "host/app_run.hpp"
#include "host/command_chain.hpp"
#include "host/gamestream/pipes.hpp"
#include "host/session_slot.hpp"

namespace lumen::host {

struct GameSessionParams {
  AppEntry app;
  std::string client_name;
  Mode mode;                // as launched
  std::string runtime_dir;  // of this session, below the runtime root
  SlotSettings settings;
  std::function<void()> on_ready;  // a session process of it shows something: its first, or another later
  std::function<void(const PadFeedback&)> on_pad_feedback;
};

class GameSession {
 public:
  using Done = std::function<void(const Status&)>;  // never from inside the call; may not destroy the session
  // `on_ended`: the desktop is over for good, and why; the owner destroys the session later.
  GameSession(GameSessionParams params, net::UdpSocket& video, net::UdpSocket& audio, EventLoop& loop,
              Logger& log, std::function<void(const std::string&)> on_ended);
  ~GameSession();
  GameSession(const GameSession&) = delete;
  GameSession& operator=(const GameSession&) = delete;

  // The commands to run before, then the desktop with the application. `app.before` when one of them fails.
  void start(Done done);
  // Makes picture and sound as agreed. `done` when the encoder is ready, or with why it will not be:
  // `session.ended`, `session.slow`. A second call answers the first one with `session.replaced`.
  void announce(const gamestream::rtsp::StreamAgreement& agreement, ByteView key, std::uint32_t key_id,
                Done done);
  // The client has left; the desktop stays.
  void client_gone();

  const std::shared_ptr<Pipes>& pipes() const { return pipes_; }
  const AppEntry& app() const { return params_.app; }
  const SessionSlot& slot() const { return *slot_; }
  const std::optional<gamestream::rtsp::StreamAgreement>& agreement() const { return agreement_; }
  const gamestream::control::DesktopInput& desktop_input() const { return desktop_input_; }
  const std::string& encoder() const { return encoder_; }
  const std::string& sound() const { return sound_; }  // why nothing is heard; empty: all is well
  const std::string& client_name() const { return params_.client_name; }
  // To run when it has ended; nothing to do when it is empty.
  ChainParams after() const;

 private:
  std::vector<std::string> environment() const;
  void on_state(SlotState state, const std::string& reason);
  void on_mode(const link::ModeChanged& mode);
  void answer(const Status& status);

  GameSessionParams params_;
  EventLoop& loop_;
  Logger& log_;
  std::function<void(const std::string&)> on_ended_;
  std::shared_ptr<Pipes> pipes_;
  std::unique_ptr<SessionSlot> slot_;
  std::unique_ptr<CommandChain> before_;
  std::optional<gamestream::rtsp::StreamAgreement> agreement_;
  gamestream::control::DesktopInput desktop_input_{};  // until the desktop says: everything
  Done announced_;
  EventLoop::TimerId slow_ = 0;
  std::string encoder_, sound_;
  std::uint32_t encoding_id_ = 0;  // of the newest announcement
};

}  // namespace lumen::host
