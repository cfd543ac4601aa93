#include "stream/receive/client_channel.hpp"

namespace lumen::stream {

Status ClientChannel::set_keys(const lumen1::DirectionKeys& keys, std::uint8_t session) {
  MutexLock lock{mutex_};
  return sender_.connect(keys, session);
}

bool ClientChannel::connected() const {
  MutexLock lock{mutex_};
  return sender_.is_connected();
}

void ClientChannel::send(std::span<const lumen1::ClientMessage> messages) {
  MutexLock lock{mutex_};
  send_sealed(sender_.seal(messages));
}

void ClientChannel::send_input(const InputEvent& event) {
  MutexLock lock{mutex_};
  send_sealed(sender_.seal_input(event));
}

void ClientChannel::send_pad(const PadEvent& event, Timestamp now) {
  MutexLock lock{mutex_};
  send_sealed(sender_.seal_pad(event, now));
}

void ClientChannel::edges_acknowledged(std::uint32_t sequence) {
  MutexLock lock{mutex_};
  sender_.edges_acknowledged(sequence);
}

void ClientChannel::repeat_edges(Timestamp now) {
  MutexLock lock{mutex_};
  send_sealed(sender_.repeat_edges(now));
}

void ClientChannel::send_sealed(std::optional<ByteView> datagram) {
  // A refused datagram is like a lost one: everything here is repeated or superseded.
  if (datagram) socket_.send_one(host_, *datagram);
}

}  // namespace lumen::stream
