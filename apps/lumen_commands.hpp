// lumen-client and hosts that speak lumen/1, from the command line.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "apps/client_options.hpp"
#include "base/result.hpp"
#include "client/shell/backend.hpp"

namespace lumen::apps {

// How a host is asked for.
enum class ProtocolChoice {
  automatic,   // lumen/1, else GameStream; only the latter where a port is named that is not lumen/1's
  lumen1,      // nothing else
  gamestream,  // nothing else
};

struct LumenPairing {
  std::string host, code;  // code: empty: asked for at a terminal, else somebody at the host is asked
};

// Each of these: nullopt when `host` does not speak lumen/1, and GameStream should be tried.

std::optional<Status> pair_lumen(const LumenPairing& pairing, ProtocolChoice choice,
                                 const std::stop_token& stop);
std::optional<Status> list_lumen(const std::string& host, ProtocolChoice choice, const std::stop_token& stop);
// Ends what this device runs there.
std::optional<Status> quit_lumen(const std::string& host, ProtocolChoice choice, const std::stop_token& stop);
// Pairs first where that is needed.
std::optional<int> stream_lumen(const PlainStream& wanted, ProtocolChoice choice);

// Hosts of lumen/1 that are paired, or announced on the network. Blocks while it looks.
Result<std::vector<client::HostEntry>> find_lumen_hosts(const std::stop_token& stop);

}  // namespace lumen::apps
