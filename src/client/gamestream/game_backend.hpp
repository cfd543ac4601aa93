// client/gamestream: what the screens ask, of GameStream hosts. Work is done one piece after the other on a
// thread, lm-backend; a search runs beside it and ends when there is other work.
#pragma once

#include <memory>
#include <string>

#include "base/log.hpp"
#include "client/gamestream/host_book.hpp"
#include "client/shell/backend.hpp"
#include "net/mdns/browser.hpp"
#include "stream/receive/stream_outputs.hpp"

namespace lumen::client {

using stream::StreamOutputs;

struct GameBackendParams {
  HostBook book;
  StreamOutputs outputs;
  net::MdnsBrowse browse;
};

// Fails as create_host_fetch(). `log` outlives it.
Result<std::unique_ptr<Backend>> create_game_backend(GameBackendParams params, Logger& log);

}  // namespace lumen::client
