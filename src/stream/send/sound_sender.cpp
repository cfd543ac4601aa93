#include "stream/send/sound_sender.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <array>
#include <utility>

#include "base/priority.hpp"

namespace lumen::stream {
namespace {

constexpr std::uint8_t kVoiceTrafficClass = 48U << 2U;  // CS6; Wi-Fi takes it as voice
constexpr Duration kRateTime = std::chrono::seconds{1};
constexpr std::size_t kIpHeaderBytes = 28;  // of IPv4 and UDP

Timestamp now() { return SteadyTime{}.now(); }

}  // namespace

SoundSender::SoundSender(const Params& params, net::UdpSocket& socket, Logger& log)
    : params_{params},
      socket_{socket},
      log_{log},
      wake_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)},
      thread_{"lm-send-audio", [this](const std::stop_token& stop) { loop(stop); }} {}

SoundSender::~SoundSender() {
  thread_.request_stop();
  wake();
}

void SoundSender::wake() const { eventfd_write(wake_.get(), 1); }

void SoundSender::set_ring(std::shared_ptr<link::AudioRing> ring) {
  {
    MutexLock lock{ring_mutex_};
    next_ring_ = std::move(ring);
  }
  wake();
}

void SoundSender::set_peer(std::optional<Peer> peer) {
  inbox_.set_peer(std::move(peer));
  wake();
}

void SoundSender::move_peer(const net::Endpoint& to) {
  inbox_.move_peer(to);
  wake();
}

void SoundSender::report(const lumen1::Feedback& feedback) {
  inbox_.report(feedback);
}  // the next packet is soon enough

void SoundSender::wait() {
  std::array<pollfd, 2> waiters{{{wake_.get(), POLLIN, 0}, {ring_ ? ring_->doorbell_fd() : -1, POLLIN, 0}}};
  poll(waiters.data(), waiters.size(), -1);
  eventfd_t ignored = 0;
  if ((waiters[0].revents & POLLIN) != 0) eventfd_read(wake_.get(), &ignored);
  if ((waiters[1].revents & POLLIN) != 0) ring_->drain_doorbell();
}

void SoundSender::loop(const std::stop_token& stop) {
  if (const auto raised = raise_priority(Urgency::realtime); !raised)
    log_.info("{}", describe(raised.error()));
  while (!stop.stop_requested()) {
    take_ring();
    apply(inbox_.take());
    if (const auto packet = ring_ ? ring_->peek() : std::nullopt) {
      send(*packet);
      ring_->release();
    } else {
      wait();
    }
  }
}

// Another session process is another encoder.
void SoundSender::take_ring() {
  MutexLock lock{ring_mutex_};
  if (!next_ring_) return;
  ring_ = *std::exchange(next_ring_, std::nullopt);
  packetizer_.restart();
}

void SoundSender::apply(SendInbox::Taken taken) {
  if (taken.peer_changed) change_peer(taken.peer);
  if (taken.moved_to && to_) to_ = taken.moved_to;
  if (!taken.feedback) return;
  redundancy_.report(taken.feedback->loss, now());
  packetizer_.set_copies(redundancy_.copies());
  stats_.copies.store(packetizer_.copies(), std::memory_order_relaxed);
}

void SoundSender::change_peer(const std::optional<Peer>& peer) {
  to_.reset();
  sealer_.reset();
  redundancy_ = {};  // of another path
  stats_.wire_kbps.store(0, std::memory_order_relaxed);
  packetizer_.restart();
  packetizer_.set_copies(redundancy_.copies());
  if (!peer) return;
  auto sealer = lumen1::Sealer::create(peer->keys, params_.session);
  if (!sealer) {
    log_.error("cannot protect the sound: {}", describe(sealer.error()));
    return;
  }
  sealer_ = std::move(*sealer);
  to_ = peer->endpoint;
}

void SoundSender::send(const AudioPacketView& packet) {
  if (!to_ || !sealer_ || !allowed_.load(std::memory_order_relaxed)) {
    packetizer_.restart();  // what nobody may hear does not ride along later
    stats_.wire_kbps.store(0, std::memory_order_relaxed);
    return;
  }
  const auto datagram = packetizer_.pack(packet, now());
  if (!datagram) {
    stats_.too_large.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (!sealer_->seal(lumen1::Kind::sound, *datagram)) return;
  const net::SendOptions options{.traffic_class = params_.mark ? kVoiceTrafficClass : std::uint8_t{0}};
  if (!socket_.send_one(*to_, *datagram, options)) {
    stats_.refused.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  stats_.packets.fetch_add(1, std::memory_order_relaxed);
  stats_.bytes.fetch_add(datagram->size(), std::memory_order_relaxed);
  count(datagram->size(), now());
}

void SoundSender::count(std::size_t datagram_bytes, Timestamp when) {
  const auto counted = when - counted_since_;
  if (counted >= kRateTime) {
    // After a silence nothing is known yet.
    if (counted < 2 * kRateTime) {
      const auto kbps = static_cast<double>(counted_bytes_) * 8 /
                        std::chrono::duration<double, std::milli>{counted}.count();
      stats_.wire_kbps.store(static_cast<std::uint32_t>(kbps), std::memory_order_relaxed);
    }
    counted_since_ = when;
    counted_bytes_ = 0;
  }
  counted_bytes_ += datagram_bytes + kIpHeaderBytes;
}

}  // namespace lumen::stream
