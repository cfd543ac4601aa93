// client/gamestream: what GameConnection asks with, over the network.
#pragma once

#include "client/gamestream/game_connection.hpp"

namespace lumen::client {

// Shows `identity` to hosts over TLS. Fails as HttpClient::create(). What it returns is thread-safe; it fails
// as HttpClient::get() and with `client.http-status` for an HTTP status that is an error.
Result<HostFetch> create_host_fetch(const crypto::Identity& identity);

}  // namespace lumen::client
