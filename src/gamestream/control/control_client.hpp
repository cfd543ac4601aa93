// lumen/gamestream/control: a session's control stream at the client (spec part 3). Sans-I/O.
// Owner: one thread. Thread-safe: no.
#pragma once

#include <array>

#include "base/units.hpp"
#include "gamestream/control/sealed_packet.hpp"

namespace lumen::gamestream::control {

class ControlClient {
 public:
  static constexpr Duration kPingInterval = std::chrono::milliseconds{100};

  // `key`: kKeyBytes bytes, `gamestream.control-key` otherwise.
  static Result<ControlClient> create(ByteView key);

  // The two messages that open a session, once the connection stands: a key frame is wanted; start.
  std::array<std::optional<SealedPacket>, 2> open();
  // On the channel and with the delivery of a stock client. nullopt as seal_message().
  std::optional<SealedPacket> seal(const ClientMessage& message);
  // A ping, when kPingInterval has passed since the last one.
  std::optional<SealedPacket> ping_if_due(Timestamp now);
  std::optional<Timestamp> next_ping() const { return next_ping_; }  // none before the first

  // nullopt: not authentic, or without sense. Decrypts in place.
  std::optional<HostMessage> receive(MutableBytes packet);

 private:
  ControlClient(Sealer sealer, Opener opener) : sealer_{std::move(sealer)}, opener_{std::move(opener)} {}
  Route route_of(const ClientMessage& message);

  Sealer sealer_;
  Opener opener_;
  std::optional<Timestamp> next_ping_;
  std::uint8_t pen_buttons_ = 0;
};

}  // namespace lumen::gamestream::control
