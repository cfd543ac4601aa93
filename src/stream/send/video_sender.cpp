#include "stream/send/video_sender.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>

#include <algorithm>
#include <array>

#include "base/priority.hpp"

namespace lumen::stream {
namespace {

constexpr std::size_t kBatchDatagrams = 44;  // one GSO train of about 64 KB
constexpr Duration kFirstRoundTrip = std::chrono::milliseconds{50};

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
      packetizer_{codec},
      pacer_{params_.rate, params_.burst},
      round_trip_{kFirstRoundTrip},
      message_memory_(lumen1::kMaxDatagramBytes),
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
  const auto last = frame_id_.load(std::memory_order_relaxed);
  // Only frames already sent can be broken: unwrap to the newest such number not above the last one.
  const auto behind = static_cast<std::uint32_t>(last) - frame;
  if (behind > last || behind > 1U << 30U) return;
  inbox_.broken(FrameId{last - behind});
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
  if (taken.peer_changed) {
    sealer_.reset();
    to_.reset();
    parity_ = ParityControl{};
    merger_ = RecoveryMerger{};
    round_trip_ = kFirstRoundTrip;
    if (taken.peer) {
      auto sealer = lumen1::Sealer::create(taken.peer->keys, params_.session);
      if (!sealer) {
        log_.error("cannot protect the stream: {}", describe(sealer.error()));
      } else {
        sealer_ = std::move(*sealer);
        to_ = taken.peer->endpoint;
        // It can start with an IDR only; asking through the merger keeps its own request from making another.
        const FrameId next{frame_id_.load(std::memory_order_relaxed) + 1};
        if (merger_.request(next, now(), round_trip_)) params_.on_idr_needed();
      }
    }
  }
  if (taken.moved_to && to_) to_ = taken.moved_to;
  if (taken.round_trip > Duration::zero()) round_trip_ = taken.round_trip;
  if (taken.loss) {
    parity_.report(now(), *taken.loss);
    stats_.assumed_loss_ppm.store(static_cast<std::uint64_t>(parity_.assumed_loss() * 1e6),
                                  std::memory_order_relaxed);
  }
  if (taken.broken) {
    stats_.recovery_asked.fetch_add(1, std::memory_order_relaxed);
    if (merger_.request(*taken.broken, now(), round_trip_)) params_.on_idr_needed();
    stats_.recovery_merged.store(merger_.merged_count(), std::memory_order_relaxed);
  }
  if (!taken.message.empty()) send_message_now(taken.message);
}

void VideoSender::send_message_now(ByteView body) {
  const auto total = lumen1::kClearHeaderBytes + body.size() + lumen1::kTagBytes;
  if (!sealer_ || !to_ || total > message_memory_.size()) return;
  const auto datagram = MutableBytes{message_memory_}.first(total);
  std::ranges::copy(body, datagram.begin() + lumen1::kClearHeaderBytes);
  if (!sealer_->seal(lumen1::Kind::host_message, datagram)) return;
  if (!socket_.send_one(*to_, datagram)) stats_.refused.fetch_add(1, std::memory_order_relaxed);
}

void VideoSender::send_unit(const AccessUnitView& unit) {
  if (!sealer_ || !to_) return;  // nobody watches
  auto numbered = unit;
  numbered.id = FrameId{frame_id_.load(std::memory_order_relaxed) + 1};
  const auto packed = packetizer_.pack(numbered, parity_);
  if (!packed) {
    log_.error("frame {} dropped: {}", numbered.id.value, describe(packed.error()));
    params_.on_idr_needed();
    return;
  }
  frame_id_.store(numbered.id.value, std::memory_order_relaxed);
  if (unit.kind == PictureKind::idr) {
    merger_.idr_made(numbered.id, now());
    stats_.idr.fetch_add(1, std::memory_order_relaxed);
  }
  // Before it is sent: whoever has received the frame finds it counted.
  stats_.frames.fetch_add(1, std::memory_order_relaxed);
  stats_.data_shards.fetch_add(packed->data_datagrams, std::memory_order_relaxed);
  stats_.parity_shards.fetch_add(packed->datagrams - packed->data_datagrams, std::memory_order_relaxed);
  send_packed(*packed, unit.times.presented);
}

void VideoSender::send_packed(const lumen1::PackedFrame& frame, Timestamp presented) {
  for (std::size_t first = 0; first < frame.datagrams; first += kBatchDatagrams) {
    const auto end = std::min(first + kBatchDatagrams, frame.datagrams);
    const auto bytes =
        frame.bytes.subspan(first * frame.datagram_bytes, (end - first) * frame.datagram_bytes);
    const auto due = pacer_.book(now(), Bytes{bytes.size()});
    if (due > now()) sleep_until(due);
    if (!packetizer_.seal(frame, first, end, presented, now(), *sealer_)) return;
    const auto accepted = socket_.send_segments(*to_, bytes, frame.datagram_bytes);
    stats_.refused.fetch_add(end - first - accepted, std::memory_order_relaxed);
    stats_.datagrams.fetch_add(accepted, std::memory_order_relaxed);
    stats_.bytes.fetch_add(accepted * frame.datagram_bytes, std::memory_order_relaxed);
  }
}

}  // namespace lumen::stream
