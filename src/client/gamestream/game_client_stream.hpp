// client/gamestream: a GameStream session as the screens and figures see it.
#pragma once

#include <memory>
#include <stop_token>
#include <utility>

#include "client/gamestream/game_backend.hpp"
#include "client/gamestream/game_connection.hpp"
#include "client/gamestream/game_stream_session.hpp"

namespace lumen::client {

// What only the command line asks for.
struct GameStreamExtras {
  std::uint32_t audio_channels = 2;  // 2, 6 or 8, if there is to be sound
  double loss_percent = 0;           // injected
  std::uint64_t loss_seed = 1;
};

StreamCounters to_counters(const GameStreamStats& stats);

class GameClientStream final : public ClientStream {
 public:
  // Blocks until the stream stands. Fails as GameConnection::find_app() and GameStreamSession::start(). `log`
  // and `outputs` outlive the stream.
  static Result<std::unique_ptr<GameClientStream>> start(GameConnection& connection,
                                                         const StreamRequest& wanted,
                                                         const GameStreamExtras& extras,
                                                         const StreamOutputs& outputs,
                                                         const std::stop_token& stop, Logger& log);

  void send_input(const InputEvent& event) override { session_->send_input(event); }
  void send_pad(const PadEvent& event) override { session_->send_pad(event); }
  std::optional<PadFeedback> take_feedback() override;
  StreamCounters counters() const override { return to_counters(session_->stats()); }
  StreamFacts facts() const override;
  std::string notice() const override { return {}; }
  Status verdict() const override;

  const GameStreamSession& session() const { return *session_; }

 private:
  class Told;
  GameClientStream(StreamFacts facts, std::shared_ptr<Told> told, std::unique_ptr<GameStreamSession> session);

  const StreamFacts facts_;
  std::shared_ptr<Told> told_;
  std::unique_ptr<GameStreamSession> session_;
};

}  // namespace lumen::client
