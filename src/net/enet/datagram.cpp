#include "net/enet/datagram.hpp"

namespace lumen::net::enet {
namespace {

constexpr std::uint16_t kPeerMask = 0x0FFF, kCompressed = 0x4000, kHasSentTime = 0x8000;
constexpr std::uint16_t kNoPeer = 0x0FFF;
constexpr std::uint8_t kCommandMask = 0x0F;
constexpr std::size_t kConnectBytes = 48;

namespace command {
constexpr std::uint8_t kAcknowledge = 1, kConnect = 2, kVerifyConnect = 3, kDisconnect = 4, kPing = 5;
constexpr std::uint8_t kSendReliable = 6, kSendUnreliable = 7, kSendUnsequenced = 9;
constexpr std::uint8_t kBandwidthLimit = 10, kThrottleConfigure = 11;
}  // namespace command

Datagram examine_connect(ByteReader reader) {
  if (reader.remaining() != kConnectBytes) return {};
  if ((reader.big<std::uint8_t>() & kCommandMask) != command::kConnect) return {};
  reader.take(kConnectBytes - 1 - 8);
  const auto id = reader.little<std::uint32_t>();
  return {.kind = DatagramKind::connect, .connect_data = reader.big<std::uint32_t>(), .connect_id = id};
}

// Skips a message's length and bytes. False: impossible or not welcome.
bool skip_message(ByteReader& reader, std::size_t max_message_bytes) {
  const std::size_t length = reader.big<std::uint16_t>();
  reader.take(length);
  return reader.ok() && length > 0 && length <= max_message_bytes;
}

bool skip_command(ByteReader& reader, std::size_t max_message_bytes) {
  const auto number = static_cast<std::uint8_t>(reader.big<std::uint8_t>() & kCommandMask);
  reader.take(3);  // channel, sequence number
  switch (number) {
    case command::kPing:
      break;
    case command::kAcknowledge:
    case command::kDisconnect:
      reader.take(4);
      break;
    case command::kBandwidthLimit:
      reader.take(8);
      break;
    case command::kThrottleConfigure:
      reader.take(12);
      break;
    case command::kVerifyConnect:
      reader.take(40);
      break;
    case command::kSendReliable:
      return skip_message(reader, max_message_bytes);
    case command::kSendUnreliable:
    case command::kSendUnsequenced:
      reader.take(2);
      return skip_message(reader, max_message_bytes);
    default:
      return false;  // fragments, CONNECT, and what does not exist
  }
  return reader.ok();
}

}  // namespace

Datagram examine(ByteView bytes, std::size_t max_message_bytes) {
  ByteReader reader{bytes};
  const auto head = reader.big<std::uint16_t>();
  if ((head & kHasSentTime) != 0) reader.take(2);
  if (!reader.ok() || (head & kCompressed) != 0) return {};
  if ((head & kPeerMask) == kNoPeer) {
    return (head & kHasSentTime) != 0 ? examine_connect(reader) : Datagram{};
  }
  std::size_t commands = 0;
  while (reader.remaining() > 0) {
    if (++commands > kMaxCommands || !skip_command(reader, max_message_bytes)) return {};
  }
  return {.kind = commands > 0 ? DatagramKind::for_peer : DatagramKind::bad};
}

}  // namespace lumen::net::enet
