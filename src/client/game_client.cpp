#include "client/game_client.hpp"

#include <poll.h>

#include <atomic>
#include <cmath>

#include <fmt/format.h>

#include "client/gamestream/game_client_stream.hpp"
#include "client/gamestream/host_fetch.hpp"
#include "client/gamestream/stream_choice.hpp"
#include "client/report_json.hpp"
#include "client/shell/feedback.hpp"
#include "client/stream_desk.hpp"
#include "codec/decoder_choice.hpp"
#include "codec/software.hpp"
#include "render/speaker.hpp"
#include "render/window.hpp"

namespace lumen::client {
namespace {

using namespace std::chrono_literals;

constexpr Duration kWindowPoll = 2ms;

Timestamp now() { return SteadyTime{}.now(); }

class GameRun {
 public:
  GameRun(const GameClientParams& params, HostBook& book, int signal_fd, Logger& log)
      : params_{params}, book_{book}, signal_fd_{signal_fd}, log_{log} {}

  GameClientOutcome go() {
    GameClientOutcome outcome;
    begun_ = now();
    outcome.status = run();
    const auto over = now();
    if (outcome.status && stream_ && !params_.png_path.empty())
      outcome.status = desk_->write_png(params_.png_path);
    fill(outcome.report, over);
    stream_.reset();  // no callback from here on
    if (desk_) {
      desk_->finish_recording();
      outcome.report.facts = desk_->checker().snapshot();
      if (totals_) outcome.report.figures = figures_json(*desk_, *totals_).dump();
    }
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
    if (!stream_) return {};  // the person has had enough before it stood
    const auto& agreed = stream_->session().stream().request;
    log_.info("streaming {}: {}x{} at {} frames/s, {}", stream_->facts().app, agreed.width, agreed.height,
              agreed.max_fps, name_of(agreed.codec));
    return loop();
  }

  Status open_outputs() {
    LUMEN_TRY(desk_, StreamDesk::create({.headless = params_.headless,
                                         .check = params_.check,
                                         .statistics = params_.statistics,
                                         .record_path = params_.record_path,
                                         .keep_seconds = true},
                                        log_));
    desk_->checker().expect({params_.mode.width, params_.mode.height / 2 * 2, params_.mode.refresh_mhz});
    if (params_.headless) {
      renderer_ = render::create_headless_sink();
      return {};
    }
    LUMEN_TRY(renderer_, render::create_window({.title = fmt::format("Lumen {}", to_string(params_.host)),
                                                .width = params_.mode.width,
                                                .height = params_.mode.height,
                                                .fullscreen = params_.fullscreen,
                                                .on_no_text = [this](const Error& error) {
                                                  log_.warn("{}", describe(error));
                                                }}));
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
      std::unique_ptr<GameClientStream> stream;
    };
    Mailbox<Started> started;
    OwnedThread starter{"lm-start", [&](const std::stop_token& stop) {
                          Started result;
                          auto stream = open_stream(stop);
                          if (stream) {
                            result.stream = std::move(*stream);
                          } else {
                            result.status = tl::unexpected{stream.error()};
                          }
                          started.put(std::move(result));
                        }};
    renderer_->set_message("connecting");
    for (;;) {
      if (auto result = started.take_until({}, now() + kWindowPoll)) {
        stream_ = std::move(result->stream);
        renderer_->set_message("");
        return std::move(result->status);
      }
      if (!renderer_->poll([](const InputEvent&) {}) || signalled()) return {};
    }
  }

  // lm-start
  Result<std::unique_ptr<GameClientStream>> open_stream(const std::stop_token& stop) {
    LUMEN_TRY(auto fetch, create_host_fetch(book_.identity()));
    LUMEN_TRY(
        auto connection,
        GameConnection::open({.address = params_.host, .book = &book_, .fetch = std::move(fetch)}, stop));
    return GameClientStream::start(connection,
                                   {.app = params_.app,
                                    .mode = params_.mode,
                                    .codec = params_.codec,
                                    .bitrate_kbps = params_.bitrate_kbps,
                                    .sound = params_.audio_channels != 0},
                                   {.audio_channels = params_.audio_channels,
                                    .loss_percent = params_.loss_percent,
                                    .loss_seed = params_.loss_seed},
                                   {.make_decoder = codec::decoder_factory(log_),
                                    .on_picture = [this](const auto& decoded) { on_picture(decoded); },
                                    .on_sound = [this](const auto& sound) { on_sound(sound); },
                                    .default_bitrate = codec::default_bitrate},
                                   stop, log_);
  }

