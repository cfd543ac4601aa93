// lumen/client: single questions to a network and to this machine, for `lumen-client doctor`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/units.hpp"
#include "media/frames.hpp"
#include "media/mode.hpp"
#include "net/udp.hpp"

namespace lumen::client {

enum class Reach : std::uint8_t {
  answers,
  refused,  // the machine is there, nobody listens
  silent,   // nothing came back in time
};

struct Reached {
  Reach reach = Reach::silent;
  Duration took{};  // to the answer
};

// Connects and hangs up.
Reached reach_tcp(const net::Endpoint& to, Duration timeout);
// Asks with a QUIC packet of a version that nobody speaks, which every QUIC server answers.
Reached reach_quic(const net::Endpoint& to, Duration timeout);

struct DecoderSpeed {
  std::string decoder;
  std::uint32_t pictures = 0;
  Duration p50{}, p95{};  // of one picture
};
// Decodes some moving pictures of that size, made here. Takes `budget` at most, and some more for the last
// picture. Fails as decoder and encoder do.
Result<DecoderSpeed> measure_decoder(Codec codec, const Mode& mode, Duration budget);

}  // namespace lumen::client
