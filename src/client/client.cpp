#include "client/client.hpp"

#include <poll.h>

#include <atomic>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/handoff.hpp"
#include "client/picture_copy.hpp"
#include "codec/software.hpp"
#include "render/window.hpp"

namespace lumen::client {
namespace {

using namespace std::chrono_literals;

constexpr Duration kConnectTimeout = 15s, kPngTimeout = 3s, kHostSilence = 12s, kQuiet = 1s,
                   kWindowPoll = 2ms, kHeadlessPoll = 50ms;
constexpr std::size_t kWindowPictures = 4;  // waiting, shown, being filled, spare

Timestamp now() { return SteadyTime{}.now(); }

struct KeptPicture {
  PictureLease lease;
  ColorSpace color;
};

// Copies a borrowed picture into a pool that fits it.
class PictureKeeper {
 public:
  std::optional<KeptPicture> keep(const PictureView& picture) {
    if (!fits(picture)) {
      auto made = PicturePool::create({.format = picture.format,
                                       .color = picture.color,
                                       .width = picture.width,
                                       .height = picture.height,
                                       .count = kWindowPictures});
      if (!made) return std::nullopt;
      pool_ = std::move(*made);
    }
    auto lease = pool_->try_acquire();
    if (!lease || !copy_picture(picture, lease->picture())) return std::nullopt;
    return KeptPicture{std::move(*lease), picture.color};
  }

 private:
  bool fits(const PictureView& picture) const {
    if (!pool_) return false;
    const auto& own = pool_->picture_size();
    return own.format == picture.format && own.width == picture.width && own.height == picture.height;
  }
  std::shared_ptr<PicturePool> pool_;
};

// What lm-dec hands to the main thread.
class PictureTap {
 public:
  explicit PictureTap(const ClientParams& params) : params_{params} {}

  // lm-dec
  void on_picture(const stream::DecodedPicture& decoded) {
    if (params_.check) checker_.check(decoded);
    const bool wanted = wanted_.exchange(false);
    if (params_.headless && !wanted) return;
    if (auto kept = keeper_.keep(decoded.picture)) {
      pictures_.put(std::move(*kept));
    } else if (wanted) {
      wanted_.store(true);
    }
  }

  // main thread
  std::optional<KeptPicture> take_until(Timestamp deadline) { return pictures_.take_until({}, deadline); }
  FrameChecker& checker() { return checker_; }
  Status write_png() {
    wanted_.store(true);
    const auto kept = take_until(now() + kPngTimeout);
    if (kept) return codec::write_png(view_of(kept->lease.picture(), kept->color), params_.png_path);
    return fail(ErrorCode::timed_out, "png.no-picture", "no picture came to write",
                "Check that the stream runs: lumen-host status");
  }

 private:
  const ClientParams& params_;
  FrameChecker checker_;
  PictureKeeper keeper_;
  Mailbox<KeptPicture> pictures_;
  std::atomic<bool> wanted_{false};  // one picture although there is no window; set by main, taken by lm-dec
};

class Run {
 public:
  Run(const ClientParams& params, int signal_fd, Logger& log)
      : params_{params}, signal_fd_{signal_fd}, log_{log}, tap_{params_} {}

  ClientOutcome go() {
    const auto begun = now();
    ClientOutcome outcome{{}, open()};
    if (outcome.status) outcome.status = loop(begun);
    const auto over = now();
    if (outcome.status && !params_.png_path.empty()) outcome.status = tap_.write_png();
    if (receiver_) outcome.report.receive = receiver_->stats();
    receiver_.reset();  // no callback from here on
    outcome.report.facts = tap_.checker().snapshot();
    outcome.report.since_last_frame = over - outcome.report.facts.last_at;
    outcome.report.ran_for = now() - begun;
    if (const auto state = states_seen()) outcome.report.host = *state;
    return outcome;
  }

 private:
  Status open() {
    if (params_.headless) {
      renderer_ = render::create_headless_sink();
    } else {
      LUMEN_TRY(renderer_, render::create_window({.title = fmt::format("Lumen {}", to_string(params_.mode)),
                                                  .width = params_.mode.width,
                                                  .height = params_.mode.height,
                                                  .fullscreen = params_.fullscreen}));
    }
    tap_.checker().expect(params_.mode);
    LUMEN_TRY(receiver_, stream::StreamReceiver::create(
                             {.connect = params_.connect,
                              .mode = params_.mode,
                              .pointer_drawn = !params_.headless,
                              .loss_percent = params_.loss_percent,
                              .loss_seed = params_.loss_seed,
                              .make_decoder = codec::create_decoder,
                              .on_picture = [this](const auto& decoded) { tap_.on_picture(decoded); },
                              .on_host_state = [this](const auto& state) { on_host_state(state); },
                              .on_failed = [this](const Error& error) { set_failure(error); }},
                             log_));
    return {};
  }

