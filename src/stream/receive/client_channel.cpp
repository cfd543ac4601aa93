#include "stream/receive/client_channel.hpp"

#include <algorithm>

namespace lumen::stream {
namespace {

constexpr std::size_t kMaxBody = lumen1::kMaxDatagramBytes - lumen1::kClearHeaderBytes - lumen1::kTagBytes;

}  // namespace

Status ClientChannel::set_keys(const lumen1::DirectionKeys& keys, std::uint8_t session) {
  MutexLock lock{mutex_};
  LUMEN_TRY(sealer_, lumen1::Sealer::create(keys, session));
  edges_ = {};
  return {};
}

bool ClientChannel::connected() const {
  MutexLock lock{mutex_};
  return sealer_.has_value();
}

void ClientChannel::send(std::span<const lumen1::ClientMessage> messages) {
  MutexLock lock{mutex_};
  body_.clear();
  for (const auto& message : messages) {
    if (!lumen1::append(body_, message, kMaxBody)) break;
  }
  append_edges();
  seal_and_send();
}

void ClientChannel::send_input(const InputEvent& event) {
  MutexLock lock{mutex_};
  body_.clear();
  if (lumen1::is_motion(event)) {
    lumen1::append(body_, lumen1::ClientInput{0, event}, kMaxBody);
  } else if (!edges_.add(event)) {
    return;  // the host has not answered for 256 edges: it is gone, and releases all by itself
  }
  append_edges();
  seal_and_send();
}

void ClientChannel::edges_acknowledged(std::uint32_t sequence) {
  MutexLock lock{mutex_};
  edges_.acknowledged(sequence);
}

bool ClientChannel::repeat_edges() {
  MutexLock lock{mutex_};
  if (edges_.waiting().empty()) return false;
  body_.clear();
  append_edges();
  seal_and_send();
  return true;
}

void ClientChannel::append_edges() {
  for (const auto& edge : edges_.waiting()) {
    if (!lumen1::append(body_, lumen1::ClientMessage{edge}, kMaxBody)) return;
  }
}

void ClientChannel::seal_and_send() {
  if (!sealer_ || body_.empty()) return;
  datagram_.resize(lumen1::kClearHeaderBytes + body_.size() + lumen1::kTagBytes);
  std::ranges::copy(body_, datagram_.begin() + lumen1::kClearHeaderBytes);
  // A refused datagram is like a lost one: everything here is repeated or superseded.
  if (sealer_->seal(lumen1::Kind::client_message, datagram_)) socket_.send_one(host_, datagram_);
}

}  // namespace lumen::stream
