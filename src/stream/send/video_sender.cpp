#include "stream/send/video_sender.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>

#include <array>

#include "base/priority.hpp"

namespace lumen::stream {
namespace {

Timestamp now() { return SteadyTime{}.now(); }

void sleep_until(Timestamp due) {
  timespec until{};
  until.tv_sec = to_ns(due) / 1'000'000'000;
  until.tv_nsec = to_ns(due) % 1'000'000'000;
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
}

}  // namespace

VideoSender::VideoSender(SenderParams params, const fec::Leopard& codec, net::UdpSocket& socket, Logger& log)
    : params_{std::move(params)},
      socket_{socket},
      log_{log},
      wake_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)},
      stream_{params_.stream, codec},
      thread_{"lm-send", [this](const std::stop_token& stop) { loop(stop); }} {}

VideoSender::~VideoSender() {
  thread_.request_stop();
  wake();
}

void VideoSender::wake() const { eventfd_write(wake_.get(), 1); }

void VideoSender::set_ring(std::shared_ptr<link::SharedRing> ring) {
  {
    MutexLock lock{ring_mutex_};
    next_ring_ = std::move(ring);
  }
  wake();
}

void VideoSender::set_peer(std::optional<Peer> peer) {
  inbox_.set_peer(std::move(peer));
  wake();
}

void VideoSender::move_peer(const net::Endpoint& to) {
  inbox_.move_peer(to);
  wake();
}

void VideoSender::send_message(std::vector<std::byte> body) {
  inbox_.put_message(std::move(body));
  wake();
}

void VideoSender::report(const LossReport& loss, Duration round_trip) {
  inbox_.report(loss, round_trip);
  wake();
}

void VideoSender::broken(std::uint32_t frame) {
  const auto sent = core::unwrap_sent(frame, FrameId{frame_id_.load(std::memory_order_relaxed)});
  if (!sent) return;
  inbox_.broken(*sent);
  wake();
}

void VideoSender::wait() {
  std::array<pollfd, 2> waiters{{{wake_.get(), POLLIN, 0}, {ring_ ? ring_->doorbell_fd() : -1, POLLIN, 0}}};
  poll(waiters.data(), waiters.size(), -1);
  eventfd_t ignored = 0;
  if ((waiters[0].revents & POLLIN) != 0) eventfd_read(wake_.get(), &ignored);
  if ((waiters[1].revents & POLLIN) != 0) ring_->drain_doorbell();
}

void VideoSender::loop(const std::stop_token& stop) {
  if (const auto raised = raise_priority(Urgency::realtime); !raised)
    log_.info("{}", describe(raised.error()));
  while (!stop.stop_requested()) {
    {
      MutexLock lock{ring_mutex_};
      ring_ = next_ring_;
    }
    const auto unit = ring_ ? ring_->peek() : std::nullopt;
    apply(inbox_.take());  // after the look: what was told before a unit was pushed holds for that unit
    if (unit) {
      send_unit(*unit);
      ring_->release();
    } else {
      wait();
    }
  }
}

void VideoSender::apply(SendInbox::Taken taken) {
  if (taken.peer_changed) change_peer(taken.peer);
  if (taken.moved_to && to_) to_ = taken.moved_to;
  if (taken.loss) stream_.report(*taken.loss, taken.round_trip, now());
  if (taken.broken) stream_.broken(*taken.broken, now());
  if (!taken.message.empty()) send_message_now(taken.message);
  settle();
}

void VideoSender::change_peer(const std::optional<Peer>& peer) {
  stream_.disconnect();
  to_.reset();
  if (!peer) return;
  if (const auto connected = stream_.connect(peer->keys, now()); !connected) {
    log_.error("cannot protect the stream: {}", describe(connected.error()));
    return;
  }
  to_ = peer->endpoint;
}

void VideoSender::send_message_now(ByteView body) {
  const auto datagram = stream_.seal_message(body);
  if (!datagram || !to_) return;
  if (!socket_.send_one(*to_, *datagram)) stats_.refused.fetch_add(1, std::memory_order_relaxed);
}

void VideoSender::send_unit(const AccessUnitView& unit) {
  if (!to_) return;  // nobody watches
  if (const auto pushed = stream_.push(unit, now()); !pushed) {
    log_.error("a frame is dropped: {}", describe(pushed.error()));
    settle();
    return;
  }
  frame_id_.store(stream_.last_frame().value, std::memory_order_relaxed);
  settle();  // before it is sent: whoever has received the frame finds it counted
  while (const auto train = stream_.next_train(now())) {
    if (train->due > now()) sleep_until(train->due);
    const auto accepted = socket_.send_segments(*to_, train->bytes, train->datagram_bytes);
    stats_.refused.fetch_add(train->datagrams - accepted, std::memory_order_relaxed);
    stats_.datagrams.fetch_add(accepted, std::memory_order_relaxed);
    stats_.bytes.fetch_add(accepted * train->datagram_bytes, std::memory_order_relaxed);
  }
}

// After all that may have changed the stream: passes its wish on and publishes its counters.
void VideoSender::settle() {
  if (stream_.take_idr_request()) params_.on_idr_needed();
  const auto stats = stream_.stats();
  stats_.frames.store(stats.frames, std::memory_order_relaxed);
  stats_.idr.store(stats.idr, std::memory_order_relaxed);
  stats_.data_shards.store(stats.data_shards, std::memory_order_relaxed);
  stats_.parity_shards.store(stats.parity_shards, std::memory_order_relaxed);
  stats_.recovery_asked.store(stats.recovery_asked, std::memory_order_relaxed);
  stats_.recovery_merged.store(stats.recovery_merged, std::memory_order_relaxed);
  stats_.assumed_loss_ppm.store(static_cast<std::uint64_t>(stats.assumed_loss * 1e6),
                                std::memory_order_relaxed);
}

}  // namespace lumen::stream