  Status loop(Timestamp begun) {
    Timestamp next_line = begun + 1s;
    bool mode_switched = !params_.then_mode;
    for (;;) {
      if (auto picture = tap_.take_until(now() + (params_.headless ? kHeadlessPoll : kWindowPoll))) {
        LUMEN_CHECK_OK(renderer_->present(view_of(picture->lease.picture(), picture->color)));
      }
      if (!renderer_->poll([this](const InputEvent& event) { receiver_->send_input(event); })) return {};
      if (signalled()) return {};
      LUMEN_CHECK_OK(verdict(begun));
      const auto ran = streaming_since_ == Timestamp{} ? Duration::zero() : now() - streaming_since_;
      if (params_.run_for && ran >= *params_.run_for) return {};
      if (!mode_switched && ran >= params_.then_after) {
        mode_switched = true;
        tap_.checker().expect(*params_.then_mode);
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
    renderer_->set_message(quiet ? "no answer from the host" : state_->reason);
    if (state_->state == lumen1::StreamState::streaming && streaming_since_ == Timestamp{})
      streaming_since_ = now();
    return {};
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
    const auto facts = tap_.checker().snapshot();
    const auto distinct = facts.distinct - std::exchange(last_distinct_, facts.distinct);
    fmt::print(stderr, "\r  {:3} s: {:3} frames/s, drawn → decoded {:.1f} ms (p50), lost {}   ",
               streaming_since_ == Timestamp{} ? 0 : (now() - streaming_since_) / 1s, distinct,
               to_ms(facts.latency.total.quantile(0.5)), facts.lost);
  }

  const ClientParams& params_;
  int signal_fd_;
  Logger& log_;
  PictureTap tap_;
  Mutex mutex_;
  std::optional<lumen1::HostState> state_ LUMEN_GUARDED_BY(mutex_);
  std::optional<Error> failure_ LUMEN_GUARDED_BY(mutex_);
  std::unique_ptr<FrameRenderer> renderer_;
  Timestamp streaming_since_{};
  std::uint64_t last_distinct_ = 0;
  std::unique_ptr<stream::StreamReceiver> receiver_;  // last: its threads call back into the rest
};

nlohmann::json to_json(const LatencyHistogram& histogram) {
  return {{"p50", to_ms(histogram.quantile(0.5))},
          {"p95", to_ms(histogram.quantile(0.95))},
          {"p99", to_ms(histogram.quantile(0.99))},
          {"p999", to_ms(histogram.quantile(0.999))},
          {"max", to_ms(histogram.max())}};
}

}  // namespace

ClientOutcome run_client(const ClientParams& params, int signal_fd, Logger& log) {
  return Run{params, signal_fd, log}.go();
}

std::string to_json(const ClientReport& report) {
  const auto& facts = report.facts;
  const auto& assembly = report.receive.reassembly;
  const auto seconds = std::chrono::duration<double>(facts.last_at - facts.first_at).count();
  const nlohmann::json json{
      {"mode", is_valid(report.host.mode) ? to_string(report.host.mode) : ""},
      {"encoder", report.host.encoder},
      {"encoder_reason", report.host.encoder_reason},
      {"display", report.host.display},
      {"capture", report.host.capture},
      {"frames_drawn", facts.drawn},
      {"frames_correct", facts.correct},
      {"frames_lost", facts.lost},
      {"frames_decoded", facts.decoded},
      {"frames_repeated", facts.repeated},
      {"frames_out_of_order", facts.out_of_order},
      {"frames_before_scene", facts.before_scene},
      {"frames_unreadable", facts.unreadable},
      {"frames_wrong_color", facts.wrong_color},
      {"frames_wrong_size", facts.wrong_size},
      {"scene_restarts", facts.scene_restarts},
      {"max_color_error", facts.max_color_error},
      {"frames_per_second", seconds > 0 ? static_cast<double>(facts.distinct - 1) / seconds : 0.0},
      {"longest_freeze_ms", to_ms(facts.longest_freeze)},
      {"ms_since_last_frame", to_ms(report.since_last_frame)},
      {"draw_to_decoded_ms", to_json(facts.latency.total)},
      {"stages_ms",
       {{"convert", to_json(facts.latency.capture)},
        {"encode", to_json(facts.latency.encode)},
        {"protect_and_send", to_json(facts.latency.send)},
        {"receive_and_recover", to_json(facts.latency.receive)},
        {"decode", to_json(facts.latency.decode)}}},
      {"idr_count", report.receive.idr},
      {"recovery_asked", report.receive.recovery_asked},
      {"datagrams", report.receive.datagrams},
      {"bytes", report.receive.bytes},
      {"datagrams_dropped_by_injection", report.receive.dropped_by_injection},
      {"datagrams_not_authentic", report.receive.not_authentic},
      {"datagrams_foreign", report.receive.foreign},
      {"access_units_complete", assembly.frames_complete},
      {"access_units_lost", assembly.frames_lost},
      {"access_units_repaired", assembly.frames_repaired},
      {"shards_repaired", assembly.shards_repaired},
      {"shards_invalid", assembly.shards_invalid},
      {"shards_refused", assembly.shards_refused},
      {"round_trip_ms", to_ms(report.receive.round_trip)},
      {"seconds", std::chrono::duration<double>(report.ran_for).count()}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace lumen::client
