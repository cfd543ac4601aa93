#include "client/client.hpp"

#include <poll.h>

#include <fmt/format.h>

#include "client/lumen1/lumen_client_stream.hpp"
#include "client/lumen1/pointer_follower.hpp"
#include "client/report_json.hpp"
#include "client/stream_desk.hpp"
#include "codec/decoder_choice.hpp"
#include "media/pad_feedback.hpp"
#include "render/microphone.hpp"
#include "render/speaker.hpp"
#include "render/window.hpp"

namespace lumen::client {
namespace {

using namespace std::chrono_literals;

constexpr Duration kConnectTimeout = 15s, kHostSilence = 12s, kQuiet = 1s;

Timestamp now() { return SteadyTime{}.now(); }

class Run {
 public:
  Run(const ClientParams& params, int signal_fd, Logger& log)
      : params_{params}, signal_fd_{signal_fd}, log_{log} {}

  ClientOutcome go() {
    const auto begun = now();
    ClientOutcome outcome{{}, open()};
    if (outcome.status) outcome.status = loop(begun);
    const auto over = now();
    if (outcome.status && !params_.png_path.empty()) outcome.status = desk_->write_png(params_.png_path);
    std::optional<StreamFigures> totals;
    if (receiver_) {
      outcome.report.receive = receiver_->stats();
      totals = desk_->totals(to_counters(outcome.report.receive));
    }
    receiver_.reset();  // no callback from here on
    outcome.report.sound = meter_.snapshot();
    if (desk_) {
      desk_->finish_recording();
      outcome.report.facts = desk_->checker().snapshot();
      if (totals) outcome.report.figures = figures_json(*desk_, *totals).dump();
    }
    outcome.report.since_last_frame = over - outcome.report.facts.last_at;
    outcome.report.ran_for = now() - begun;
    if (const auto state = states_seen()) outcome.report.host = *state;
    return outcome;
  }

 private:
  Status open() {
    LUMEN_TRY(desk_, StreamDesk::create({.headless = params_.headless,
                                         .check = params_.check,
                                         .statistics = params_.statistics,
                                         .record_path = params_.record_path,
                                         .keep_seconds = true},
                                        log_));
    if (params_.headless) {
      renderer_ = render::create_headless_sink();
    } else {
      LUMEN_TRY(renderer_, render::create_window({.title = fmt::format("Lumen {}", to_string(params_.mode)),
                                                  .width = params_.mode.width,
                                                  .height = params_.mode.height,
                                                  .fullscreen = params_.fullscreen,
                                                  .on_no_text = [this](const Error& error) {
                                                    log_.warn("{}", describe(error));
                                                  }}));
    }
    desk_->checker().expect(params_.mode);
    LUMEN_TRY(receiver_,
              stream::StreamReceiver::create(
                  {.connect = params_.connect,
                   .mode = params_.mode,
                   .pointer_drawn = !params_.headless && !params_.find_pointer_look,
                   .loss_percent = params_.loss_percent,
                   .loss_seed = params_.loss_seed,
                   .make_decoder = [this](Codec codec) { return make_decoder(codec); },
                   .on_picture = [this](const auto& decoded) { desk_->on_picture(decoded); },
                   .on_host_state = [this](const auto& state) { on_host_state(state); },
                   .on_pad_feedback = [this](const auto& feedback) { keep_pad_feedback(feedback); },
                   .on_pointer = [this](const PointerState& state) { pointer_.moved(state); },
                   .on_failed = [this](const Error& error) { set_failure(error); },
                   .sound = sound_params(),
                   .open_microphone =
                       params_.microphone ? OpenSoundInput{render::open_microphone} : OpenSoundInput{}},
                  log_));
    return {};
  }

  stream::SoundReceiver::Params sound_params() {
    stream::SoundReceiver::Params sound;
    sound.on_sound = [this](std::span<const float> samples, std::uint8_t channels) {
      meter_.add(samples, channels);
    };
    if (params_.headless || !params_.sound) return sound;
    sound.make_output = [this](std::uint8_t channels) -> std::unique_ptr<SoundOutput> {
      auto speaker = render::Speaker::create({.channels = channels, .cushion = Duration::zero()});
      if (speaker) return std::move(*speaker);
      log_.warn("{}", describe(speaker.error()));  // a picture without sound is better than none
      return nullptr;
    };
    return sound;
  }

