#include "client/game_client.hpp"

#include <poll.h>

#include <atomic>
#include <cmath>

#include <fmt/format.h>

#include "client/gamestream/host_fetch.hpp"
#include "client/picture_copy.hpp"
#include "client/picture_tap.hpp"
#include "client/report_json.hpp"
#include "codec/decoder_choice.hpp"
#include "codec/software.hpp"
#include "render/speaker.hpp"
#include "render/window.hpp"

namespace lumen::client {
namespace {

namespace rtsp = gamestream::rtsp;
using namespace std::chrono_literals;

constexpr Duration kWindowPoll = 2ms, kHeadlessPoll = 50ms;
constexpr std::uint32_t kMinBitrateKbps = 500;

Timestamp now() { return SteadyTime{}.now(); }

rtsp::CodecModes codec_modes(const std::optional<Codec>& wanted) {
  if (!wanted) return rtsp::kH264 | rtsp::kHevc | rtsp::kAv1;
  switch (*wanted) {
    case Codec::h264:
      break;
    case Codec::hevc:
      return rtsp::kHevc;
    case Codec::av1:
      return rtsp::kAv1;
  }
  return rtsp::kH264;
}

std::string_view name_of(rtsp::VideoCodec codec) {
  switch (codec) {
    case rtsp::VideoCodec::h264:
      return "h264";
    case rtsp::VideoCodec::hevc:
      return "hevc";
    case rtsp::VideoCodec::av1:
      return "av1";
  }
  return "unknown";
}

// What the encoder should have, and a quarter more for parity and sound: hosts take that off again.
std::uint32_t bitrate_of(const GameClientParams& params) {
  if (params.bitrate_kbps != 0) return params.bitrate_kbps;
  const auto encoder = codec::default_bitrate(params.mode).value / 1000;
  return std::max(static_cast<std::uint32_t>(encoder * 5 / 4), kMinBitrateKbps);
}

class GameRun {
 public:
  GameRun(const GameClientParams& params, HostBook& book, int signal_fd, Logger& log)
      : params_{params},
        book_{book},
        signal_fd_{signal_fd},
        log_{log},
        tap_{!params.headless, params.check} {}

  GameClientOutcome go() {
    GameClientOutcome outcome;
    begun_ = now();
    outcome.status = run();
    const auto over = now();
    if (outcome.status && session_ && !params_.png_path.empty())
      outcome.status = tap_.write_png(params_.png_path);
    fill(outcome.report, over);
    session_.reset();  // no callback from here on
    outcome.report.facts = tap_.checker().snapshot();
    outcome.report.sound = meter_.snapshot();
    const auto& facts = outcome.report.facts;
    if (facts.distinct > 0)
      outcome.report.since_last_frame = std::max<Duration>(over - facts.last_at, Duration::zero());
    return outcome;
  }

 private:
  Status run() {
    LUMEN_CHECK_OK(open_outputs());
    LUMEN_CHECK_OK(start());
    if (!session_) return {};  // the person has had enough before it stood
    const auto& agreed = session_->stream().request;
    log_.info("streaming {}: {}x{} at {} frames/s, {}", app_.title, agreed.width, agreed.height,
              agreed.max_fps, name_of(agreed.codec));
    return loop();
  }

  Status open_outputs() {
    tap_.checker().expect({params_.mode.width, params_.mode.height / 2 * 2, params_.mode.refresh_mhz});
    if (params_.headless) {
      renderer_ = render::create_headless_sink();
      return {};
    }
    LUMEN_TRY(renderer_, render::create_window({.title = fmt::format("Lumen {}", to_string(params_.host)),
                                                .width = params_.mode.width,
                                                .height = params_.mode.height,
                                                .fullscreen = params_.fullscreen}));
    if (params_.audio_channels == 0) return {};
    auto speaker = render::Speaker::create({.channels = static_cast<std::uint8_t>(params_.audio_channels)});
    if (speaker) {
      speaker_ = std::move(*speaker);
    } else {
      log_.warn("{}", describe(speaker.error()));  // a picture without sound is better than none
    }
    return {};
  }

