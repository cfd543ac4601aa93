#include "core/host_session.hpp"

#include <utility>
#include <variant>

namespace lumen::core {
namespace {

constexpr std::size_t kMaxBody = lumen1::kMaxDatagramBytes - lumen1::kClearHeaderBytes - lumen1::kTagBytes;

}  // namespace

HostSession::HostSession(const HostSessionParams& params, const fec::Leopard& codec)
    : receiver_{params.sender.session, params.secret, params.ciphers}, sender_{params.sender, codec} {}

Result<HostSession::Accepted> HostSession::receive(MutableBytes datagram, Timestamp now) {
  connected_ = left_ = wish_changed_ = reply_due_ = false;
  inputs_.clear();
  switch (receiver_.receive(datagram)) {
    case HostReceiver::Heard::foreign:
      ++stats_.foreign;
      return Accepted::no;
    case HostReceiver::Heard::refused:
    case HostReceiver::Heard::microphone:  // nobody takes it here
      ++stats_.refused;
      return Accepted::no;
    case HostReceiver::Heard::hello:
      reply_due_ = true;
      return Accepted::yes;
    case HostReceiver::Heard::connected: {
      LUMEN_CHECK_OK(on_connected(now));
      break;
    }
    case HostReceiver::Heard::message:
      break;
  }
  if (receiver_.is_malformed()) ++stats_.malformed;
  for (const auto& message : receiver_.messages()) {
    std::visit([this, now](const auto& known) { handle(known, now); }, message);
  }
  return receiver_.is_newest() ? Accepted::newest : Accepted::yes;
}

Status HostSession::on_connected(Timestamp now) {
  edges_ = {};
  goodbye_due_ = false;  // it was for somebody else
  state_.input_acknowledged = 0;
  wish_.reset();
  connected_ = true;
  ++stats_.connections;
  stats_.round_trip = {};
  inputs_.emplace_back(ReleaseAll{});  // whatever the client before it held
  return sender_.connect(receiver_.take_send_keys(), now);
}

void HostSession::handle(const lumen1::ClientState& state, Timestamp now) {
  const std::chrono::microseconds round_trip{state.round_trip_us};
  stats_.round_trip = round_trip;
  sender_.set_round_trip(round_trip, now);
  if (!receiver_.is_newest()) return;  // overtaken: its losses count, its wish is an old one
  state_.pong = state.ping;
  state_due_ = true;
  wish_changed_ =
      wish_changed_ || !wish_ || wish_->mode != state.mode || wish_->pointer_drawn != state.pointer_drawn;
  wish_ = state;
}

void HostSession::handle(const lumen1::Feedback& feedback, Timestamp now) {
  stats_.reported_expected += feedback.loss.expected;
  stats_.reported_lost += feedback.loss.lost;
  sender_.report(feedback, now);
  mark_due_ = true;
}

void HostSession::handle(const lumen1::AskShards& ask, Timestamp now) { sender_.ask(ask, now); }

void HostSession::handle(const lumen1::AskRecovery& ask, Timestamp now) {
  if (const auto frame = unwrap_sent(ask.broken_frame, sender_.last_frame())) sender_.broken(*frame, now);
}

void HostSession::handle(const lumen1::ClientInput& input, Timestamp) {
  if (!edges_.expects(input)) return;
  // A place that the pointer has left meanwhile. Steps are never too late.
  if (std::holds_alternative<PointerMoveTo>(input.event) && !receiver_.is_newest()) return;
  edges_.took(input);
  inputs_.push_back(input.event);
  ++stats_.input_events;
  state_.input_acknowledged = edges_.acknowledged();
  if (input.sequence != 0) state_due_ = true;
}

// Pads are not for this interface. Their edges are in one row with those of keys, which must not wait for
// them.
void HostSession::handle(const lumen1::ClientPad& pad, Timestamp) {
  if (!edges_.expects(pad)) return;
  edges_.took(pad);
  state_.input_acknowledged = edges_.acknowledged();
  if (pad.motion == 0) state_due_ = true;
}
void HostSession::handle(const lumen1::PadWordHeard&, Timestamp) {}

void HostSession::handle(const lumen1::Goodbye&, Timestamp) {
  left_ = true;
  wish_.reset();
}

void HostSession::say(const lumen1::HostState& state) {
  const auto pong = state_.pong, acknowledged = state_.input_acknowledged;
  state_ = state;
  state_.pong = pong;
  state_.input_acknowledged = acknowledged;
  state_due_ = true;
}

std::optional<Train> HostSession::seal(const lumen1::HostMessage& message, Timestamp now) {
  body_.clear();
  if (!lumen1::append(body_, message, kMaxBody)) return std::nullopt;
  const auto datagram = sender_.seal_message(body_);
  if (!datagram) return std::nullopt;
  return Train{*datagram, datagram->size(), 1, now};
}

std::optional<HostSession::Outgoing> HostSession::next(Timestamp now) {
  if (std::exchange(reply_due_, false)) {
    const auto answer = receiver_.answer();
    return Outgoing{{answer, answer.size(), 1, now}, true};
  }
  if (sender_.is_connected() && std::exchange(state_due_, false)) {
    if (const auto train = seal(state_, now)) return Outgoing{*train};
  }
  if (sender_.is_connected() && std::exchange(mark_due_, false)) {
    if (const auto train = seal(sender_.mark(), now)) return Outgoing{*train};
  }
  if (sender_.is_connected() && std::exchange(goodbye_due_, false)) {
    if (const auto train = seal(lumen1::Goodbye{}, now)) return Outgoing{*train};
  }
  if (const auto train = sender_.next_train(now)) return Outgoing{*train};
  return std::nullopt;
}

HostSessionStats HostSession::stats() const {
  auto stats = stats_;
  stats.sender = sender_.stats();
  return stats;
}

}  // namespace lumen::core
