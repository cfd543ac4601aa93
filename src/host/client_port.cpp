#include "host/client_port.hpp"

#include <utility>
#include <variant>

namespace lumen::host {

// NOLINTNEXTLINE(readability-function-size): see the header
ClientPort::ClientPort(std::uint8_t session, const net::UdpSocket& socket, stream::VideoSender& sender,
                       SessionPort& link, StateBoard& board, ClientEvents events, Logger& log)
    : session_{session},
      socket_{socket},
      sender_{sender},
      link_{link},
      board_{board},
      events_{std::move(events)},
      log_{log} {}

ClientPort::~ClientPort() {
  MutexLock lock{mutex_};
  if (secret_) crypto::wipe(*secret_);
}

void ClientPort::admit(const std::optional<lumen1::Secret>& secret) {
  {
    MutexLock lock{mutex_};
    secret_ = secret;
  }
  admission_changed_.store(true, std::memory_order_release);
}

void ClientPort::take_admission() {
  MutexLock lock{mutex_};
  receiver_.reset();
  wish_.reset();
  if (!secret_) return;
  receiver_.emplace(session_, *secret_);
  crypto::wipe(*secret_);
  secret_.reset();
}

void ClientPort::on_datagram(const net::Endpoint& from, MutableBytes datagram, Timestamp now) {
  if (admission_changed_.exchange(false, std::memory_order_acquire)) take_admission();
  if (!receiver_) {
    counters_.not_authentic.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  switch (receiver_->receive(datagram)) {
    case core::HostReceiver::Heard::foreign:
      counters_.malformed.fetch_add(1, std::memory_order_relaxed);
      break;
    case core::HostReceiver::Heard::refused:
      counters_.not_authentic.fetch_add(1, std::memory_order_relaxed);
      break;
    case core::HostReceiver::Heard::hello:
      socket_.send_one(from, receiver_->answer());
      break;
    case core::HostReceiver::Heard::connected:
      on_connected(from);
      on_messages(from, now);
      break;
    case core::HostReceiver::Heard::message:
      on_messages(from, now);
      break;
  }
}

void ClientPort::on_connected(const net::Endpoint& from) {
  log_.info("client connected from {}", from.to_string());
  client_ = from;
  edges_ = {};
  wish_.reset();
  link_.send(InputEvent{ReleaseAll{}});  // whatever the client before it held
  silent_.store(false, std::memory_order_relaxed);
  board_.update([](lumen1::HostState& state) {
    state.input_acknowledged = 0;
    if (state.state != lumen1::StreamState::ended) return;
    state.state = lumen1::StreamState::starting;  // why the session before ended is not this client's answer
    state.reason.clear();
  });
  counters_.connections.fetch_add(1, std::memory_order_relaxed);
  sender_.set_peer(stream::Peer{from, receiver_->take_send_keys()});
}

void ClientPort::on_messages(const net::Endpoint& from, Timestamp now) {
  counters_.last_heard_ns.store(to_ns(now), std::memory_order_relaxed);
  if (receiver_->is_newest() && !(client_ == from)) {
    log_.info("client moved to {}", from.to_string());
    client_ = from;
    sender_.move_peer(from);
  }
  if (receiver_->is_malformed()) counters_.malformed.fetch_add(1, std::memory_order_relaxed);
  for (const auto& message : receiver_->messages()) {
    std::visit([this](const auto& known) { handle(known); }, message);
  }
}

void ClientPort::handle(const lumen1::ClientState& state) {
  counters_.reported_expected.fetch_add(state.loss.expected, std::memory_order_relaxed);
  counters_.reported_lost.fetch_add(state.loss.lost, std::memory_order_relaxed);
  counters_.round_trip_us.store(state.round_trip_us, std::memory_order_relaxed);
  sender_.report(state.loss, std::chrono::microseconds{state.round_trip_us});
  board_.update([&state](lumen1::HostState& board) { board.pong = state.ping; });
  sender_.send_message(board_.compose());
  const bool back = silent_.exchange(false, std::memory_order_relaxed);
  if (back || !wish_ || wish_->mode != state.mode || wish_->pointer_drawn != state.pointer_drawn) {
    wish_ = state;
    events_.on_wish(state);
  }
}

void ClientPort::handle(const lumen1::AskRecovery& ask) { sender_.broken(ask.broken_frame); }

void ClientPort::handle(const lumen1::ClientInput& input) {
  if (silent_.load(std::memory_order_relaxed)) return;  // it cannot see what it does
  if (!edges_.expects(input)) return;
  if (!may_send(permissions_.load(std::memory_order_relaxed), input.event)) {
    counters_.not_permitted.fetch_add(1, std::memory_order_relaxed);
  } else if (link_.send(input.event)) {
    counters_.input_events.fetch_add(1, std::memory_order_relaxed);
  } else if (input.sequence != 0) {
    return;  // an edge that the session could not take is not acknowledged: the client sends it again
  }
  edges_.took(input);
  const auto acknowledged = edges_.acknowledged();
  board_.update([acknowledged](lumen1::HostState& state) { state.input_acknowledged = acknowledged; });
  if (input.sequence != 0) sender_.send_message(board_.compose());
}

void ClientPort::handle(const lumen1::Goodbye&) {
  if (!wish_) return;
  wish_.reset();
  events_.on_goodbye();
}

}  // namespace lumen::host