  Status loop(Timestamp begun) {
    Timestamp next_line = begun + 1s;
    bool mode_switched = !params_.then_mode;
    desk_->begin(view_);
    for (;;) {
      LUMEN_CHECK_OK(desk_->step(*renderer_, view_));
      if (!poll_window()) return {};
      if (signalled()) return {};
      LUMEN_CHECK_OK(verdict(begun));
      const auto ran = streaming_since_ == Timestamp{} ? Duration::zero() : now() - streaming_since_;
      if (params_.run_for && ran >= *params_.run_for) return {};
      if (!mode_switched && ran >= params_.then_after) {
        mode_switched = true;
        desk_->checker().expect(*params_.then_mode);
        receiver_->set_mode(*params_.then_mode);
      }
      if (params_.progress && now() >= next_line) {
        next_line += 1s;
        print_progress();
      }
    }
  }

  // Why the stream cannot go on, if it cannot.
  Status verdict(Timestamp begun) {
    if (params_.verdict) {
      LUMEN_CHECK_OK(params_.verdict());
    }
    MutexLock lock{mutex_};
    if (failure_) return tl::unexpected{*failure_};
    if (!state_) {
      if (now() - begun < kConnectTimeout) return {};
      return fail(ErrorCode::timed_out, "client.no-host",
                  fmt::format("no answer from {}:{}", params_.connect.address, params_.connect.port),
                  "Check that lumen-host runs (lumen-host status) and wrote the connect file that you use");
    }
    if (state_->state == lumen1::StreamState::ended) {
      return fail(ErrorCode::unavailable, "client.stream-ended",
                  fmt::format("the host ended the stream: {}", state_->reason));
    }
    if (receiver_->host_left()) {
      return fail(ErrorCode::unavailable, "client.host-stopped", "the host was stopped",
                  "Start it again: lumen-host serve");
    }
    if (receiver_->silence() > kHostSilence) {
      return fail(ErrorCode::unavailable, "client.host-gone", "the host does not answer any more",
                  "Check that it runs (lumen-host status) and that the network is up");
    }
    const bool quiet = receiver_->silence() > kQuiet;
    view_.notice = quiet ? "No answer from the host" : state_->reason;
    renderer_->set_message(view_.notice);
    if (state_->state == lumen1::StreamState::streaming && streaming_since_ == Timestamp{})
      streaming_since_ = now();
    return {};
  }

  // False: the person has had enough.
  bool poll_window() {
    bool left = false;
    const ClientWindow::Events events{
        .on_input = [this](const InputEvent& event) { receiver_->send_input(event); },
        .on_pad = [this](const PadEvent& event) { receiver_->send_pad(event); },
        .on_screen = {},
        .on_command =
            [&](WindowCommand command) {
              left = left || command == WindowCommand::leave;
              if (command == WindowCommand::next_statistics) desk_->next_statistics();
            }};
    auto wanted = take_pad_feedback();
    while (const auto feedback = wanted.take()) renderer_->feed_back(*feedback);
    if (params_.find_pointer_look) {
      if (const auto pointer = pointer_.take(params_.find_pointer_look)) renderer_->set_pointer(*pointer);
    }
    return renderer_->poll(events) && !left;
  }

  void keep_pad_feedback(const PadFeedback& feedback) {
    MutexLock lock{mutex_};
    pad_feedback_.put(feedback);
  }
  PadFeedbackBox take_pad_feedback() {
    MutexLock lock{mutex_};
    return std::exchange(pad_feedback_, {});
  }

  Result<std::unique_ptr<VideoDecoder>> make_decoder(Codec codec) {  // lm-dec
    auto made = decoders_(codec);
    if (made) {
      MutexLock lock{mutex_};
      codec_ = codec;
      decoder_ = (*made)->name();
    }
    return made;
  }

  StreamFacts facts() {
    MutexLock lock{mutex_};
    StreamFacts facts{.protocol = "lumen/1",
                      .host = params_.connect.address,
                      .codec = codec_ ? std::string{to_string(*codec_)} : "",
                      .decoder = decoder_};
    if (state_) {
      facts.encoder = state_->encoder;
      facts.display = state_->display;
      facts.capture = state_->capture;
      facts.mode = state_->mode;
    }
    return facts;
  }

  void on_host_state(const lumen1::HostState& state) {
    if (!state.reason.empty()) log_.warn("host: {}", state.reason);
    MutexLock lock{mutex_};
    state_ = state;
  }
  void set_failure(const Error& error) {
    MutexLock lock{mutex_};
    failure_ = error;
  }
  std::optional<lumen1::HostState> states_seen() {
    MutexLock lock{mutex_};
    return state_;
  }

  bool signalled() const {
    pollfd waiter{signal_fd_, POLLIN, 0};
    return signal_fd_ >= 0 && poll(&waiter, 1, 0) == 1;
  }

