#include "core/client_sender.hpp"

#include <algorithm>

namespace lumen::core {
namespace {

constexpr std::size_t kMaxBody = lumen1::kMaxDatagramBytes - lumen1::kClearHeaderBytes - lumen1::kTagBytes;

}  // namespace

Status ClientSender::connect(const lumen1::DirectionKeys& keys, std::uint8_t session) {
  LUMEN_TRY(sealer_, lumen1::Sealer::create(keys, session));
  edges_ = {};
  next_repeat_ = {};
  pad_motion_ = 0;
  pads_missed_ = true;
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

std::optional<ByteView> ClientSender::seal_pad(const PadEvent& event, Timestamp now) {
  const auto as = pads_.take(event, now);
  if (!sealer_ || as == lumen1::PadTeller::As::nothing) return std::nullopt;
  body_.clear();
  if (as == lumen1::PadTeller::As::edge) add_pad_edge(event);
  append_edges();
  if (as == lumen1::PadTeller::As::motion && !pads_missed_)
    lumen1::append(body_, lumen1::ClientPad{edges_.last(), ++pad_motion_, event}, kMaxBody);
  return seal_body();
}

// One that finds no room makes all of them be told once there is.
void ClientSender::add_pad_edge(const PadEvent& event) { pads_missed_ = pads_missed_ || !edges_.add(event); }

void ClientSender::catch_up_pads(Timestamp now) {
  if (!sealer_) return;
  pad_events_.clear();
  if (pads_missed_) {
    if (edges_.room() < lumen1::PadTeller::kMostEvents) return;
    pads_missed_ = false;
    pads_.append_all(pad_events_);
  } else {
    pads_.settle(now, pad_events_);
  }
  if (pad_events_.empty()) return;
  for (const auto& event : pad_events_) add_pad_edge(event);
  next_repeat_ = now;
}

std::optional<ByteView> ClientSender::repeat_edges(Timestamp now) {
  catch_up_pads(now);
  if (edges_.waiting().empty() || now < next_repeat_) return std::nullopt;
  next_repeat_ = now + kEdgeInterval;
  body_.clear();
  append_edges();
  return seal_body();
}

std::optional<Timestamp> ClientSender::next_repeat() const {
  const auto settles = pads_.next_settle();
  if (edges_.waiting().empty() && !pads_missed_) return settles;
  return settles ? std::min(*settles, next_repeat_) : next_repeat_;
}

void ClientSender::append_edges() {
  for (const auto& edge : edges_.waiting()) {
    const auto message = std::visit([](const auto& each) -> lumen1::ClientMessage { return each; }, edge);
    if (!lumen1::append(body_, message, kMaxBody)) return;
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