  void on_picture(const stream::DecodedPicture& decoded) {  // lm-dec
    std::int64_t none = 0;
    first_picture_ns_.compare_exchange_strong(none, to_ns(decoded.decoded));
    desk_->on_picture(decoded);
  }
  void on_sound(const stream::DecodedSound& sound) {  // lm-audio
    meter_.add(sound.samples, sound.channels);
    if (speaker_) speaker_->play(sound.samples);
  }

  Status loop() {
    streaming_since_ = now();
    Timestamp next_line = streaming_since_ + 1s;
    const StreamView view{.counters = [this] { return stream_->counters(); },
                          .facts = [this] { return stream_->facts(); },
                          .notice = {}};
    desk_->begin(view);
    for (;;) {
      LUMEN_CHECK_OK(desk_->step(*renderer_, view));
      if (!poll_window() || signalled()) return {};
      LUMEN_CHECK_OK(stream_->verdict());
      // Time counts from the first picture: what comes before depends on the host's desktop.
      const auto first = first_picture_ns_.load(std::memory_order_relaxed);
      if (params_.run_for && first != 0 && now() - from_ns(first) >= *params_.run_for) return {};
      if (params_.progress && now() >= next_line) {
        next_line += 1s;
        print_progress();
      }
    }
  }

  // False: the person has had enough.
  bool poll_window() {
    pass_feedback(*stream_, *renderer_);
    bool left = false;
    const ClientWindow::Events events{
        .on_input = [this](const InputEvent& event) { stream_->send_input(event); },
        .on_pad = [this](const PadEvent& event) { stream_->send_pad(event); },
        .on_screen = {},
        .on_command =
            [&](WindowCommand command) {
              left = left || command == WindowCommand::leave;
              if (command == WindowCommand::next_statistics) desk_->next_statistics();
            }};
    return renderer_->poll(events) && !left;
  }

  void fill(GameClientReport& report, Timestamp over) {
    if (!stream_) return;
    const auto& session = stream_->session();
    const auto& agreed = session.stream().request;
    report.app = stream_->facts().app;
    report.codec = name_of(agreed.codec);
    report.mode = {agreed.width, agreed.height, params_.mode.refresh_mhz};
    report.resumed = session.resumed();
    report.stream = session.stats();
    totals_ = desk_->totals(stream_->counters());
    const auto first = first_picture_ns_.load(std::memory_order_relaxed);
    if (first != 0) report.time_to_picture = from_ns(first) - begun_;
    report.ran_for = over - streaming_since_;
  }

  bool signalled() const {
    pollfd waiter{signal_fd_, POLLIN, 0};
    return signal_fd_ >= 0 && poll(&waiter, 1, 0) == 1;
  }
  void print_progress() {
    const auto video = stream_->session().stats().video;
    const auto frames = video.reassembly.frames - std::exchange(last_frames_, video.reassembly.frames);
    fmt::print(stderr, "\r  {:3} s: {:3} frames/s, lost {}, repaired {}   ", (now() - streaming_since_) / 1s,
               frames, video.reassembly.frames_lost, video.reassembly.frames_repaired);
  }

  const GameClientParams& params_;
  HostBook& book_;
  int signal_fd_;
  Logger& log_;
  std::unique_ptr<StreamDesk> desk_;
  SoundMeter meter_;
  std::optional<StreamFigures> totals_;  // once the stream is over
  std::unique_ptr<ClientWindow> renderer_;
  std::unique_ptr<render::Speaker> speaker_;       // lm-audio uses it
  std::atomic<std::int64_t> first_picture_ns_{0};  // set by lm-dec, publishes nothing
  std::uint64_t last_frames_ = 0;
  Timestamp begun_{}, streaming_since_{};
  std::unique_ptr<GameClientStream> stream_;  // last: its threads call back into the rest
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

}  // namespace

GameClientOutcome run_game_client(const GameClientParams& params, HostBook& book, int signal_fd,
                                  Logger& log) {
  return GameRun{params, book, signal_fd, log}.go();
}

std::string to_json(const GameClientReport& report) {
  auto json = to_json(report.facts);
  json.update(to_json(report.stream.video));
  if (!report.figures.empty()) json.update(nlohmann::json::parse(report.figures));
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
