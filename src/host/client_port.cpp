#include "host/client_port.hpp"

#include <algorithm>
#include <type_traits>

namespace lumen::host {

// NOLINTNEXTLINE(readability-function-size): see the header
ClientPort::ClientPort(std::uint8_t session, const lumen1::Secret& secret, const net::UdpSocket& socket,
                       stream::VideoSender& sender, SessionPort& link, StateBoard& board, ClientEvents events,
                       Logger& log)
    : session_{session},
      secret_{secret},
      socket_{socket},
      sender_{sender},
      link_{link},
      board_{board},
      events_{std::move(events)},
      log_{log} {
  scratch_.reserve(64U << 10U);
}

void ClientPort::on_datagram(const lumen1::ClearHeader& header, const net::Endpoint& from,
                             MutableBytes datagram, Timestamp now) {
  if (header.kind == lumen1::Kind::hello) {
    on_hello(from, datagram);
    return;
  }
  if (header.kind != lumen1::Kind::client_message) {
    counters_.malformed.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  // Opening destroys what does not authenticate, so a second try needs a copy.
  if (pending_) scratch_.assign(datagram.begin(), datagram.end());
  if (current_ && open_and_handle(*current_, from, datagram, now)) return;
  if (pending_ && open_first_and_handle(from, now)) return;
  counters_.not_authentic.fetch_add(1, std::memory_order_relaxed);
}

bool ClientPort::open_first_and_handle(const net::Endpoint& from, Timestamp now) {
  const auto opened = pending_->opener.open(scratch_);
  if (!opened) return false;
  promote(from);
  current_->newest = opened->header.packet_number;
  counters_.last_heard_ns.store(to_ns(now), std::memory_order_relaxed);
  for (const auto& message : lumen1::decode_client_messages(opened->body).messages) {
    std::visit([this](const auto& known) { handle(known); }, message);
  }
  return true;
}

void ClientPort::on_hello(const net::Endpoint& from, MutableBytes datagram) {
  if (std::ranges::equal(datagram, last_hello_)) {  // our welcome was lost, or somebody replays it
    if (pending_) socket_.send_one(from, last_welcome_);
    return;
  }
  const std::vector<std::byte> hello{datagram.begin(), datagram.end()};
  lumen1::Random random{};
  if (!crypto::fill_random(random)) return;
  auto answer = lumen1::answer_hello(secret_, session_, random, datagram);
  if (!answer) {
    counters_.not_authentic.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  auto opener = lumen1::Opener::create(answer->keys.client_to_host);
  if (!opener) return;
  pending_.emplace(Connection{from, std::move(*opener), answer->keys.host_to_client});
  last_hello_ = hello;
  last_welcome_ = std::move(answer->welcome);
  socket_.send_one(from, last_welcome_);
}

void ClientPort::promote(const net::Endpoint& from) {
  log_.info("client connected from {}", from.to_string());
  current_ = std::move(pending_);
  pending_.reset();
  current_->endpoint = from;
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
  sender_.set_peer(stream::Peer{from, current_->send_keys});
}

bool ClientPort::open_and_handle(Connection& connection, const net::Endpoint& from, MutableBytes datagram,
                                 Timestamp now) {
  const auto opened = connection.opener.open(datagram);
  if (!opened) return false;
  counters_.last_heard_ns.store(to_ns(now), std::memory_order_relaxed);
  follow_address(connection, from, opened->header.packet_number);
  const auto decoded = lumen1::decode_client_messages(opened->body);
  if (decoded.malformed) counters_.malformed.fetch_add(1, std::memory_order_relaxed);
  for (const auto& message : decoded.messages) {
    std::visit([this](const auto& known) { handle(known); }, message);
  }
  return true;
}

// Only the newest authentic datagram moves the stream: an old one that was held back cannot.
void ClientPort::follow_address(Connection& connection, const net::Endpoint& from,
                                std::uint64_t packet_number) {
  if (packet_number < connection.newest) return;
  connection.newest = packet_number;
  if (connection.endpoint == from) return;
  log_.info("client moved to {}", from.to_string());
  connection.endpoint = from;
  sender_.move_peer(from);
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
  // An edge that the session could not take is not acknowledged: the client sends it again.
  if (!link_.send(input.event) && input.sequence != 0) return;
  edges_.took(input);
  counters_.input_events.fetch_add(1, std::memory_order_relaxed);
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