  // On a thread of its own, so that the window answers and signals count while the host takes its time.
  Status start() {
    struct Started {
      Status status;
      std::unique_ptr<GameStreamSession> session;
    };
    Mailbox<Started> started;
    OwnedThread starter{"lm-start", [&](const std::stop_token& stop) {
                          Started result;
                          auto session = open_session(stop);
                          if (session) {
                            result.session = std::move(*session);
                          } else {
                            result.status = tl::unexpected{session.error()};
                          }
                          started.put(std::move(result));
                        }};
    renderer_->set_message("connecting");
    for (;;) {
      if (auto result = started.take_until({}, now() + kWindowPoll)) {
        session_ = std::move(result->session);
        renderer_->set_message("");
        return std::move(result->status);
      }
      if (!renderer_->poll([](const InputEvent&) {}) || signalled()) return {};
    }
  }

  // lm-start
  Result<std::unique_ptr<GameStreamSession>> open_session(const std::stop_token& stop) {
    LUMEN_TRY(auto fetch, create_host_fetch(book_.identity()));
    LUMEN_TRY(
        auto connection,
        GameConnection::open({.address = params_.host, .book = &book_, .fetch = std::move(fetch)}, stop));
    LUMEN_TRY(app_, connection.find_app(params_.app, stop));
    return GameStreamSession::start(connection,
                                    {.app = app_,
                                     .mode = params_.mode,
                                     .bitrate_kbps = bitrate_of(params_),
                                     .codec_modes = codec_modes(params_.codec),
                                     .audio_channels = params_.audio_channels,
                                     .loss_percent = params_.loss_percent,
                                     .loss_seed = params_.loss_seed,
                                     .make_decoder = codec::decoder_factory(log_),
                                     .on_picture = [this](const auto& decoded) { on_picture(decoded); },
                                     .on_sound = [this](const auto& sound) { on_sound(sound); },
                                     .on_failed = [this](const Error& error) { set_failure(error); }},
                                    stop, log_);
  }

  void on_picture(const stream::DecodedPicture& decoded) {  // lm-dec
    std::int64_t none = 0;
    first_picture_ns_.compare_exchange_strong(none, to_ns(decoded.decoded));
    tap_.on_picture(decoded);
  }
  void on_sound(const stream::DecodedSound& sound) {  // lm-audio
    meter_.add(sound.samples, sound.channels);
    if (speaker_) speaker_->play(sound.samples);
  }

  Status loop() {
    streaming_since_ = now();
    Timestamp next_line = streaming_since_ + 1s;
    for (;;) {
      if (auto picture = tap_.take_until(now() + (params_.headless ? kHeadlessPoll : kWindowPoll))) {
        LUMEN_CHECK_OK(renderer_->present(view_of(picture->lease.picture(), picture->color)));
      }
      if (!renderer_->poll([this](const InputEvent& event) { session_->send_input(event); })) return {};
      if (signalled()) return {};
      LUMEN_CHECK_OK(verdict());
      // Time counts from the first picture: what comes before depends on the host's desktop.
      const auto first = first_picture_ns_.load(std::memory_order_relaxed);
      if (params_.run_for && first != 0 && now() - from_ns(first) >= *params_.run_for) return {};
      if (params_.progress && now() >= next_line) {
        next_line += 1s;
        print_progress();
      }
    }
  }

  Status verdict() {
    {
      MutexLock lock{mutex_};
      if (failure_) return tl::unexpected{*failure_};
    }
    return session_->video_verdict();
  }

  void fill(GameClientReport& report, Timestamp over) {
    report.app = app_.title;
    if (!session_) return;
    const auto& agreed = session_->stream().request;
    report.codec = name_of(agreed.codec);
    report.mode = {agreed.width, agreed.height, params_.mode.refresh_mhz};
    report.resumed = session_->resumed();
    report.stream = session_->stats();
    const auto first = first_picture_ns_.load(std::memory_order_relaxed);
    if (first != 0) report.time_to_picture = from_ns(first) - begun_;
    report.ran_for = over - streaming_since_;
  }

  void set_failure(const Error& error) {
    MutexLock lock{mutex_};
    if (!failure_) failure_ = error;
  }
  bool signalled() const {
    pollfd waiter{signal_fd_, POLLIN, 0};
    return signal_fd_ >= 0 && poll(&waiter, 1, 0) == 1;
  }
  void print_progress() {
    const auto video = session_->stats().video;
    const auto frames = video.reassembly.frames - std::exchange(last_frames_, video.reassembly.frames);
    fmt::print(stderr, "\r  {:3} s: {:3} frames/s, lost {}, repaired {}   ", (now() - streaming_since_) / 1s,
               frames, video.reassembly.frames_lost, video.reassembly.frames_repaired);
  }

