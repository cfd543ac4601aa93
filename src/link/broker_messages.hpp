// lumen/link: what a session process and lumen-inputd, the broker of pads, tell each other, one message a
// SOCK_SEQPACKET datagram. Encoded as link/messages.hpp; either end may be hostile to the other.
//
// The broker speaks of pads, never of reports or ioctls: whatever a client says, each byte that the kernel
// gets is one that the broker's own encoders made.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/wire.hpp"
#include "media/pad.hpp"

namespace lumen::link {

struct PadsNeutral {};  // nothing stays pressed on any pad
using ToBroker = std::variant<PadEvent, PadsNeutral>;

struct PadRefused {  // this pad will not be there
  std::uint8_t slot = 0;
  std::string reason;  // for people
};
using FromBroker = std::variant<PadFeedback, PadRefused>;

inline constexpr std::size_t kMaxBrokerMessageBytes = 512;

// Limits as in pad.hpp; a reason is clipped and arrives printable, as link/messages.hpp says. A message
// beyond them encodes to nothing.
std::vector<std::byte> encode(const ToBroker& message);
std::vector<std::byte> encode(const FromBroker& message);
Result<ToBroker> decode_to_broker(ByteView bytes);      // `link.malformed`
Result<FromBroker> decode_from_broker(ByteView bytes);  // `link.malformed`

// As send() and receive_*() in link/messages.hpp. No descriptor ever travels: one that comes is malformed.
Status send(int socket, const ToBroker& message);
Status send(int socket, const FromBroker& message);
Result<std::optional<ToBroker>> receive_to_broker(int socket);
Result<std::optional<FromBroker>> receive_from_broker(int socket);

}  // namespace lumen::link
