// lumen/host: what lumen-host status says of one lumen/1 session. Owner: lm-main.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "host/stream_session.hpp"

namespace lumen::host {

nlohmann::json session_json(const StreamSession& session);

}  // namespace lumen::host
