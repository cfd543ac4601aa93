// client/gamestream: a GameStream session as the screens and figures see it.
#pragma once

#include <memory>
#include <stop_token>

#include "client/gamestream/game_backend.hpp"
#include "client/gamestream/game_connection.hpp"

namespace lumen::client {

// Blocks until the stream stands. Fails as GameConnection::find_app() and GameStreamSession::start(). `log`
// and `outputs` outlive the stream.
Result<std::unique_ptr<ClientStream>> start_game_stream(GameConnection& connection, const StreamRequest& wanted,
                                                        const StreamOutputs& outputs, const std::stop_token& stop,
                                                        Logger& log);

}  // namespace lumen::client
