// lumen/client: composition root of `lumen-client stream`: a GameStream host's picture and sound in a window,
// or measured without one. Owner: the main thread (SDL wants it).
#pragma once

#include <optional>
#include <string>

#include "base/log.hpp"
#include "base/result.hpp"
#include "client/frame_checker.hpp"
#include "client/gamestream/game_stream_session.hpp"
#include "client/shell/settings.hpp"
#include "client/sound_meter.hpp"

namespace lumen::client {

struct GameClientParams {
  HostAddress host;
  std::string app;  // name or number; empty: what runs, else the desktop
  Mode mode;
  std::optional<Codec> codec;        // nullopt: the best that both know
  std::uint32_t bitrate_kbps = 0;    // 0: from the mode
  std::uint32_t audio_channels = 2;  // 2, 6, 8; 0: none
  bool headless = false, fullscreen = false;
  bool check = false;  // the test scene is streaming: verify every frame
  std::optional<Duration> run_for;
  double loss_percent = 0;
  std::uint64_t loss_seed = 1;
  std::string png_path;     // the last picture; empty: none
  std::string record_path;  // the access units; empty: none
  OverlayLevel statistics = OverlayLevel::off;
  bool progress = false;  // a line a second to standard error
};

struct GameClientReport {
  std::string app, codec;
  Mode mode;
  bool resumed = false;
  CheckFacts facts;
  SoundFacts sound;
  GameStreamStats stream;
  std::string figures;         // JSON: of all of the stream, and of each second
  Duration time_to_picture{};  // from the first request to the first picture
  Duration since_last_frame{};
  Duration ran_for{};  // streaming
};

struct GameClientOutcome {
  GameClientReport report;
  Status status;
};

// Runs until the time is up, the window is closed, SIGINT or SIGTERM (block them first and pass a signalfd),
// or the stream ends. An error says why it could not go on; the report is complete either way. `book`
// outlives it.
GameClientOutcome run_game_client(const GameClientParams& params, HostBook& book, int signal_fd, Logger& log);

// The report as JSON.
std::string to_json(const GameClientReport& report);

}  // namespace lumen::client
