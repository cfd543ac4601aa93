// lumen/core: one session's client end, whole: the host's datagrams and the user's input in; access units and
// datagrams to send out. Both halves in one object, for programs that give a session to one thread. Sans-I/O.
// Thread-safe: no.
#pragma once

#include "core/client_receiver.hpp"
#include "core/client_sender.hpp"

namespace lumen::core {

class ClientSession {
 public:
  // `codec` outlives this.
  ClientSession(const ClientReceiverParams& params, const ClientWish& wish, const fec::Leopard& codec);

  Result<ClientReceiver::Heard> receive(MutableBytes datagram, Timestamp now);
  // See ClientReceiver: pop(), take_missing(), not_decoded(), host_state(), set_wish().
  ClientReceiver& units() { return receiver_; }
  const ClientReceiver& units() const { return receiver_; }

  // What is to be sent to the host now; call until nullopt after receive(), pop() and at next_deadline().
  // Valid until the next call of this, seal_input() or seal_goodbye().
  Result<std::optional<ByteView>> next_datagram(Timestamp now);
  // Input as a datagram to be sent at once; nullopt: no connection, the host has not acknowledged the last
  // 256 edges, or the protocol carries no such input (lumen1::is_carried()).
  std::optional<ByteView> seal_input(const InputEvent& event) { return sender_.seal_input(event); }
  // New keys for what is sent from now on. False: no connection, or the host has not shown yet that it has
  // the present ones. Of two changes that it missed it would never learn.
  bool update_keys();
  // The last word; nobody repeats it, so send it some times.
  std::optional<ByteView> seal_goodbye();
  Timestamp next_deadline(Timestamp now) const;

 private:
  std::uint8_t session_;
  ClientReceiver receiver_;
  ClientSender sender_;
  std::optional<std::uint32_t> updated_at_ping_;  // the last one under the keys before
};

}  // namespace lumen::core
