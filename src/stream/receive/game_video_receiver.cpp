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
      recovery_{{.can_invalidate = params_.reference_invalidation}},
      watch_{now()},
      decode_{params_.make_decoder,
              {.on_picture = params_.on_picture,
               .on_broken = [this](FrameId) { broken_in_decoder_.store(true); },
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
    if (broken_in_decoder_.exchange(false)) recovery_.not_decoded(now());
    deliver();
    report();
    if (now() >= next_publish_) publish_stats();
  }
}

Duration GameVideoReceiver::wait_time() const {
  auto until = now() + kMaxWait;
  if (const auto deadline = reassembler_.next_deadline()) until = std::min(until, *deadline);
  if (const auto ask = recovery_.next_ask()) until = std::min(until, *ask);
  return std::max<Duration>(until - now(), Duration::zero());
}

void GameVideoReceiver::on_datagram(MutableBytes datagram) {
  if (impairment_.drops()) return;
  watch_.datagram_came(now());
  stats_.bytes += datagram.size();
  reassembler_.push(datagram, now());
  deliver();  // per datagram: a long train must not overflow the window
}

void GameVideoReceiver::deliver() {
  while (reassembler_.pop(frame_, now())) {
    note_loss();
    if (recovery_.admit(frame_.frame, frame_.type, now())) {
      decode(frame_);
    } else {
      ++stats_.frames_skipped;
    }
  }
  note_loss();
}

void GameVideoReceiver::note_loss() {
  if (const auto lost = reassembler_.take_loss()) recovery_.lost(lost->first, lost->last, now());
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
  if (unit_.kind == PictureKind::idr) {
    ++stats_.idr;
    watch_.key_frame_came();
  }
  if (decode_.try_push(unit_)) return;
  ++stats_.decode_dropped_full;
  recovery_.not_decoded(now());
}

void GameVideoReceiver::report() {
  while (const auto status = reassembler_.take_status()) {
    if (params_.on_report(*status)) ++stats_.fec_reports;
  }
  const auto request = recovery_.due(now());
  if (!request) return;
  if (request->kind == gamestream::RecoveryRequest::Kind::idr) {
    if (params_.on_report(control::RequestIdr{})) ++stats_.idr_asked;
  } else if (params_.on_report(
                 control::InvalidateReferenceFrames{static_cast<std::uint32_t>(request->first.value),
                                                    static_cast<std::uint32_t>(request->last.value)})) {
    ++stats_.invalidation_asked;
  }
}

void GameVideoReceiver::publish_stats() {
  next_publish_ = now() + kPublishInterval;
  stats_.reassembly = reassembler_.stats();
  stats_.foreign = params_.socket.foreign();
  stats_.dropped_by_injection = impairment_.dropped();
  stats_.verdict = watch_.verdict(now());
  MutexLock lock{mutex_};
  published_ = stats_;
}

}  // namespace lumen::stream
