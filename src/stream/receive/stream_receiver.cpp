#include "stream/receive/stream_receiver.hpp"

#include <algorithm>
#include <array>

#include "base/priority.hpp"

namespace lumen::stream {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPublishInterval = 100ms;
constexpr Duration kMaxWait = 5ms;  // wishes and broken pictures of other threads wait that long at most

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
      stream_{{.session = params_.connect.session, .secret = params_.connect.secret}, codec_},
      decode_{params_.make_decoder,
              {.on_picture = params_.on_picture,
               .on_broken = [this](FrameId id) { broken_in_decoder_.store(id.value); },
               .on_failed = params_.on_failed},
              log_},
      sound_{params_.sound, log_},
      microphone_{params_.open_microphone, socket_, host_, log_},
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
  const auto sound = sound_.stats();
  MutexLock lock{mutex_};
  auto stats = published_;
  stats.sound = sound;
  stats.voice_packets = microphone_.packets();
  return stats;
}

void StreamReceiver::loop(const std::stop_token& stop) {
  if (const auto raised = raise_priority(Urgency::realtime); !raised)
    log_.info("{}", describe(raised.error()));
  while (!stop.stop_requested()) {
    socket_.receive(wait_time(), [this](const net::Endpoint& from, MutableBytes datagram) {
      if (!(from == host_)) {
        ++not_from_host_;
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
  const auto time = now();
  return std::clamp<Duration>(stream_.next_deadline(time) - time, 100us, kMaxWait);
}

// Everything but the handshake, so that each run connects.
bool StreamReceiver::drops(ByteView datagram) {
  const auto header = lumen1::decode_clear_header(datagram);
  return header && header->kind != lumen1::Kind::welcome && impairment_.drops();
}

void StreamReceiver::on_datagram(MutableBytes datagram) {
  using Heard = core::ClientReceiver::Heard;
  if (drops(datagram)) return;
  const auto header = lumen1::decode_clear_header(datagram);
  if (header && header->kind == lumen1::Kind::sound) {
    sound_.push(datagram, now());
    return;
  }
  const auto heard = stream_.receive(datagram, now());
  if (heard == Heard::foreign || heard == Heard::refused) return;
  heard_ns_.store(to_ns(stream_.last_heard()), std::memory_order_relaxed);
  if (heard == Heard::connected) on_connected();
  if (heard == Heard::video) deliver();  // per datagram: a long train must not overflow the window
  if (heard == Heard::message) on_host_message();
}

void StreamReceiver::on_connected() {
  sound_.connect(stream_.take_sound_keys());
  microphone_.connect(stream_.take_microphone_keys(), params_.connect.session);
  if (const auto set = channel_.set_keys(stream_.take_send_keys(), params_.connect.session); !set) {
    params_.on_failed(set.error());
    return;
  }
  log_.info("connected to {}", host_.to_string());
}

void StreamReceiver::on_host_message() {
  if (stream_.host_left()) host_left_.store(true, std::memory_order_relaxed);
  while (const auto feedback = stream_.take_pad_feedback()) {
    if (params_.on_pad_feedback) params_.on_pad_feedback(*feedback);
  }
  if (const auto pointer = stream_.take_pointer(); pointer && params_.on_pointer)
    params_.on_pointer(pointer->state);
  const auto& state = stream_.host_state();
  if (!state) return;
  channel_.edges_acknowledged(state->input_acknowledged);
  if (stream_.take_state_change()) params_.on_host_state(*state);
}

void StreamReceiver::deliver() {
  while (stream_.pop(unit_, now())) {
    const auto id = unit_.id;
    if (decode_.try_push(unit_)) continue;
    ++stats_.decode_dropped_full;
    stream_.not_decoded(id);
  }
  if (const auto broken = broken_in_decoder_.exchange(0); broken != 0) stream_.not_decoded(FrameId{broken});
}

void StreamReceiver::tick() {
  const auto time = now();
  {
    MutexLock lock{mutex_};
    stream_.set_wish({wanted_mode_, pointer_drawn_});
  }
  const auto hello = stream_.next_hello(time);
  if (!hello) {
    params_.on_failed(hello.error());
  } else if (*hello) {
    socket_.send_one(host_, **hello);
  }
  while (const auto message = stream_.next_message(time)) {
    const std::array messages{*message};
    channel_.send(messages);
  }
  channel_.repeat_edges(time);
  if (time >= next_publish_) publish_stats();
}

void StreamReceiver::publish_stats() {
  next_publish_ = now() + kPublishInterval;
  const auto stream = stream_.stats();
  stats_.reassembly = stream.reassembly;
  stats_.datagrams = stream.datagrams;
  stats_.bytes = stream.bytes;
  stats_.foreign = stream.foreign + not_from_host_;
  stats_.not_authentic = stream.not_authentic;
  stats_.idr = stream.idr;
  stats_.skipped_broken = stream.skipped_broken;
  stats_.recovery_asked = stream.recovery_asked;
  stats_.round_trip = stream.round_trip;
  stats_.dropped_by_injection = impairment_.dropped();
  MutexLock lock{mutex_};
  published_ = stats_;
}

}  // namespace lumen::stream
