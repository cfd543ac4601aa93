// lumen/client: `lumen-client doctor`: what stands between this machine and a stream, one line each.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "client/gamestream/game_connection.hpp"
#include "client/shell/settings.hpp"

namespace lumen::client {

enum class Verdict : std::uint8_t {
  good,
  remark,  // works, but not as well as it could, or needs something first
  bad,     // does not work
};
struct ClientFinding {
  std::string subject;  // "port 47984"
  Verdict verdict = Verdict::good;
  std::string what, remedy;
};

struct ClientDoctorParams {
  std::string host;  // as a person writes it; empty: this machine alone
  std::string settings_path;
  std::string book_folder;
  Mode mode;                     // not valid: of the settings, else of the display, else 1080p60
  bool measure_decoders = true;  // takes some seconds
  bool look_at_devices = true;   // display, sound, pads; main thread
};

// Changes nothing but that the client's own identity is made where there is none. Blocks, up to about half a
// minute.
std::vector<ClientFinding> examine(const ClientDoctorParams& params, const std::stop_token& stop);

std::string to_text(const std::vector<ClientFinding>& findings);  // for people, a line or two each
std::string to_json(const std::vector<ClientFinding>& findings);
bool is_good(const std::vector<ClientFinding>& findings);  // nothing is bad

}  // namespace lumen::client
