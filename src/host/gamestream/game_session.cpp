#include "host/gamestream/game_session.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace lumen::host {
namespace {

namespace rtsp = gamestream::rtsp;
using namespace std::chrono_literals;

constexpr Duration kReadyWithin = 12s;  // a client waits for 15

Timestamp now() { return SteadyTime{}.now(); }

Codec to_codec(rtsp::VideoCodec codec) {
  switch (codec) {
    case rtsp::VideoCodec::h264:
      break;
    case rtsp::VideoCodec::hevc:
      return Codec::hevc;
    case rtsp::VideoCodec::av1:
      return Codec::av1;
  }
  return Codec::h264;
}

gamestream::VideoFormat to_video_format(rtsp::VideoCodec codec) {
  switch (codec) {
    case rtsp::VideoCodec::h264:
      break;
    case rtsp::VideoCodec::hevc:
      return gamestream::VideoFormat::hevc;
    case rtsp::VideoCodec::av1:
      return gamestream::VideoFormat::av1;
  }
  return gamestream::VideoFormat::h264;
}

Encoding to_encoding(const rtsp::VideoAgreement& video) {
  return {
      .codec = to_codec(video.profile.codec),
      .color = {video.color_space == rtsp::VideoColorSpace::bt601 ? ColorMatrix::bt601 : ColorMatrix::bt709,
                video.full_range ? ColorRange::full : ColorRange::limited},
      .bitrate_kbps = std::min(video.encoder_bitrate_kbps, kMaxBitrateKbps),
      .slices = std::min(video.slices_per_frame, kMaxSlices),
      .max_references = std::min(video.max_reference_frames, kMaxReferences)};
}

AudioFormat to_format(const rtsp::AudioAgreement& audio) {
  return {.channels = audio.layout.channels,
          .quality = audio.quality == rtsp::AudioQuality::high ? AudioQuality::high : AudioQuality::normal,
          .packet_ms = static_cast<std::uint8_t>(audio.packet_ms)};
}

}  // namespace

GameSession::GameSession(GameSessionParams params, net::UdpSocket& video, net::UdpSocket& audio,
                         EventLoop& loop, Logger& log, std::function<void(const std::string&)> on_ended)
    : params_{std::move(params)},
      loop_{loop},
      log_{log},
      on_ended_{std::move(on_ended)},
      pipes_{std::make_shared<Pipes>(video, audio, log)} {
  slot_ = std::make_unique<SessionSlot>(
      app_slot(params_.app, environment(), params_.runtime_dir, params_.settings),
      SlotEvents{
          .on_ring =
              [this](std::shared_ptr<link::SharedRing> ring) { pipes_->video.set_ring(std::move(ring)); },
          .on_audio_ring =
              [this](std::shared_ptr<link::AudioRing> ring) { pipes_->audio.set_ring(std::move(ring)); },
          .on_state = [this](SlotState state, const std::string& reason) { on_state(state, reason); },
          .on_ready =
              [this](const link::Ready& ready) {
                desktop_input_ = {.touch = ready.touch, .pen = ready.pen, .text = ready.text};
                params_.on_ready();
              },
          .on_mode = [this](const link::ModeChanged& mode) { on_mode(mode); },
          .on_sound = [this](const link::SoundState& sound) { sound_ = sound.reason; },
          .on_pad_feedback = params_.on_pad_feedback},
      loop_, pipes_->port, log_);
}

GameSession::~GameSession() {
  loop_.cancel(slow_);
  pipes_->video.end();
  pipes_->audio.end();
  slot_.reset();  // all that it started is gone then
  std::error_code ignored;
  std::filesystem::remove_all(params_.runtime_dir, ignored);
}

std::vector<std::string> GameSession::environment() const {
  return app_environment(params_.app, params_.client_name, params_.mode);
}

ChainParams GameSession::after() const {
  return {
      .commands = params_.app.after, .environment = environment(), .working_dir = params_.app.working_dir};
}

void GameSession::start(Done done) {
  before_ = std::make_unique<CommandChain>(
      ChainParams{.commands = params_.app.before,
                  .environment = environment(),
                  .working_dir = params_.app.working_dir},
      loop_, log_, [this, done = std::move(done)](bool good) {
        if (!good) {
          done(fail(ErrorCode::unavailable, "app.before",
                    fmt::format("what is to run before {} failed", params_.app.title), "See the log"));
          return;
        }
        slot_->prepare(params_.mode);
        done({});
      });
}

void GameSession::announce(const rtsp::StreamAgreement& agreement, ByteView key, std::uint32_t key_id,
                           Done done) {
  answer(fail(ErrorCode::cancelled, "session.replaced", "the client announced another stream"));
  agreement_ = agreement;
  announced_ = std::move(done);
  slow_ = loop_.call_at(now() + kReadyWithin, [this] {
    answer(fail(ErrorCode::timed_out, "session.slow", "the desktop shows nothing yet",
                "Try again when the application has started"));
  });
  const auto& video = agreement.video;
  auto begun = pipes_->video.begin({.packets = {.plan = {.packet_size = video.packet_size_bytes,
                                                         .percent = video.fec_percent,
                                                         .min_parity = video.min_parity_packets}},
                                    .format = to_video_format(video.profile.codec),
                                    .mark = video.mark_dscp},
                                   video.encrypted ? key : ByteView{});
  const auto format = to_format(agreement.audio);
  if (begun) {
    begun = pipes_->audio.begin({.format = format, .key_id = key_id, .mark = agreement.audio.mark_dscp},
                                agreement.audio.encrypted ? key : ByteView{});
  }
  if (!begun) {
    // Not from inside the call.
    loop_.cancel(slow_);
    slow_ = loop_.call_at(now(), [this, error = begun.error()] { answer(tl::unexpected{error}); });
    return;
  }
  encoder_.clear();
  auto encoding = to_encoding(video);
  encoding.id = ++encoding_id_;
  slot_->set_encoding(encoding);
  slot_->set_audio(format);
  slot_->client_wants(video.mode, {.drawn = true});
}

void GameSession::client_gone() {
  answer(fail(ErrorCode::cancelled, "session.client-gone", "the client has left"));
  pipes_->video.end();
  pipes_->audio.end();
  slot_->client_gone();
  agreement_.reset();
}

void GameSession::on_mode(const link::ModeChanged& mode) {
  encoder_ = fmt::format("{} ({})", mode.encoder, mode.encoder_reason);
  if (mode.encoding_id != encoding_id_ || mode.mode != slot_->mode()) return;
  answer({});
}

void GameSession::on_state(SlotState state, const std::string& reason) {
  if (state != SlotState::ended) return;
  answer(fail(ErrorCode::unavailable, "session.ended", reason));
  on_ended_(reason);
}

void GameSession::answer(const Status& status) {
  loop_.cancel(slow_);
  if (const auto done = std::exchange(announced_, nullptr)) done(status);
}

}  // namespace lumen::host
