#include "tools/latency-probe/probe.hpp"

#include <time.h>

#include <cstdlib>

#include "client/picture_copy.hpp"
#include "client/picture_tap.hpp"
#include "render/window.hpp"
#include "simulation/random.hpp"
#include "tools/latency-probe/watcher.hpp"

namespace lumen::probe {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstFrame = 30s, kKeyHeld = 20ms, kKeyPatience = 1s, kPoll = 1ms;
constexpr std::uint16_t kKeyCode = 57;  // KEY_SPACE

Timestamp now() { return SteadyTime{}.now(); }

double load() {
  double minute = 0;
  return getloadavg(&minute, 1) == 1 ? minute : 0;
}

class Measurement {
 public:
  Measurement(Subject& subject, const ProbeParams& params, const std::function<bool()>& is_stopped,
              Logger& log)
      : subject_{subject}, params_{params}, is_stopped_{is_stopped}, log_{log}, tap_{params.window, false} {}

  Result<ProbeRun> go() {
    ProbeRun run{
        .name = subject_.name(), .cold = params_.cold && params_.connects > 0, .load_before = load()};
    if (params_.window) {
      LUMEN_TRY(renderer_,
                render::create_window(
                    {.title = "latency-probe", .width = params_.mode.width, .height = params_.mode.height}));
    }
    for (int i = 0; i < params_.connects; ++i) {
      LUMEN_TRY(const auto took, connect());
      run.connects.push_back(took);
      stream_.reset();
    }
    LUMEN_CHECK_OK(connect());
    LUMEN_CHECK_OK(wait_until(now() + params_.warm_up));
    watcher_->begin();
    const auto begun = now();
    LUMEN_CHECK_OK(press_keys(begun + params_.run_for));
    run.seconds = std::chrono::duration<double>(now() - begun).count();
    stream_->describe(run);
    stream_.reset();  // no picture from here on
    watcher_->fill(run);
    run.load_after = load();
    return run;
  }

 private:
  Result<Duration> connect() {
    watcher_ = std::make_unique<Watcher>();
    const auto begun = now();
    LUMEN_TRY(stream_, subject_.open(
                           params_.mode,
                           [this](const stream::DecodedPicture& decoded) {
                             watcher_->on_picture(decoded);
                             if (params_.window) tap_.on_picture(decoded);
                           },
                           log_));
    while (!watcher_->first_frame()) {
      if (now() - begun > kFirstFrame) {
        return fail(ErrorCode::timed_out, "probe.no-frame", "no frame of the test scene came",
                    "Check that lumen-test-scene is what the host shows, at 512 x 32 pixels or more");
      }
      LUMEN_CHECK_OK(turn());
    }
    return *watcher_->first_frame() - begun;
  }

  // A millisecond in which pictures are presented and the stream is asked how it is.
  Status turn() {
    if (is_stopped_()) return fail(ErrorCode::cancelled, "probe.stopped", "the measurement was stopped");
    LUMEN_CHECK_OK(stream_->verdict());
    if (!renderer_) {
      const timespec pause{0, kPoll.count()};
      nanosleep(&pause, nullptr);
      return {};
    }
    if (!renderer_->poll([](const InputEvent&) {}))
      return fail(ErrorCode::cancelled, "probe.stopped", "the window was closed");
    if (const auto kept = tap_.take_until(now() + kPoll)) {
      const auto picture = client::view_of(kept->lease.picture(), kept->color);
      LUMEN_CHECK_OK(renderer_->present(picture));
      const auto at = now();
      if (const auto code = testing::read_code(picture)) watcher_->presented(code->code.frame_number, at);
    }
    return {};
  }
  Status wait_until(Timestamp until) {
    while (now() < until) {
      LUMEN_CHECK_OK(turn());
    }
    return {};
  }

  Status press_keys(Timestamp until) {
    if (params_.keys_per_second <= 0) return wait_until(until);
    simulation::Random random{params_.seed};
    const auto interval =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>{1 / params_.keys_per_second});
    while (now() < until) {
      // Half to one and a half intervals, so that presses fall anywhere between two frames.
      LUMEN_CHECK_OK(wait_until(std::min(until, now() + interval / 2 + random.up_to(interval))));
      if (now() >= until) return {};
      LUMEN_CHECK_OK(press());
    }
    return {};
  }

  Status press() {
    const auto at = now();
    watcher_->key_sent(at);
    stream_->send_input(Key{kKeyCode, true});
    LUMEN_CHECK_OK(wait_until(at + kKeyHeld));
    stream_->send_input(Key{kKeyCode, false});
    while (watcher_->is_key_pending() && now() - at < kKeyPatience) {
      LUMEN_CHECK_OK(turn());
    }
    watcher_->give_key_up();
    return {};
  }

  Subject& subject_;
  const ProbeParams& params_;
  const std::function<bool()>& is_stopped_;
  Logger& log_;
  client::PictureTap tap_;
  std::unique_ptr<FrameRenderer> renderer_;
  std::unique_ptr<Watcher> watcher_;  // a new one for each connection
  std::unique_ptr<Stream> stream_;    // last: its threads call back into the rest
};

}  // namespace

Result<ProbeRun> measure(Subject& subject, const ProbeParams& params, const std::function<bool()>& is_stopped,
                         Logger& log) {
  return Measurement{subject, params, is_stopped, log}.go();
}

}  // namespace lumen::probe
