#include "stream/send/game_video_sender.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>

#include <array>
#include <utility>

#include "base/priority.hpp"
#include "gamestream/media/bitstream.hpp"

namespace lumen::stream {
namespace {

using gamestream::FrameType;

// As often as clients tell.
constexpr Duration kLossInterval = std::chrono::milliseconds{100};

constexpr std::uint8_t kVideoTrafficClass = 40U
                                            << 2U;  // CS5, as other hosts mark it; Wi-Fi takes it as video

// A stock client cannot be told of anything but by its user: what parity adds to the agreed one is for links
// that lose, and small frames.
ParityControl::Params parity_params(const gamestream::FramePlanParams& plan) {
  return {.target = 1e-6, .min_shards = plan.min_parity, .min_percent = static_cast<double>(plan.percent)};
}

Timestamp now() { return SteadyTime{}.now(); }

void sleep_until(Timestamp due) {
  timespec until{};
  until.tv_sec = to_ns(due) / 1'000'000'000;
  until.tv_nsec = to_ns(due) % 1'000'000'000;
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
}

}  // namespace

GameVideoSender::GameVideoSender(net::UdpSocket& socket, std::function<void()> on_idr_needed, Logger& log)
    : socket_{socket},
      on_idr_needed_{std::move(on_idr_needed)},
      log_{log},
      wake_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)},
      thread_{"lm-send", [this](const std::stop_token& stop) { loop(stop); }} {}

GameVideoSender::~GameVideoSender() {
  thread_.request_stop();
  wake();
}

void GameVideoSender::wake() const { eventfd_write(wake_.get(), 1); }

template <class Change>
void GameVideoSender::tell(Change change) {
  {
    MutexLock lock{mutex_};
    change(inbox_);
  }
  wake();
}

void GameVideoSender::set_ring(std::shared_ptr<link::SharedRing> ring) {
  tell([&](Inbox& inbox) { inbox.ring = std::move(ring); });
}

Status GameVideoSender::begin(const GameVideoParams& params, ByteView key) {
  LUMEN_TRY(auto packetizer, gamestream::VideoPacketizer::create(params.packets, key));
  auto stream =
      std::make_unique<Stream>(Stream{params, std::move(packetizer), Pacer{params.rate, params.burst},
                                      Timestamp{}, ParityControl{parity_params(params.packets.plan)}});
  tell([&](Inbox& inbox) {
    inbox.changed = true;
    inbox.stream = std::move(stream);
    inbox.peer.reset();  // what is known of the stream before says nothing of this one
    inbox.idr = false;
    inbox.broken.reset();
  });
  return {};
}

void GameVideoSender::end() {
  tell([](Inbox& inbox) {
    inbox.changed = true;
    inbox.stream.reset();
    inbox.peer.reset();
  });
}

void GameVideoSender::set_peer(const net::Endpoint& to, const net::Endpoint& at) {
  tell([&](Inbox& inbox) { inbox.peer = Peer{to, at}; });
}

void GameVideoSender::request_idr() {
  tell([](Inbox& inbox) { inbox.idr = true; });
}

void GameVideoSender::lost(std::size_t lost, std::size_t shards) {
  // Where most of a block is missing it went at once; single losses have no order that is told.
  const auto count = static_cast<std::uint32_t>(std::min(lost, shards));
  const bool is_burst = 2 * count > shards;
  const LossReport report{
      .expected = 0, .lost = count, .longest_burst = is_burst ? count : 1, .runs = is_burst ? 1 : count};
  tell([&](Inbox& inbox) { inbox.loss.add(report); });
}

void GameVideoSender::broken(std::uint32_t frame) {
  tell([frame](Inbox& inbox) { inbox.broken = frame; });
}

void GameVideoSender::wait() {
  std::array<pollfd, 2> waiters{{{wake_.get(), POLLIN, 0}, {ring_ ? ring_->doorbell_fd() : -1, POLLIN, 0}}};
  poll(waiters.data(), waiters.size(), -1);
  eventfd_t ignored = 0;
  if ((waiters[0].revents & POLLIN) != 0) eventfd_read(wake_.get(), &ignored);
  if ((waiters[1].revents & POLLIN) != 0) ring_->drain_doorbell();
}

void GameVideoSender::loop(const std::stop_token& stop) {
  if (const auto raised = raise_priority(Urgency::realtime); !raised)
    log_.info("{}", describe(raised.error()));
  while (!stop.stop_requested()) {
    const auto unit = ring_ ? ring_->peek() : std::nullopt;
    Inbox inbox;
    {
      MutexLock lock{mutex_};
      inbox = std::exchange(inbox_, Inbox{});
    }
    const bool other_ring = inbox.ring.has_value();
    apply(std::move(inbox));  // what was told before a unit was pushed holds for that unit
    if (other_ring) continue;
    if (unit) {
      send_unit(*unit);
      ring_->release();
    } else {
      wait();
    }
  }
}

