// gamestream/http: /launch and /resume (GameStream part 1, 9): parameters into a value, and the answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "crypto/certificate.hpp"
#include "crypto/digest.hpp"
#include "gamestream/http/address.hpp"
#include "gamestream/http/answer.hpp"
#include "gamestream/http/query.hpp"
#include "gamestream/http/server_info.hpp"

namespace lumen::gamestream {

enum class LaunchVerb : std::uint8_t { launch, resume };

using SessionKey = crypto::SecretBytes<crypto::kAes128KeyBytes>;  // `rikey`

struct SurroundAudio {
  std::uint16_t channel_mask = 0x3, channels = 2;  // 2, 6 or 8 channels
  bool operator==(const SurroundAudio&) const = default;
};

struct LaunchRequest {
  LaunchVerb verb = LaunchVerb::launch;
  crypto::Fingerprint client{};  // who asks
  IpAddress remote, local;       // the two ends of the HTTPS connection

  SessionKey key;
  std::uint32_t key_id = 0;         // `rikeyid`, its low 32 bits
  std::uint32_t app_id = 0;         // 1…kMaxAppId on launch; on resume what the client believes, may be 0
  std::optional<DisplayMode> mode;  // nullopt: the host's default
  bool may_change_display = false;  // `sops`
  bool hdr = false;
  std::optional<bool> play_on_host;  // always there on launch; nullopt on resume: as before
  SurroundAudio surround;
  std::uint32_t gamepads = 0;   // bit n: pad n is attached
  bool keep_gamepads = false;   // `gcpersist`
  bool encrypted_rtsp = false;  // `corever` >= 1
  std::string surround_layout;  // `surroundParams`: digits, or empty
  bool continuous_audio = false;
};

// 400 with the verb's element when a required parameter is missing or wrong, 404 when the application's
// number is none that an application can have. Optional parameters that do not parse count as absent.
// `client`, `remote` and `local` are left to the caller.
std::variant<LaunchRequest, Answer> parse_launch(LaunchVerb verb, const Query& query);

// `gamesession` or `resume` 0, and `status_code` (9.3).
Answer launch_refusal(LaunchVerb verb, std::int32_t status_code, std::string_view message);
// `url` as of session_url().
Answer launch_success(LaunchVerb verb, std::string_view url);

// `sessionUrl0`: rtspenc:// or rtsp://, `local` as a literal, the port (9.2).
std::string session_url(const IpAddress& local, std::uint16_t rtsp_port, bool encrypted);

}  // namespace lumen::gamestream
