#include "host/client_port.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace lumen::host {

// NOLINTNEXTLINE(readability-function-size): see the header
ClientPort::ClientPort(std::uint8_t session, const net::UdpSocket& socket, stream::VideoSender& sender,
                       SessionPort& link, StateBoard& board, ClientEvents events, Logger& log,
                       stream::SoundSender* sound)
    : session_{session},
      socket_{socket},
      sender_{sender},
      sound_{sound},
      link_{link},
      board_{board},
      events_{std::move(events)},
      log_{log},
      pads_{link} {}

ClientPort::~ClientPort() {
  MutexLock lock{mutex_};
  if (secret_) crypto::wipe(*secret_);
}

void ClientPort::set_permissions(lumen1::control::Permissions permissions) {
  permissions_.store(permissions.mask(), std::memory_order_relaxed);
  pads_.permit(permissions.has(lumen1::control::Permission::gamepad));
  tell_pads(SteadyTime{}.now());
}

std::uint64_t ClientPort::admit(const std::optional<lumen1::Secret>& secret) {
  if (!secret) pads_.leave();
  MutexLock lock{mutex_};
  secret_ = secret;
  admits_ = secret.has_value();
  admission_changed_.store(true, std::memory_order_release);
  sender_.set_peer(std::nullopt);
  if (sound_ != nullptr) sound_->set_peer(std::nullopt);
  return ++admission_;
}

void ClientPort::take_admission() {
  MutexLock lock{mutex_};
  admission_changed_.store(false, std::memory_order_relaxed);
  receiver_.reset();
  wish_.reset();
  receiver_admission_ = admission_;
  left_ = false;
  if (!secret_) {
    if (!admits_) pads_.leave();  // what came of it since admit()
    return;
  }
  receiver_.emplace(session_, *secret_);
  crypto::wipe(*secret_);
  secret_.reset();
}

// lm-net may have been in the midst of a datagram when admit() shut its client out.
void ClientPort::tidy_pads(Timestamp now) {
  const auto is_alone = [this] {
    MutexLock lock{mutex_};
    return !admits_;
  };
  if (is_alone()) pads_.leave();
  pads_.tidy(now);
}

void ClientPort::on_datagram(const net::Endpoint& from, MutableBytes datagram, Timestamp now) {
  if (admission_changed_.load(std::memory_order_acquire)) take_admission();
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
      on_connected(from, now);
      on_messages(from, now);
      break;
    case core::HostReceiver::Heard::message:
      on_messages(from, now);
      break;
    case core::HostReceiver::Heard::microphone:
      on_microphone(now);
      break;
  }
}

void ClientPort::on_connected(const net::Endpoint& from, Timestamp now) {
  log_.info("client connected from {}", from.to_string());
  client_ = from;
  edges_ = {};
  voice_reader_ = lumen1::SoundReader{lumen1::Kind::microphone};
  voice_filter_ = {};
  wish_.reset();
  left_ = false;
  link_.send(InputEvent{ReleaseAll{}});  // whatever the client before it held
  pads_.begin(now);
  silent_.store(false, std::memory_order_relaxed);
  board_.update([](lumen1::HostState& state) {
    state.input_acknowledged = 0;
    if (state.state != lumen1::StreamState::ended) return;
    state.state = lumen1::StreamState::starting;  // why the session before ended is not this client's answer
    state.reason.clear();
  });
  counters_.connections.fetch_add(1, std::memory_order_relaxed);
  // Not where somebody was shut out in between: then this client is not to be sent anything.
  MutexLock lock{mutex_};
  if (admission_ != receiver_admission_) return;
  sender_.set_peer(stream::Peer{from, receiver_->take_send_keys()});
  if (sound_ != nullptr) sound_->set_peer(stream::Peer{from, receiver_->take_sound_keys()});
}

void ClientPort::on_messages(const net::Endpoint& from, Timestamp now) {
  counters_.last_heard_ns.store(to_ns(now), std::memory_order_relaxed);
  if (receiver_->is_newest() && !(client_ == from)) {
    log_.info("client moved to {}", from.to_string());
    client_ = from;
    sender_.move_peer(from);
    if (sound_ != nullptr) sound_->move_peer(from);
  }
  if (receiver_->is_malformed()) counters_.malformed.fetch_add(1, std::memory_order_relaxed);
  for (const auto& message : receiver_->messages()) {
    std::visit([this](const auto& known) { handle(known); }, message);
  }
  pads_.tidy(now);
  tell_pads(now);
}

// Twice what the shortest packets need: a client that sends more would cost its session the time for it.
bool ClientPort::may_speak(Timestamp now) {
  constexpr std::uint32_t kMostPerSecond = 400;
  if (now - voice_second_ >= std::chrono::seconds{1}) {
    voice_second_ = now;
    voice_packets_ = 0;
  }
  return ++voice_packets_ <= kMostPerSecond;
}

