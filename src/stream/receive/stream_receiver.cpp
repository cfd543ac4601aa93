#include "stream/receive/stream_receiver.hpp"

#include <algorithm>
#include <array>

#include "base/priority.hpp"

namespace lumen::stream {
namespace {

using namespace std::chrono_literals;

constexpr Duration kHelloInterval = 200ms, kStateInterval = 100ms, kEdgeInterval = 20ms;
constexpr Duration kPingTimeout = 2s;
constexpr Duration kSilence = 5s;  // a host that says nothing for this long is asked again from the start

Timestamp now() { return SteadyTime{}.now(); }

}  // namespace

Result<std::unique_ptr<StreamReceiver>> StreamReceiver::create(ReceiverParams params, Logger& log) {
  LUMEN_TRY(const auto host, net::Endpoint::parse(params.connect.address, params.connect.port));
  const bool v6 = host.address()->sa_family == AF_INET6;
  LUMEN_TRY(const auto local, net::Endpoint::parse(v6 ? "::" : "0.0.0.0", 0));
  LUMEN_TRY(auto socket, net::UdpSocket::bind({.local = local}));
  return std::unique_ptr<StreamReceiver>{new StreamReceiver{std::move(params), std::move(socket), host, log}};
}

StreamReceiver::StreamReceiver(ReceiverParams params, net::UdpSocket socket, const net::Endpoint& host,
                               Logger& log)
    : params_{std::move(params)},
      log_{log},
      socket_{std::move(socket)},
      host_{host},
      channel_{socket_, host_},
      wanted_mode_{params_.mode},
      pointer_drawn_{params_.pointer_drawn},
      impairment_{params_.loss_percent, params_.loss_seed},
      heard_{now()},
      decode_{params_.make_decoder,
              {.on_picture = params_.on_picture,
               .on_broken = [this](FrameId id) { broken_in_decoder_.store(id.value); },
               .on_failed = params_.on_failed},
              log_},
      thread_{"lm-recv", [this](const std::stop_token& stop) { loop(stop); }} {}

StreamReceiver::~StreamReceiver() { thread_.request_stop(); }

void StreamReceiver::set_mode(const Mode& mode) {
  MutexLock lock{mutex_};
  wanted_mode_ = mode;
}

void StreamReceiver::set_pointer_drawn(bool drawn) {
  MutexLock lock{mutex_};
  pointer_drawn_ = drawn;
}

ReceiveStats StreamReceiver::stats() const {
  MutexLock lock{mutex_};
  return published_;
}

void StreamReceiver::loop(const std::stop_token& stop) {
  if (const auto raised = raise_priority(Urgency::realtime); !raised)
    log_.info("{}", describe(raised.error()));
  while (!stop.stop_requested()) {
    socket_.receive(wait_time(), [this](const net::Endpoint& from, MutableBytes datagram) {
      if (!(from == host_)) {
        ++stats_.foreign;
        return;
      }
      on_datagram(datagram);
    });
    deliver();
    tick();
  }
  const std::array<lumen1::ClientMessage, 1> goodbye{lumen1::Goodbye{}};
  for (int i = 0; i < 3; ++i) channel_.send(goodbye);  // nobody repeats it later
}

Duration StreamReceiver::wait_time() const {
  Duration wait = 5ms;
  if (const auto deadline = reassembler_.next_deadline()) wait = std::min(wait, *deadline - now());
  return std::max(wait, Duration{100us});
}

void StreamReceiver::on_datagram(MutableBytes datagram) {
  const auto header = lumen1::decode_clear_header(datagram);
  if (!header) {
    ++stats_.foreign;
    return;
  }
  if (header->kind == lumen1::Kind::welcome) {
    on_welcome(datagram);
    return;
  }
  if (impairment_.drops()) return;
  if (!opener_) return;
  const auto opened = opener_->open(datagram);
  if (!opened) return;
  heard_ = now();
  heard_ns_.store(to_ns(heard_), std::memory_order_relaxed);
  ++stats_.datagrams;
  stats_.bytes += datagram.size();
  loss_meter_.received(opened->header.packet_number);
  if (opened->header.kind == lumen1::Kind::video) {
    reassembler_.push(opened->body, heard_);
    deliver();  // per datagram: a long train must not overflow the window
  } else if (opened->header.kind == lumen1::Kind::host_message) {
    on_host_message(opened->body);
  }
}

void StreamReceiver::on_welcome(MutableBytes datagram) {
  if (!handshake_) return;
  const auto keys = handshake_->on_welcome(datagram);
  if (!keys) return;
  auto opener = lumen1::Opener::create(keys->host_to_client);
  if (const auto set = channel_.set_keys(keys->client_to_host, params_.connect.session); !set || !opener) {
    params_.on_failed(!set ? set.error() : opener.error());
    return;
  }
  opener_ = std::move(*opener);
  handshake_.reset();
  // A new connection: the host counts datagrams from the beginning, and may count frames from anywhere.
  reassembler_.reset();
  loss_meter_ = {};
  recovery_ = {};
  first_.reset();
  ping_sent_ = {};
  heard_ = now();
  next_state_ = {};
  log_.info("connected to {}", host_.to_string());
}

void StreamReceiver::on_host_message(ByteView body) {
  for (const auto& message : lumen1::decode_host_messages(body).messages) {
    if (const auto* state = std::get_if<lumen1::HostState>(&message)) {
      on_host_state(*state);
    } else {
      host_left_.store(true, std::memory_order_relaxed);
    }
  }
}

void StreamReceiver::on_host_state(const lumen1::HostState& state) {
  channel_.edges_acknowledged(state.input_acknowledged);
  if (state.pong == ping_ && ping_sent_ != Timestamp{}) {
    const auto sample = now() - ping_sent_;
    stats_.round_trip = stats_.round_trip == Duration::zero() ? sample : (stats_.round_trip * 7 + sample) / 8;
    recovery_.set_interval(std::clamp<Duration>(stats_.round_trip * 2, 10ms, 250ms));
    ping_sent_ = {};
  }
  const bool changed = !host_state_ || host_state_->state != state.state || host_state_->mode != state.mode ||
                       host_state_->reason != state.reason || host_state_->encoder != state.encoder;
  host_state_ = state;
  if (changed) params_.on_host_state(state);
}

void StreamReceiver::deliver() {
  while (reassembler_.pop(unit_, now())) deliver_one();
  if (const auto loss = reassembler_.take_loss()) recovery_.broken_at(loss->last);
  if (const auto broken = broken_in_decoder_.exchange(0); broken != 0) recovery_.broken_at(FrameId{broken});
}

void StreamReceiver::deliver_one() {
  // Losses are noticed in order: everything up to `unit_` that is lost has been reported by now.
  if (const auto loss = reassembler_.take_loss()) recovery_.broken_at(loss->last);
  if (!first_ && unit_.kind != PictureKind::idr) {
    recovery_.broken_at(unit_.id);  // joined in the middle
  }
  const auto id = unit_.id;
  const bool idr = unit_.kind == PictureKind::idr;
  if (recovery_.is_broken() && !idr) {
    ++stats_.skipped_broken;
    return;
  }
  if (!decode_.try_push(unit_)) {
    ++stats_.decode_dropped_full;
    recovery_.broken_at(id);
    return;
  }
  if (!first_) first_ = id;
  if (idr) {
    ++stats_.idr;
    recovery_.idr_decoded(id);
  }
}

void StreamReceiver::tick() {
  const auto time = now();
  if (!opener_ || time - heard_ > kSilence) {
    if (time >= next_hello_) send_hello();
    publish_stats();
    return;
  }
  ask_recovery();
  if (time >= next_state_) {
    send_state();
    publish_stats();
  }
  if (time >= next_edges_) {
    next_edges_ = time + kEdgeInterval;
    channel_.repeat_edges();
  }
}

void StreamReceiver::send_hello() {
  next_hello_ = now() + kHelloInterval;
  if (!handshake_) {
    lumen1::Random random{};
    if (const auto filled = crypto::fill_random(random); !filled) {
      params_.on_failed(filled.error());
      return;
    }
    auto made = lumen1::ClientHandshake::create(params_.connect.secret, params_.connect.session, random);
    if (!made) {
      params_.on_failed(made.error());
      return;
    }
    handshake_ = std::move(*made);
  }
  socket_.send_one(host_, handshake_->hello());
}

void StreamReceiver::send_state() {
  next_state_ = now() + kStateInterval;
  lumen1::ClientState state;
  {
    MutexLock lock{mutex_};
    state.mode = wanted_mode_;
    state.pointer_drawn = pointer_drawn_;
  }
  // One ping at a time, given up after a while: an answer may take longer than the interval of these
  // messages.
  if (ping_sent_ == Timestamp{} || now() - ping_sent_ > kPingTimeout) {
    ++ping_;
    ping_sent_ = now();
  }
  state.ping = ping_;
  state.loss = loss_meter_.take();
  state.round_trip_us = static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(stats_.round_trip).count());
  const std::array<lumen1::ClientMessage, 1> messages{state};
  channel_.send(messages);
}

void StreamReceiver::ask_recovery() {
  const auto broken = recovery_.due(now());
  if (!broken) return;
  ++stats_.recovery_asked;
  const std::array<lumen1::ClientMessage, 1> messages{
      lumen1::AskRecovery{static_cast<std::uint32_t>(broken->value)}};
  channel_.send(messages);
}

void StreamReceiver::publish_stats() {
  stats_.reassembly = reassembler_.stats();
  stats_.dropped_by_injection = impairment_.dropped();
  stats_.not_authentic = opener_ ? opener_->rejected() : stats_.not_authentic;
  MutexLock lock{mutex_};
  published_ = stats_;
}

}  // namespace lumen::stream
