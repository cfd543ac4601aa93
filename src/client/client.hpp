// lumen/client: composition root of lumen-client: receiver, decoder, window or nothing, checker, report.
// Owner: the main thread (SDL wants it).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/log.hpp"
#include "base/result.hpp"
#include "client/frame_checker.hpp"
#include "client/shell/client_stream.hpp"
#include "client/shell/settings.hpp"
#include "client/sound_meter.hpp"
#include "lumen1/connect_info.hpp"
#include "media/mode.hpp"
#include "media/pointer.hpp"
#include "stream/receive/stream_receiver.hpp"

namespace lumen::client {

struct ClientParams {
  lumen1::ConnectInfo connect;
  // Why what `connect` was opened by cannot go on, if it cannot: a control connection, say. May be empty.
  std::function<Status()> verdict;
  // What the pointer looks like, where it was agreed that it is this client's to draw; empty: it is not.
  std::function<std::shared_ptr<const PointerImage>(std::uint32_t image)> find_pointer_look;
  Mode mode;
  bool headless = false, fullscreen = false;
  bool sound = true;  // played; measured in any case
  bool microphone = false;
  bool check = false;  // the test scene is streaming: verify every frame
  std::optional<Duration> run_for;
  std::optional<Mode> then_mode;  // asked for after `then_after`
  Duration then_after{};
  double loss_percent = 0;
  std::uint64_t loss_seed = 1;
  std::string png_path;     // the last picture; empty: none
  std::string record_path;  // the access units; empty: none
  OverlayLevel statistics = OverlayLevel::off;
  bool progress = false;  // a line a second to standard error
};

struct ClientReport {
  CheckFacts facts;
  SoundFacts sound;
  stream::ReceiveStats receive;
  lumen1::HostState host;
  std::string figures;  // JSON: of all of the stream, and of each second
  Duration ran_for{};
  Duration since_last_frame{};  // from the last new frame to the end of the run
};

// Runs until the time is up, the window is closed, SIGINT/SIGTERM (block them first and pass a signalfd), or
// the stream ends. An error says why it could not go on; the report is complete either way.
struct ClientOutcome {
  ClientReport report;
  Status status;
};
ClientOutcome run_client(const ClientParams& params, int signal_fd, Logger& log);

// The report as JSON.
std::string to_json(const ClientReport& report);

}  // namespace lumen::client
