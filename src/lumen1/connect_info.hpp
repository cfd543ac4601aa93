// lumen/lumen1: what a client of the same machine needs to reach a session: address, port and shared secret,
// as the text of a file with mode 0600. Pure: text in, value out. For test harnesses and the first run; a
// pairing replaces it for real clients.
//
//   lumen-connect 1
//   address 127.0.0.1
//   port 47986
//   session 0
//   secret 64 hexadecimal digits
#pragma once

#include <string>
#include <string_view>

#include "lumen1/handshake.hpp"

namespace lumen::lumen1 {

struct ConnectInfo {
  std::string address;
  std::uint16_t port = 0;
  std::uint8_t session = 0;
  Secret secret{};
};

std::string to_text(const ConnectInfo& info);
// `connect.malformed` when the text is not exactly the above (fields in any order, each once).
Result<ConnectInfo> parse_connect_info(std::string_view text);

}  // namespace lumen::lumen1
