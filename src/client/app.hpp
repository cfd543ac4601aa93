// lumen/client: composition root of lumen-client with its screens: the list of computers, pairing, the stream
// with figures over it, settings. Owner: the main thread (SDL wants it).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "client/gamestream/game_backend.hpp"
#include "client/shell/settings.hpp"

namespace lumen::client {

// Makes the backend of one protocol; all of it outlives the streams that it starts.
using MakeBackend =
    std::function<Result<std::unique_ptr<Backend>>(const StreamOutputs& outputs, Logger& log)>;

struct AppParams {
  Settings settings;
  std::string settings_path;  // where changes are kept
  // In the order in which they are tried for an address that a person names. One that cannot be made is left
  // out and logged.
  std::vector<MakeBackend> backends;
  std::optional<bool> fullscreen;  // for this run alone; none: as the settings say
  std::string host, app;           // shown at once; empty: the list of computers
  std::string record_path;         // the access units of the first stream; empty: none
};

// Runs until the person quits, or a signal comes by `signal_fd` (block it first and pass a signalfd). Fails
// when no window or no backend can be made, or when `host` is no address.
Status run_app(AppParams params, int signal_fd, Logger& log);

}  // namespace lumen::client
