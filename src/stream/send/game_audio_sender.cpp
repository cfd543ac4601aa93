#include "stream/send/game_audio_sender.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <array>
#include <utility>

#include "base/priority.hpp"

namespace lumen::stream {
namespace {

constexpr std::uint8_t kAudioTrafficClass = 48U
                                            << 2U;  // CS6, as other hosts mark it; Wi-Fi takes it as voice

}  // namespace

GameAudioSender::GameAudioSender(net::UdpSocket& socket, Logger& log)
    : socket_{socket},
      log_{log},
      wake_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)},
      thread_{"lm-send-audio", [this](const std::stop_token& stop) { loop(stop); }} {}

GameAudioSender::~GameAudioSender() {
  thread_.request_stop();
  wake();
}

void GameAudioSender::wake() const { eventfd_write(wake_.get(), 1); }

template <class Change>
void GameAudioSender::tell(Change change) {
  {
    MutexLock lock{mutex_};
    change(inbox_);
  }
  wake();
}

void GameAudioSender::set_ring(std::shared_ptr<link::AudioRing> ring) {
  tell([&](Inbox& inbox) { inbox.ring = std::move(ring); });
}

Status GameAudioSender::begin(const GameAudioParams& params, ByteView key) {
  LUMEN_TRY(auto packetizer, gamestream::AudioPacketizer::create(
                                 {.packet_ms = params.format.packet_ms, .key_id = params.key_id}, key));
  auto stream = std::make_unique<Stream>(Stream{params, std::move(packetizer)});
  tell([&](Inbox& inbox) {
    inbox.changed = true;
    inbox.stream = std::move(stream);
    inbox.peer.reset();  // what is known of the stream before says nothing of this one
  });
  return {};
}

void GameAudioSender::end() {
  tell([](Inbox& inbox) {
    inbox.changed = true;
    inbox.stream.reset();
    inbox.peer.reset();
  });
}

void GameAudioSender::set_peer(const net::Endpoint& to, const net::Endpoint& at) {
  tell([&](Inbox& inbox) { inbox.peer = Peer{to, at}; });
}

void GameAudioSender::wait() {
  std::array<pollfd, 2> waiters{{{wake_.get(), POLLIN, 0}, {ring_ ? ring_->doorbell_fd() : -1, POLLIN, 0}}};
  poll(waiters.data(), waiters.size(), -1);
  eventfd_t ignored = 0;
  if ((waiters[0].revents & POLLIN) != 0) eventfd_read(wake_.get(), &ignored);
  if ((waiters[1].revents & POLLIN) != 0) ring_->drain_doorbell();
}

void GameAudioSender::loop(const std::stop_token& stop) {
  if (const auto raised = raise_priority(Urgency::realtime); !raised)
    log_.info("{}", describe(raised.error()));
  while (!stop.stop_requested()) {
    Inbox inbox;
    {
      MutexLock lock{mutex_};
      inbox = std::exchange(inbox_, Inbox{});
    }
    apply(std::move(inbox));
    if (const auto packet = ring_ ? ring_->peek() : std::nullopt) {
      send(*packet);
      ring_->release();
    } else {
      wait();
    }
  }
}

void GameAudioSender::apply(Inbox inbox) {
  if (inbox.ring) ring_ = std::move(*inbox.ring);
  if (inbox.changed) {
    stream_ = std::move(inbox.stream);
    peer_.reset();
  }
  if (inbox.peer) peer_ = inbox.peer;
}

void GameAudioSender::send(const AudioPacketView& packet) {
  if (!stream_ || !peer_) return;  // nobody listens
  if (packet.format != stream_->params.format) {
    stats_.unwanted.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const auto packed = stream_->packetizer.pack(packet.bytes);
  if (!packed) {
    stats_.unwanted.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  stats_.packets.fetch_add(1, std::memory_order_relaxed);
  const net::SendOptions options{.traffic_class = stream_->params.mark ? kAudioTrafficClass : std::uint8_t{0},
                                 .from = peer_->at};
  for (const auto datagram : packed->all()) {
    auto& counter = socket_.send_one(peer_->to, datagram, options) ? stats_.datagrams : stats_.refused;
    counter.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace lumen::stream