// The session gets each packet once, however many copies came.
void ClientPort::on_microphone(Timestamp now) {
  if (silent_.load(std::memory_order_relaxed)) return;
  if (!permissions().has(lumen1::control::Permission::microphone)) {
    counters_.not_permitted.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const auto datagram = voice_reader_.read(receiver_->microphone());
  if (!datagram) return;
  if (datagram->begins_stream) voice_filter_ = {};
  link::VoicePacket voice{.stream = datagram->body.stream, .packet_ms = datagram->body.format.packet_ms};
  for (std::size_t i = 0; i < datagram->body.count; ++i) {
    const auto packet = datagram->body.packets[i];
    voice.number = datagram->newest - i;
    if (packet.size() > voice.bytes.size() || !voice_filter_.is_new(voice.number) || !may_speak(now))
      continue;
    voice.is_copy = i > 0;
    voice.size = static_cast<std::uint16_t>(packet.size());
    std::ranges::copy(packet, voice.bytes.begin());
    if (link_.send(voice)) counters_.voice_packets.fetch_add(1, std::memory_order_relaxed);
  }
}

void ClientPort::handle(const lumen1::ClientState& state) {
  counters_.round_trip_us.store(state.round_trip_us, std::memory_order_relaxed);
  sender_.set_round_trip(std::chrono::microseconds{state.round_trip_us});
  board_.update([&state](lumen1::HostState& board) { board.pong = state.ping; });
  sender_.send_message(board_.compose());
  left_ = false;
  const bool back = silent_.exchange(false, std::memory_order_relaxed);
  if (back || !wish_ || wish_->mode != state.mode || wish_->pointer_drawn != state.pointer_drawn) {
    wish_ = state;
    events_.on_wish(state, receiver_admission_);
  }
}

void ClientPort::handle(const lumen1::Feedback& feedback) {
  counters_.reported_expected.fetch_add(feedback.loss.expected, std::memory_order_relaxed);
  counters_.reported_lost.fetch_add(feedback.loss.lost, std::memory_order_relaxed);
  if (sound_ != nullptr) {
    sender_.set_reserve(sound_->stats().wire_kbps.load(std::memory_order_relaxed));
    sound_->report(feedback);
  }
  sender_.report(feedback);
}

void ClientPort::handle(const lumen1::AskShards& ask) { sender_.ask(ask); }

void ClientPort::handle(const lumen1::AskRecovery& ask) { sender_.broken(ask.broken_frame); }

void ClientPort::handle(const lumen1::ClientInput& input) {
  if (silent_.load(std::memory_order_relaxed)) return;  // it cannot see what it does
  if (!edges_.expects(input)) return;
  if (!may_send(permissions(), input.event)) {
    counters_.not_permitted.fetch_add(1, std::memory_order_relaxed);
  } else if (link_.send(input.event)) {
    counters_.input_events.fetch_add(1, std::memory_order_relaxed);
    if (std::holds_alternative<ReleaseAll>(input.event)) pads_.release();
  } else if (input.sequence != 0) {
    return;  // an edge that the session could not take is not acknowledged: the client sends it again
  }
  took(input);
}

template <class Input>
void ClientPort::took(const Input& input) {
  const auto before = edges_.acknowledged();
  edges_.took(input);
  const auto acknowledged = edges_.acknowledged();
  if (acknowledged == before) return;
  board_.update([acknowledged](lumen1::HostState& state) { state.input_acknowledged = acknowledged; });
  sender_.send_message(board_.compose());
}

void ClientPort::handle(const lumen1::ClientPad& pad) {
  if (left_ || silent_.load(std::memory_order_relaxed) || !edges_.expects(pad)) return;
  switch (pads_.take(pad.event)) {
    case PadDesk::Taken::delivered:
      counters_.input_events.fetch_add(1, std::memory_order_relaxed);
      break;
    case PadDesk::Taken::not_permitted:
      counters_.not_permitted.fetch_add(1, std::memory_order_relaxed);
      break;
    case PadDesk::Taken::no_room:
      return;  // motion is superseded, an edge comes again
  }
  took(pad);
}

void ClientPort::feed_back(const PadFeedback& feedback) {
  pads_.feed_back(feedback);
  tell_pads(SteadyTime{}.now());
}

void ClientPort::tell_pads(Timestamp now) {
  if (auto word = pads_.next_word(now); !word.empty()) sender_.send_pad_word(std::move(word));
}

void ClientPort::handle(const lumen1::Goodbye&) {
  left_ = true;
  pads_.leave();
  if (!wish_) return;
  wish_.reset();
  events_.on_goodbye(receiver_admission_);
}

}  // namespace lumen::host