  void print_progress() {
    const auto facts = desk_->checker().snapshot();
    const auto distinct = facts.distinct - std::exchange(last_distinct_, facts.distinct);
    fmt::print(stderr, "\r  {:3} s: {:3} frames/s, drawn → decoded {:.1f} ms (p50), lost {}   ",
               streaming_since_ == Timestamp{} ? 0 : (now() - streaming_since_) / 1s, distinct,
               to_ms(facts.latency.total.quantile(0.5)), facts.lost);
  }

  const ClientParams& params_;
  int signal_fd_;
  Logger& log_;
  const DecoderFactory decoders_ = codec::decoder_factory(log_);
  SoundMeter meter_;
  std::unique_ptr<StreamDesk> desk_;
  Mutex mutex_;
  std::optional<Codec> codec_ LUMEN_GUARDED_BY(mutex_);
  std::string decoder_ LUMEN_GUARDED_BY(mutex_);
  std::optional<lumen1::HostState> state_ LUMEN_GUARDED_BY(mutex_);
  std::optional<Error> failure_ LUMEN_GUARDED_BY(mutex_);
  PadFeedbackBox pad_feedback_ LUMEN_GUARDED_BY(mutex_);
  StreamView view_{.counters = [this] { return to_counters(receiver_->stats()); },
                   .facts = [this] { return facts(); },
                   .notice = {}};
  PointerFollower pointer_;
  std::unique_ptr<ClientWindow> renderer_;
  Timestamp streaming_since_{};
  std::uint64_t last_distinct_ = 0;
  std::unique_ptr<stream::StreamReceiver> receiver_;  // last: its threads call back into the rest
};

nlohmann::json to_json(const stream::SoundReceiveStats& sound) {
  const auto& player = sound.player;
  const auto& playout = player.playout;
  return {{"packets_played", playout.played},
          {"packets_from_copies", playout.copies_used},
          {"packets_concealed", playout.concealed},
          {"packets_late", playout.late},
          {"packets_skipped", playout.skipped},
          {"packets_silent", playout.silent},
          {"packets_undecodable", player.undecodable},
          {"streams", player.streams},
          {"datagrams", sound.datagrams},
          {"bytes", sound.bytes},
          {"datagrams_malformed", player.malformed},
          {"datagrams_not_authentic", sound.not_authentic},
          {"datagrams_dropped_full", sound.dropped_full},
          {"lead_ms", to_ms(player.lead)},
          {"wanted_lead_ms", to_ms(player.wanted_lead)},
          {"latency_ms", to_ms(sound.latency)},
          {"queued_ms", to_ms(sound.queued)}};
}

}  // namespace

ClientOutcome run_client(const ClientParams& params, int signal_fd, Logger& log) {
  return Run{params, signal_fd, log}.go();
}

std::string to_json(const ClientReport& report) {
  const auto& assembly = report.receive.reassembly;
  auto json = to_json(report.facts);
  if (!report.figures.empty()) json.update(nlohmann::json::parse(report.figures));
  auto sound = to_json(report.sound);
  sound.update(to_json(report.receive.sound));
  json.update({{"sound", std::move(sound)},
               {"voice_packets_sent", report.receive.voice_packets},
               {"mode", is_valid(report.host.mode) ? to_string(report.host.mode) : ""},
               {"encoder", report.host.encoder},
               {"encoder_reason", report.host.encoder_reason},
               {"display", report.host.display},
               {"capture", report.host.capture},
               {"ms_since_last_frame", to_ms(report.since_last_frame)},
               {"idr_count", report.receive.idr},
               {"recovery_asked", report.receive.recovery_asked},
               {"datagrams", report.receive.datagrams},
               {"bytes", report.receive.bytes},
               {"datagrams_dropped_by_injection", report.receive.dropped_by_injection},
               {"datagrams_not_authentic", report.receive.not_authentic},
               {"datagrams_foreign", report.receive.foreign},
               {"access_units_complete", assembly.frames_complete},
               {"access_units_lost", assembly.frames_lost},
               {"access_units_undecodable", report.receive.skipped_broken},
               {"access_units_repaired", assembly.frames_repaired},
               {"shards_repaired", assembly.shards_repaired},
               {"shards_invalid", assembly.shards_invalid},
               {"shards_refused", assembly.shards_refused},
               {"round_trip_ms", to_ms(report.receive.round_trip)},
               {"seconds", std::chrono::duration<double>(report.ran_for).count()}});
  return to_text(json);
}

}  // namespace lumen::client
