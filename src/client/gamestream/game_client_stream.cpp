#include "client/gamestream/game_client_stream.hpp"

#include <algorithm>
#include <utility>

#include "base/mutex.hpp"
#include "client/gamestream/stream_choice.hpp"
#include "media/pad_feedback.hpp"

namespace lumen::client {
namespace {

namespace rtsp = gamestream::rtsp;

std::string codec_text(rtsp::VideoCodec codec) {
  switch (codec) {
    case rtsp::VideoCodec::h264:
      break;
    case rtsp::VideoCodec::hevc:
      return std::string{to_string(Codec::hevc)};
    case rtsp::VideoCodec::av1:
      return std::string{to_string(Codec::av1)};
  }
  return std::string{to_string(Codec::h264)};
}

}  // namespace

// What the session's threads leave for the main thread.
class GameClientStream::Told {
 public:
  void failed(const Error& error) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    if (!failure_) failure_ = error;
  }
  void wants(const PadFeedback& feedback) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    feedback_.put(feedback);
  }
  void decodes_with(std::string name) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    decoder_ = std::move(name);
  }
  Status verdict() const LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    if (failure_) return tl::unexpected{*failure_};
    return {};
  }
  std::optional<PadFeedback> take_feedback() LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    return feedback_.take();
  }
  std::string decoder() const LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    return decoder_;
  }

 private:
  mutable Mutex mutex_;
  std::optional<Error> failure_ LUMEN_GUARDED_BY(mutex_);
  PadFeedbackBox feedback_ LUMEN_GUARDED_BY(mutex_);
  std::string decoder_ LUMEN_GUARDED_BY(mutex_);
};

GameClientStream::GameClientStream(StreamFacts facts, std::shared_ptr<Told> told,
                                   std::unique_ptr<GameStreamSession> session)
    : facts_{std::move(facts)}, told_{std::move(told)}, session_{std::move(session)} {}

std::optional<PadFeedback> GameClientStream::take_feedback() { return told_->take_feedback(); }

StreamFacts GameClientStream::facts() const {
  auto facts = facts_;
  facts.decoder = told_->decoder();
  return facts;
}

Status GameClientStream::verdict() const {
  LUMEN_CHECK_OK(told_->verdict());
  return session_->video_verdict();
}

StreamCounters to_counters(const GameStreamStats& stats) {
  const auto& assembly = stats.video.reassembly;
  const auto useful = assembly.datagrams - std::min(assembly.datagrams, assembly.surplus);
  return {.datagrams = assembly.datagrams,
          .bytes = stats.video.bytes,
          .datagrams_lost = assembly.shards_repaired,
          .frames = assembly.frames,
          .frames_lost = assembly.frames_lost,
          .frames_repaired = assembly.frames_repaired,
          .shards_repaired = assembly.shards_repaired,
          .recovery_asked = stats.video.idr_asked + stats.video.invalidation_asked,
          .key_frames = stats.video.idr,
          .sound_packets = stats.audio.decoded,
          .sound_concealed = stats.audio.concealed,
          .parity_percent =
              useful == 0 ? 0 : 100.0 * static_cast<double>(assembly.surplus) / static_cast<double>(useful),
          .round_trip = stats.round_trip};
}

Result<std::unique_ptr<GameClientStream>> GameClientStream::start(GameConnection& connection,
                                                                  const StreamRequest& wanted,
                                                                  const GameStreamExtras& extras,
                                                                  const StreamOutputs& outputs,
                                                                  const std::stop_token& stop, Logger& log) {
  LUMEN_TRY(auto app, connection.find_app(wanted.app, stop));
  const auto told = std::make_shared<Told>();
  const auto bitrate = wanted.bitrate_kbps != 0 ? wanted.bitrate_kbps
                                                : whole_bitrate_kbps(outputs.default_bitrate(wanted.mode));
  LUMEN_TRY(auto session,
            GameStreamSession::start(
                connection,
                {.app = app,
                 .mode = wanted.mode,
                 .bitrate_kbps = bitrate,
                 .codec_modes = codec_modes(wanted.codec),
                 .audio_channels = wanted.sound ? extras.audio_channels : 0U,
                 .loss_percent = extras.loss_percent,
                 .loss_seed = extras.loss_seed,
                 .make_decoder =
                     [told, make = outputs.make_decoder](Codec codec) {
                       auto made = make(codec);
                       if (made) told->decodes_with((*made)->name());
                       return made;
                     },
                 .on_picture = outputs.on_picture,
                 .on_sound = outputs.on_sound,
                 .on_pad_feedback = [told](const PadFeedback& feedback) { told->wants(feedback); },
                 .on_failed = [told](const Error& error) { told->failed(error); }},
                stop, log));
  const auto& agreed = session->stream().request;
  StreamFacts facts{.protocol = "GameStream",
                    .host = connection.info().hostname,
                    .app = app.title,
                    .codec = codec_text(agreed.codec),
                    .mode = {agreed.width, agreed.height, wanted.mode.refresh_mhz},
                    .bitrate_kbps = bitrate};
  return std::unique_ptr<GameClientStream>{new GameClientStream{std::move(facts), told, std::move(session)}};
}

}  // namespace lumen::client