void GameVideoSender::apply(Inbox inbox) {
  if (inbox.ring) ring_ = std::move(*inbox.ring);
  if (inbox.changed) {
    stream_ = std::move(inbox.stream);
    peer_.reset();
    started_ = false;
    loss_ = {};
  }
  if (!stream_) return;
  const auto time = now();
  watch_loss(inbox.loss, time);
  if (inbox.peer) {
    if (!peer_) recovery_.begin(time);
    peer_ = inbox.peer;
  }
  if (!peer_) return;  // it will start with an IDR, which answers all
  if (inbox.idr) recovery_.idr_asked(time, Duration::zero());
  if (inbox.broken) {
    const FrameId frame{*inbox.broken};
    recovery_.invalidation_asked(frame, frame, time, Duration::zero());
  }
  if (inbox.idr || inbox.broken) stats_.recovery_asked.fetch_add(1, std::memory_order_relaxed);
  ask_encoder();
}

// Clients say what they missed, never what they got: that is all the rest.
void GameVideoSender::watch_loss(const LossReport& reported, Timestamp time) {
  loss_.add(reported);
  stats_.reported_lost.fetch_add(reported.lost, std::memory_order_relaxed);
  if (time < loss_told_ + kLossInterval || loss_.expected == 0) return;
  loss_told_ = time;
  stream_->parity.report(time, std::exchange(loss_, {}));
  stats_.assumed_loss_ppm.store(static_cast<std::uint32_t>(stream_->parity.assumed_loss() * 1e6),
                                std::memory_order_relaxed);
}

void GameVideoSender::ask_encoder() {
  if (recovery_.take_order()) on_idr_needed_();
  stats_.recovery_merged.store(recovery_.merged_count(), std::memory_order_relaxed);
}

// A client that is given what it cannot understand waits for ever and says nothing.
bool GameVideoSender::is_fit(const AccessUnitView& unit, FrameType type) {
  const auto fault = gamestream::check_unit(stream_->params.format, unit.bytes, type,
                                            stream_->params.packets.plan.packet_size);
  if (fault == gamestream::UnitFault::none) return true;
  if (stats_.unfit.fetch_add(1, std::memory_order_relaxed) == 0)
    log_.error("the encoder made a picture that clients do not understand: {}", to_string(fault));
  return false;
}

void GameVideoSender::send_unit(const AccessUnitView& unit) {
  if (!peer_) return;  // nobody watches
  const bool idr = unit.kind == PictureKind::idr;
  if (!idr && !started_) return;  // of no use to a decoder that has nothing yet
  const auto type = idr ? FrameType::idr : FrameType::predicted;
  const auto time = now();
  if (!is_fit(unit, type)) {
    recovery_.not_sent(time);
    ask_encoder();
    return;
  }
  if (!started_) stream_->epoch = unit.times.presented;
  const auto block = gamestream::block_data_shards(stream_->params.packets.plan, unit.bytes.size());
  stream_->packetizer.set_min_parity(stream_->parity.parity_for(block));
  const auto packed = stream_->packetizer.pack(
      unit, {.type = type,
             .time = gamestream::rtp_time(unit.times.presented, stream_->epoch),
             .host_latency = std::max(Duration::zero(), time - unit.times.presented)});
  if (!packed) {
    log_.error("a frame is dropped: {}", describe(packed.error()));
    recovery_.not_sent(time);
    ask_encoder();
    return;
  }
  recovery_.made(packed->frame, type, time);
  if (idr) {
    started_ = true;
    stats_.idr.fetch_add(1, std::memory_order_relaxed);
  }
  stats_.frames.fetch_add(1, std::memory_order_relaxed);
  stats_.data_shards.fetch_add(packed->data_datagrams, std::memory_order_relaxed);
  stats_.parity_shards.fetch_add(packed->datagrams - packed->data_datagrams, std::memory_order_relaxed);
  send_trains();
}

void GameVideoSender::send_trains() {
  const net::SendOptions options{.traffic_class = stream_->params.mark ? kVideoTrafficClass : std::uint8_t{0},
                                 .from = peer_->at};
  while (const auto train = stream_->packetizer.next_train()) {
    const auto due = stream_->pacer.book(now(), Bytes{train->bytes.size()});
    if (due > now()) sleep_until(due);
    const auto accepted = socket_.send_segments(peer_->to, train->bytes, train->datagram_bytes, options);
    stats_.refused.fetch_add(train->datagrams - accepted, std::memory_order_relaxed);
    stats_.datagrams.fetch_add(accepted, std::memory_order_relaxed);
    loss_.expected += static_cast<std::uint32_t>(accepted);
    stats_.bytes.fetch_add(accepted * train->datagram_bytes, std::memory_order_relaxed);
  }
}

}  // namespace lumen::stream
