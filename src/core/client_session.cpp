#include "core/client_session.hpp"

#include <algorithm>
#include <array>

namespace lumen::core {

ClientSession::ClientSession(const ClientReceiverParams& params, const ClientWish& wish,
                             const fec::Leopard& codec)
    : session_{params.session}, receiver_{params, codec} {
  receiver_.set_wish(wish);
}

Result<ClientReceiver::Heard> ClientSession::receive(MutableBytes datagram, Timestamp now) {
  const auto heard = receiver_.receive(datagram, now);
  if (heard == ClientReceiver::Heard::connected) {
    updated_at_ping_.reset();
    LUMEN_CHECK_OK(sender_.connect(receiver_.take_send_keys(), session_));
  }
  if (heard == ClientReceiver::Heard::message && receiver_.host_state()) {
    sender_.edges_acknowledged(receiver_.host_state()->input_acknowledged);
  }
  return heard;
}

Result<std::optional<ByteView>> ClientSession::next_datagram(Timestamp now) {
  LUMEN_TRY(const auto hello, receiver_.next_hello(now));
  if (hello) return hello;
  if (const auto message = receiver_.next_message(now)) {
    const std::array messages{*message};
    return sender_.seal(messages);
  }
  return sender_.repeat_edges(now);
}

bool ClientSession::update_keys() {
  if (updated_at_ping_ && receiver_.last_pong() <= *updated_at_ping_) return false;
  if (!sender_.update_keys()) return false;
  updated_at_ping_ = receiver_.last_ping();
  return true;
}

std::optional<ByteView> ClientSession::seal_goodbye() {
  const std::array<lumen1::ClientMessage, 1> goodbye{lumen1::Goodbye{}};
  return sender_.seal(goodbye);
}

Timestamp ClientSession::next_deadline(Timestamp now) const {
  const auto deadline = receiver_.next_deadline(now);
  const auto repeat = sender_.next_repeat();
  return repeat ? std::min(deadline, *repeat) : deadline;
}

}  // namespace lumen::core
