// lumen/gamestream/control: one packet for the ENet connection, and how it travels (spec part 3, section 6).
#pragma once

#include "gamestream/control/envelope.hpp"
#include "gamestream/control/messages.hpp"

namespace lumen::gamestream::control {

enum class Delivery : std::uint8_t {
  reliable,
  unreliable,   // in sequence: one that is overtaken on its channel is dropped
  unsequenced,  // neither
};

struct Route {
  std::uint8_t channel = 0;
  Delivery delivery = Delivery::reliable;
  bool operator==(const Route&) const = default;
};

class SealedPacket {
 public:
  ByteView bytes() const { return ByteView{buffer_}.first(size_); }
  Route route;

 private:
  template <class Message>
  friend std::optional<SealedPacket> seal_message(Sealer& sealer, const Message& message, Route route);
  std::array<std::byte, kEnvelopeBytes + kMessageHeaderBytes + kMaxMessageBytes> buffer_;
  std::size_t size_ = 0;
};

// nullopt: the sequence numbers are used up, or the message does not fit (none of Lumen's own).
template <class Message>
std::optional<SealedPacket> seal_message(Sealer& sealer, const Message& message, Route route) {
  std::array<std::byte, kMaxMessageBytes> payload;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  ByteWriter writer{payload};
  write_payload(message, writer);
  if (!writer.ok()) return std::nullopt;
  SealedPacket packet;
  packet.route = route;
  const auto sealed = sealer.seal(type_of(message), writer.written(), packet.buffer_);
  if (!sealed) return std::nullopt;
  packet.size_ = sealed->size();
  return packet;
}

}  // namespace lumen::gamestream::control
