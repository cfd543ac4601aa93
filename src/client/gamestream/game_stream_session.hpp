// client/gamestream: one stream from a GameStream host, from the launch to the goodbye (GameStream part 1,
// 20): launch or resume over HTTPS, the RTSP dialogue with pings of sound from its middle on, the control
// connection, then the picture's pings and both streams on threads of their own.
//
// Threads: lm-control, lm-receive and lm-dec (picture), lm-audio (sound).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "client/gamestream/game_connection.hpp"
#include "client/gamestream/game_control.hpp"
#include "gamestream/rtsp/client.hpp"
#include "media/mode.hpp"
#include "stream/receive/game_audio_receiver.hpp"
#include "stream/receive/game_video_receiver.hpp"

namespace lumen::client {

struct GameStreamParams {
  gamestream::App app;
  Mode mode;
  std::uint32_t bitrate_kbps = 20'000;                                 // all of it, with parity and sound
  gamestream::rtsp::CodecModes codec_modes = gamestream::rtsp::kH264;  // what may come
  std::uint32_t audio_channels = 2;  // 2, 6 or 8; 0: sound is not listened to
  std::uint32_t slices = 1;          // of each picture, wanted
  gamestream::rtsp::EncryptionSet encryption = gamestream::rtsp::kEncryptAll;
  double loss_percent = 0;  // injected into picture and sound
  std::uint64_t loss_seed = 1;
  DecoderFactory make_decoder;
  std::function<void(const stream::DecodedPicture&)> on_picture;  // lm-dec
  std::function<void(const stream::DecodedSound&)> on_sound;      // lm-audio
  std::function<void(const PadFeedback&)> on_pad_feedback;        // lm-control; may be none
  // Any thread, perhaps more than once: the stream cannot go on. As GameControl::Events::on_ended, and
  // `decoder.unavailable`, ….
  std::function<void(const Error&)> on_failed;
};

struct GameStreamStats {
  stream::GameVideoStats video;
  stream::GameAudioStats audio;
  Duration round_trip{};  // of the control connection; zero: not known
};

class GameStreamSession {
 public:
  // Blocks until the control connection stands: the host's desktop may take a minute to start. On failure
  // nothing is left running but the application at the host. `connection` may be closed afterwards, `log`
  // outlives the session. Fails as GameConnection::launch(), RtspClient, GameControl and the transports do,
  // and with
  //   client.other-app-runs   the host has another application running for this client
  static Result<std::unique_ptr<GameStreamSession>> start(GameConnection& connection, GameStreamParams params,
                                                          const std::stop_token& stop, Logger& log);
  // Says goodbye; the application runs on at the host.
  ~GameStreamSession() = default;
  GameStreamSession(const GameStreamSession&) = delete;
  GameStreamSession& operator=(const GameStreamSession&) = delete;

  // Any thread.
  void send_input(const InputEvent& event) { control_->send_input(event); }
  void send_pad(const PadEvent& event) { control_->send_pad(event); }
  GameStreamStats stats() const;
  // What was settled; does not change.
  const gamestream::rtsp::ClientStream& stream() const { return stream_; }
  bool resumed() const { return resumed_; }
  // Why the picture does not come or go on, if it does not: `client.no-video`, `client.no-key-frame` once
  // ten seconds have passed (GameStream part 2, 11.8).
  Status video_verdict() const;

 private:
  struct Start;
  GameStreamSession() = default;

  gamestream::rtsp::ClientStream stream_;
  bool resumed_ = false;
  // The control connection goes last of all: it says goodbye, and the receivers report through it.
  std::unique_ptr<GameControl> control_;
  std::unique_ptr<stream::GameAudioReceiver> audio_;
  std::unique_ptr<stream::GameVideoReceiver> video_;
};

}  // namespace lumen::client