  const GameClientParams& params_;
  HostBook& book_;
  int signal_fd_;
  Logger& log_;
  PictureTap tap_;
  SoundMeter meter_;
  Mutex mutex_;
  std::optional<Error> failure_ LUMEN_GUARDED_BY(mutex_);
  std::unique_ptr<FrameRenderer> renderer_;
  std::unique_ptr<render::Speaker> speaker_;       // lm-audio uses it
  gamestream::App app_;                            // lm-start, then main
  std::atomic<std::int64_t> first_picture_ns_{0};  // set by lm-dec, publishes nothing
  std::uint64_t last_frames_ = 0;
  Timestamp begun_{}, streaming_since_{};
  std::unique_ptr<GameStreamSession> session_;  // last: its threads call back into the rest
};

nlohmann::json to_json(const stream::GameVideoStats& video) {
  const auto& assembly = video.reassembly;
  return {{"idr_count", video.idr},
          {"idr_asked", video.idr_asked},
          {"invalidation_asked", video.invalidation_asked},
          {"recovery_asked", video.idr_asked + video.invalidation_asked},
          {"fec_reports", video.fec_reports},
          {"datagrams", assembly.datagrams},
          {"bytes", video.bytes},
          {"datagrams_dropped_by_injection", video.dropped_by_injection},
          {"datagrams_not_authentic", assembly.forged},
          {"datagrams_foreign", video.foreign},
          {"access_units_complete", assembly.frames},
          {"access_units_lost", assembly.frames_lost},
          {"access_units_repaired", assembly.frames_repaired},
          {"access_units_skipped", video.frames_skipped},
          {"shards_repaired", assembly.shards_repaired},
          {"shards_invalid", assembly.invalid},
          {"shards_refused", assembly.refused},
          {"decode_dropped_full", video.decode_dropped_full}};
}

nlohmann::json to_json(const stream::GameAudioStats& audio) {
  const auto& assembly = audio.reassembly;
  return {{"packets", assembly.packets},
          {"packets_repaired", assembly.packets_repaired},
          {"packets_missing", assembly.packets_missing},
          {"packets_decoded", audio.decoded},
          {"packets_concealed", audio.concealed},
          {"packets_undecodable", audio.undecodable},
          {"datagrams", assembly.datagrams},
          {"datagrams_invalid", assembly.invalid},
          {"datagrams_foreign", audio.foreign},
          {"datagrams_dropped_by_injection", audio.dropped_by_injection},
          {"bytes", audio.bytes}};
}

nlohmann::json to_json(const SoundFacts& facts) {
  auto channels = nlohmann::json::array();
  for (std::size_t i = 0; i < facts.channels; ++i) {
    const auto& channel = facts.by_channel[i];
    channels.push_back(
        {{"level_dbfs", channel.level_dbfs}, {"peak_dbfs", channel.peak_dbfs}, {"tone_hz", channel.tone_hz}});
  }
  return {{"channels", std::move(channels)},
          {"samples", facts.samples},
          {"silent_samples", facts.silent_samples}};
}

}  // namespace

GameClientOutcome run_game_client(const GameClientParams& params, HostBook& book, int signal_fd,
                                  Logger& log) {
  return GameRun{params, book, signal_fd, log}.go();
}

std::string to_json(const GameClientReport& report) {
  auto json = to_json(report.facts);
  json.update(to_json(report.stream.video));
  auto sound = to_json(report.sound);
  sound.update(to_json(report.stream.audio));
  json.update({{"protocol", "gamestream"},
               {"app", report.app},
               {"resumed", report.resumed},
               {"codec", report.codec},
               {"mode", is_valid(report.mode) ? to_string(report.mode) : ""},
               {"sound", std::move(sound)},
               {"time_to_picture_ms", to_ms(report.time_to_picture)},
               {"ms_since_last_frame", to_ms(report.since_last_frame)},
               {"seconds", std::chrono::duration<double>(report.ran_for).count()}});
  return to_text(json);
}

}  // namespace lumen::client
