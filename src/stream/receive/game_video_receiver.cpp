#include "stream/receive/game_video_receiver.hpp"

#include <algorithm>
#include <utility>

#include "base/priority.hpp"

namespace lumen::stream {
namespace {

using namespace std::chrono_literals;
namespace control = gamestream::control;

constexpr Duration kPublishInterval = 100ms;
constexpr Duration kMaxWait = 5ms;  // pictures that did not decode wait that long at most

Timestamp now() { return SteadyTime{}.now(); }

gamestream::VideoFormat to_format(Codec codec) {
  switch (codec) {
    case Codec::h264:
      break;
    case Codec::hevc:
      return gamestream::VideoFormat::hevc;
    case Codec::av1:
      return gamestream::VideoFormat::av1;
  }
  return gamestream::VideoFormat::h264;
}

}  // namespace

Result<std::unique_ptr<GameVideoReceiver>> GameVideoReceiver::create(GameVideoParams params, Logger& log) {
  LUMEN_TRY(auto reassembler,
            gamestream::VideoReassembler::create(
                {.format = to_format(params.codec), .packet_size = params.packet_size_bytes},
                params.is_encrypted ? params.key.view() : ByteView{}));
  return std::unique_ptr<GameVideoReceiver>{
      new GameVideoReceiver{std::move(params), std::move(reassembler), log}};
}

GameVideoReceiver::GameVideoReceiver(GameVideoParams params, gamestream::VideoReassembler reassembler,
                                     Logger& log)
    : params_{std::move(params)},
      log_{log},
      impairment_{params_.loss_percent, params_.loss_seed},
      reassembler_{std::move(reassembler)},
      recovery_{{.reference_invalidation = params_.reference_invalidation}},
      decode_{params_.make_decoder,
              {.on_picture = params_.on_picture,
               .on_broken = [this](FrameId id) { broken_in_decoder_.store(id.value); },
               .on_failed = params_.on_failed},
              log_},
      thread_{"lm-receive", [this](const std::stop_token& stop) { loop(stop); }} {}

GameVideoReceiver::~GameVideoReceiver() { thread_.request_stop(); }

GameVideoStats GameVideoReceiver::stats() const {
  MutexLock lock{mutex_};
  return published_;
}

void GameVideoReceiver::loop(const std::stop_token& stop) {
  if (const auto raised = raise_priority(Urgency::realtime); !raised)
    log_.info("{}", describe(raised.error()));
  while (!stop.stop_requested()) {
    params_.socket.receive(wait_time(), [this](MutableBytes datagram) { on_datagram(datagram); });
    if (const auto broken = broken_in_decoder_.exchange(0); broken != 0)
      recovery_.not_decoded(FrameId{broken}, now());
    deliver();
    report();
    if (now() >= next_publish_) publish_stats();
  }
}

Duration GameVideoReceiver::wait_time() const {
  const auto deadline = reassembler_.next_deadline();
  return deadline ? std::clamp<Duration>(*deadline - now(), Duration::zero(), kMaxWait) : kMaxWait;
}

void GameVideoReceiver::on_datagram(MutableBytes datagram) {
  if (impairment_.drops()) return;
  if (stats_.first_datagram == Timestamp{}) {
    stats_.first_datagram = now();
    next_publish_ = {};
  }
  stats_.bytes += datagram.size();
  reassembler_.push(datagram, now());
  deliver();  // per datagram: a long train must not overflow the window
}

void GameVideoReceiver::deliver() {
  while (reassembler_.pop(frame_, now())) {
    if (const auto lost = reassembler_.take_loss()) recovery_.lost(*lost, now());
    if (recovery_.admits(frame_.frame, frame_.type)) {
      decode(frame_);
    } else {
      ++stats_.frames_skipped;
    }
  }
  if (const auto lost = reassembler_.take_loss()) recovery_.lost(*lost, now());
}

void GameVideoReceiver::decode(gamestream::ReceivedFrame& frame) {
  unit_.id = frame.frame;
  unit_.codec = params_.codec;
  unit_.kind = frame.type == gamestream::FrameType::idr ? PictureKind::idr : PictureKind::delta;
  unit_.width = params_.width;
  unit_.height = params_.height;
  unit_.host_encode = frame.host_latency;  // all that the host says: from capture to sending
  unit_.received = frame.received;
  unit_.complete = frame.complete;
  std::swap(unit_.bytes, frame.bytes);
  stats_.idr += unit_.kind == PictureKind::idr ? 1U : 0U;
  if (decode_.try_push(unit_)) return;
  ++stats_.decode_dropped_full;
  recovery_.not_decoded(frame.frame, now());
}

void GameVideoReceiver::report() {
  while (const auto status = reassembler_.take_status()) {
    if (params_.on_report(*status)) ++stats_.fec_reports;
  }
  while (const auto request = recovery_.next_request(now())) {
    const bool is_idr = std::holds_alternative<control::RequestIdr>(*request);
    if (params_.on_report(*request)) ++(is_idr ? stats_.idr_asked : stats_.invalidation_asked);
  }
}

void GameVideoReceiver::publish_stats() {
  next_publish_ = now() + kPublishInterval;
  stats_.reassembly = reassembler_.stats();
  stats_.foreign = params_.socket.foreign();
  stats_.dropped_by_injection = impairment_.dropped();
  MutexLock lock{mutex_};
  published_ = stats_;
}

}  // namespace lumen::stream
