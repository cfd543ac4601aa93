// gamestream/http: the client's end of the HTTP API (GameStream part 1, 20): what hosts answer, as values,
// and the target of a launch. Hostile bytes from a host, lenient where hosts differ. Pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "gamestream/http/launch_request.hpp"
#include "gamestream/http/server_info.hpp"

namespace lumen::gamestream {

struct ServerInfo {
  std::string hostname, unique_id;
  std::array<std::int32_t, 4> app_version{};  // the fourth is negative for hosts of Sunshine's kind
  std::uint16_t https_port = 47984;
  std::uint32_t codec_mode_support = 1;  // 5.3
  bool hevc = false;                     // whether MaxLumaPixelsHEVC allows it
  bool paired = false;
  std::uint32_t current_app = 0;  // 0 unless the host says that it is busy
};

// All three fail with `gamestream.host-answer` when a needed element is missing or wrong, with
// `gamestream.host-refused` and the host's words when its status is not 200, with `gamestream.not-paired`
// when that is 401, and as read_xml().
Result<ServerInfo> read_server_info(std::string_view body);
// Entries without a number or title are left out, as other clients do.
Result<std::vector<App>> read_app_list(std::string_view body);

struct LaunchGrant {
  bool encrypted_rtsp = false;
  std::uint16_t rtsp_port = 48010;  // on the address in use; the one in the answer does not matter
};
// Refused as well when the verb's element is 0.
Result<LaunchGrant> read_launch_answer(LaunchVerb verb, std::string_view body);

// "/launch?…" or "/resume?…" with what `request` says; `client`, `remote` and `local` do not matter. Holds
// the key: do not log it, wipe it.
std::string launch_target(const LaunchRequest& request, std::string_view unique_id);

}  // namespace lumen::gamestream
