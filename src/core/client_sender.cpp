#include "core/client_sender.hpp"

#include <algorithm>

namespace lumen::core {
namespace {

constexpr std::size_t kMaxBody = lumen1::kMaxDatagramBytes - lumen1::kClearHeaderBytes - lumen1::kTagBytes;

}  // namespace

Status ClientSender::connect(const lumen1::DirectionKeys& keys, std::uint8_t session) {
  LUMEN_TRY(sealer_, lumen1::Sealer::create(keys, session));
  edges_ = {};
  return {};
}

std::optional<ByteView> ClientSender::seal(std::span<const lumen1::ClientMessage> messages) {
  body_.clear();
  for (const auto& message : messages) {
    if (!lumen1::append(body_, message, kMaxBody)) break;
  }
  append_edges();
  return seal_body();
}

std::optional<ByteView> ClientSender::seal_input(const InputEvent& event) {
  if (!lumen1::is_carried(event)) return std::nullopt;
  body_.clear();
  if (lumen1::is_motion(event)) {
    lumen1::append(body_, lumen1::ClientInput{0, event}, kMaxBody);
  } else if (!edges_.add(event)) {
    return std::nullopt;  // the host has not answered for 256 edges: it is gone, and releases all by itself
  }
  append_edges();
  return seal_body();
}

std::optional<ByteView> ClientSender::repeat_edges(Timestamp now) {
  if (edges_.waiting().empty() || now < next_repeat_) return std::nullopt;
  next_repeat_ = now + kEdgeInterval;
  body_.clear();
  append_edges();
  return seal_body();
}

std::optional<Timestamp> ClientSender::next_repeat() const {
  return edges_.waiting().empty() ? std::nullopt : std::optional{next_repeat_};
}

void ClientSender::append_edges() {
  for (const auto& edge : edges_.waiting()) {
    if (!lumen1::append(body_, lumen1::ClientMessage{edge}, kMaxBody)) return;
  }
}

std::optional<ByteView> ClientSender::seal_body() {
  if (!sealer_ || body_.empty()) return std::nullopt;
  datagram_.resize(lumen1::kClearHeaderBytes + body_.size() + lumen1::kTagBytes);
  std::ranges::copy(body_, datagram_.begin() + lumen1::kClearHeaderBytes);
  if (!sealer_->seal(lumen1::Kind::client_message, datagram_)) return std::nullopt;
  return datagram_;
}

}  // namespace lumen::core
