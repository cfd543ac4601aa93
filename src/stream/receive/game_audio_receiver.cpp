#include "stream/receive/game_audio_receiver.hpp"

#include <algorithm>
#include <utility>

#include "base/priority.hpp"

namespace lumen::stream {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPublishInterval = 100ms;
constexpr Duration kMaxWait = 50ms;  // a stop waits that long at most
// Longer silence is skipped: what was heard before has faded away.
constexpr std::uint64_t kMaxConcealed = 20;

Timestamp now() { return SteadyTime{}.now(); }

}  // namespace

Result<std::unique_ptr<GameAudioReceiver>> GameAudioReceiver::create(GameAudioParams params, Logger& log) {
  LUMEN_TRY(auto reassembler,
            gamestream::AudioReassembler::create({.key_id = params.key_id},
                                                 params.is_encrypted ? params.key.view() : ByteView{}));
  LUMEN_TRY(auto decoder, audio::OpusDecoder::create(params.layout, params.packet_ms));
  return std::unique_ptr<GameAudioReceiver>{
      new GameAudioReceiver{std::move(params), std::move(reassembler), std::move(decoder), log}};
}

GameAudioReceiver::GameAudioReceiver(GameAudioParams params, gamestream::AudioReassembler reassembler,
                                     audio::OpusDecoder decoder, Logger& log)
    : params_{std::move(params)},
      log_{log},
      impairment_{params_.loss_percent, params_.loss_seed},
      reassembler_{std::move(reassembler)},
      decoder_{std::move(decoder)},
      thread_{"lm-audio", [this](const std::stop_token& stop) { loop(stop); }} {}

GameAudioReceiver::~GameAudioReceiver() { thread_.request_stop(); }

GameAudioStats GameAudioReceiver::stats() const {
  MutexLock lock{mutex_};
  return published_;
}

void GameAudioReceiver::loop(const std::stop_token& stop) {
  if (const auto raised = raise_priority(Urgency::urgent); !raised) log_.info("{}", describe(raised.error()));
  while (!stop.stop_requested()) {
    params_.socket.receive(wait_time(), [this](MutableBytes datagram) {
      if (impairment_.drops()) return;
      stats_.bytes += datagram.size();
      reassembler_.push(datagram, now());
      deliver();
    });
    deliver();
    if (now() >= next_publish_) publish_stats();
  }
}

Duration GameAudioReceiver::wait_time() const {
  const auto deadline = reassembler_.next_deadline();
  return deadline ? std::clamp<Duration>(*deadline - now(), Duration::zero(), kMaxWait) : kMaxWait;
}

void GameAudioReceiver::deliver() {
  while (const auto packet = reassembler_.pop(now())) {
    if (!params_.on_sound) continue;
    if (packet->missing == 0) {
      decode(packet->opus);
    } else {
      for (std::uint64_t i = 0; i < std::min(packet->missing, kMaxConcealed); ++i) decode({});
    }
  }
}

void GameAudioReceiver::decode(ByteView opus) {
  auto samples = decoder_.decode(opus);
  const bool malformed = !samples;
  if (malformed) {
    ++stats_.undecodable;
    samples = decoder_.decode({});  // goes on as if it had been lost
    if (!samples) return;
  }
  const bool concealed = malformed || opus.empty();
  ++(concealed ? stats_.concealed : stats_.decoded);
  params_.on_sound({*samples, params_.layout.channels, concealed});
}

void GameAudioReceiver::publish_stats() {
  next_publish_ = now() + kPublishInterval;
  stats_.reassembly = reassembler_.stats();
  stats_.foreign = params_.socket.foreign();
  stats_.dropped_by_injection = impairment_.dropped();
  MutexLock lock{mutex_};
  published_ = stats_;
}

}  // namespace lumen::stream
