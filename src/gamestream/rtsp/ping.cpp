#include "gamestream/rtsp/ping.hpp"

#include <algorithm>

namespace lumen::gamestream::rtsp {
namespace {

constexpr std::array kLegacy{std::byte{'P'}, std::byte{'I'}, std::byte{'N'}, std::byte{'G'}};

}  // namespace

std::optional<Ping> parse_ping(ByteView datagram) {
  if (std::ranges::equal(datagram, kLegacy)) return Ping{.legacy = true};
  ByteReader reader{datagram};
  const auto payload = reader.take(kPingPayloadBytes);
  Ping ping{.counter = reader.big<std::uint32_t>()};
  if (!reader.ok()) return std::nullopt;
  std::ranges::transform(payload, ping.payload.begin(), [](std::byte b) { return static_cast<char>(b); });
  return ping;
}

bool accepts(const PingExpectation& expected, const Ping& ping, bool from_rtsp_address) {
  if (ping.legacy) return !expected.session_ids && from_rtsp_address;
  return ping.payload == expected.payload;
}

std::array<std::byte, kPingBytes> write_ping(const PingPayload& payload, std::uint32_t counter) {
  std::array<std::byte, kPingBytes> datagram{};
  ByteWriter writer{datagram};
  writer.put(std::as_bytes(std::span{payload}));
  writer.big(counter);
  return datagram;
}

std::array<std::byte, 4> write_legacy_ping() { return kLegacy; }

}  // namespace lumen::gamestream::rtsp
