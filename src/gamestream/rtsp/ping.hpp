// gamestream/rtsp: the datagrams by which a client shows a stream's address (GameStream part 1, 14.1; part 2,
// section 2). Pure functions.
//
//   20 bytes: X-SS-Ping-Payload (16), counter u32 BE from 1       4 bytes: "PING", of clients without ids
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/wire.hpp"

namespace lumen::gamestream::rtsp {

inline constexpr std::size_t kPingPayloadBytes = 16, kPingBytes = 20;
using PingPayload = std::array<char, kPingPayloadBytes>;  // printable

struct Ping {
  bool legacy = false;
  PingPayload payload{};      // zeros when legacy
  std::uint32_t counter = 0;  // zero when legacy
};

// nullopt: neither 4 bytes "PING" nor 20 bytes or more (bytes after the 20th are ignored).
std::optional<Ping> parse_ping(ByteView datagram);

// What a launch knows about its stream's pings.
struct PingExpectation {
  PingPayload payload{};
  bool session_ids = true;  // StreamAgreement::session_ids
};
// True when `ping` is for the launch. A legacy one counts only for clients that announced no session ids, and
// only when it came from the address that spoke RTSP.
bool accepts(const PingExpectation& expected, const Ping& ping, bool from_rtsp_address);

std::array<std::byte, kPingBytes> write_ping(const PingPayload& payload, std::uint32_t counter);
std::array<std::byte, 4> write_legacy_ping();

}  // namespace lumen::gamestream::rtsp
