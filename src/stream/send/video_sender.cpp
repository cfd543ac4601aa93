#include "stream/send/video_sender.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/priority.hpp"

namespace lumen::stream {
namespace {

Timestamp now() { return SteadyTime{}.now(); }

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

void VideoSender::send_pointer(const lumen1::HostPointer& pointer) {
  inbox_.put_pointer(pointer);
  wake();
}

void VideoSender::send_message(std::vector<std::byte> body) {
  inbox_.put_message(std::move(body));
  wake();
}

void VideoSender::send_pad_word(std::vector<std::byte> body) {
  inbox_.put_pad_word(std::move(body));
  wake();
}

void VideoSender::report(const lumen1::Feedback& feedback) {
  inbox_.report(feedback);
  wake();
}

void VideoSender::set_round_trip(Duration round_trip) {
  inbox_.set_round_trip(round_trip);
  wake();
}

void VideoSender::ask(const lumen1::AskShards& ask) {
  inbox_.ask(ask);
  wake();
}

void VideoSender::set_bitrate_cap(std::uint32_t kbps) {
  inbox_.set_bitrate_cap(kbps);
  wake();
}

void VideoSender::broken(std::uint32_t frame) {
  const auto sent = core::unwrap_sent(frame, FrameId{frame_id_.load(std::memory_order_relaxed)});
  if (!sent) return;
  inbox_.broken(*sent);
  wake();
}

// Until `until`, nullopt: for ever, something is told or, unless a train waits, there is a unit.
void VideoSender::wait(std::optional<Timestamp> until) {
  std::array<pollfd, 2> waiters{
      {{wake_.get(), POLLIN, 0}, {ring_ && !until ? ring_->doorbell_fd() : -1, POLLIN, 0}}};
  timespec left{};
  if (until) {
    const auto ns = std::max<Duration::rep>((*until - now()).count(), 0);
    left = {.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
  }
  ppoll(waiters.data(), waiters.size(), until ? &left : nullptr, nullptr);
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
    const auto unit = ring_ && !train_ ? ring_->peek() : std::nullopt;
    apply(inbox_.take());  // after the look: what was told before a unit was pushed holds for that unit
    if (!send_trains()) {
      wait(train_->due);
    } else if (unit) {
      send_unit(*unit);
      ring_->release();
    } else {
      wait(std::nullopt);
    }
  }
}

void VideoSender::apply(SendInbox::Taken taken) {
  if (taken.peer_changed) change_peer(taken.peer);
  if (taken.moved_to && to_) to_ = taken.moved_to;
  if (taken.bitrate_cap_kbps) stream_.set_bitrate_cap(*taken.bitrate_cap_kbps);
  stream_.set_round_trip(taken.round_trip, now());
  if (taken.feedback) answer(*taken.feedback);
  for (const auto& ask : taken.asks.all()) stream_.ask(ask, now());
  if (taken.broken) stream_.broken(*taken.broken, now());
  if (!taken.message.empty()) send_message_now(taken.message);
  if (!taken.pad_word.empty()) send_message_now(taken.pad_word);
  if (taken.pointer) {
    body_.clear();
    lumen1::append(body_, lumen1::HostMessage{*taken.pointer}, lumen1::kMaxDatagramBytes);
    send_message_now(body_);
  }
  settle();
}

void VideoSender::answer(const lumen1::Feedback& feedback) {
  stream_.set_reserve(reserve_kbps_.load(std::memory_order_relaxed));
  stream_.report(feedback, now());
  body_.clear();
  lumen1::append(body_, lumen1::HostMessage{stream_.mark()}, lumen1::kMaxDatagramBytes);
  send_message_now(body_);
}

void VideoSender::change_peer(const std::optional<Peer>& peer) {
  stream_.disconnect();
  train_.reset();
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
  send_trains();
}

// What is due; false when something waits for its time.
bool VideoSender::send_trains() {
  for (;;) {
    if (!train_) train_ = stream_.next_train(now());
    if (!train_) return true;
    if (train_->due > now()) return false;
    const auto train = *std::exchange(train_, std::nullopt);
    if (!to_) continue;
    const auto accepted = socket_.send_segments(*to_, train.bytes, train.datagram_bytes);
    stats_.refused.fetch_add(train.datagrams - accepted, std::memory_order_relaxed);
    stats_.datagrams.fetch_add(accepted, std::memory_order_relaxed);
    stats_.bytes.fetch_add(accepted * train.datagram_bytes, std::memory_order_relaxed);
  }
}

// After all that may have changed the stream: passes its wish on and publishes its counters.
void VideoSender::settle() {
  if (stream_.take_idr_request()) params_.on_idr_needed();
  if (const auto rate = stream_.take_bitrate(); rate && params_.on_bitrate) {
    if (!params_.on_bitrate(rate->bitrate_kbps)) stream_.bitrate_not_told();
  }
  const auto stats = stream_.stats();
  stats_.frames.store(stats.frames, std::memory_order_relaxed);
  stats_.idr.store(stats.idr, std::memory_order_relaxed);
  stats_.data_shards.store(stats.data_shards, std::memory_order_relaxed);
  stats_.parity_shards.store(stats.parity_shards, std::memory_order_relaxed);
  stats_.recovery_asked.store(stats.recovery_asked, std::memory_order_relaxed);
  stats_.recovery_merged.store(stats.recovery_merged, std::memory_order_relaxed);
  stats_.shards_asked.store(stats.shards_asked, std::memory_order_relaxed);
  stats_.shards_repeated.store(stats.shards_repeated, std::memory_order_relaxed);
  stats_.bitrate_kbps.store(stats.bitrate_kbps, std::memory_order_relaxed);
  stats_.capacity_kbps.store(stats.capacity_kbps, std::memory_order_relaxed);
  stats_.queue_us.store(static_cast<std::uint64_t>(stats.queue / std::chrono::microseconds{1}),
                        std::memory_order_relaxed);
  stats_.rate_reason.store(stats.rate_reason, std::memory_order_relaxed);
  stats_.assumed_burst_milli.store(static_cast<std::uint64_t>(stats.assumed_burst * 1e3),
                                   std::memory_order_relaxed);
  stats_.assumed_loss_ppm.store(static_cast<std::uint64_t>(stats.assumed_loss * 1e6),
                                std::memory_order_relaxed);
}

}  // namespace lumen::stream
