#include "client/app.hpp"

#include <poll.h>

#include <utility>

#include <fmt/format.h>

#include "client/shell/clipboard_keeper.hpp"
#include "client/shell/feedback.hpp"
#include "client/shell/flow.hpp"
#include "client/stream_desk.hpp"
#include "codec/decoder_choice.hpp"
#include "codec/software.hpp"
#include "render/speaker.hpp"
#include "render/window.hpp"

namespace lumen::client {
namespace {

using namespace std::chrono_literals;

constexpr int kScreenPollMs = 8;
constexpr Duration kPhase = 260ms;  // of the dots that say that something is on its way

Timestamp now() { return SteadyTime{}.now(); }

class App {
 public:
  App(AppParams params, int signal_fd, Logger& log)
      : params_{std::move(params)}, signal_fd_{signal_fd}, log_{log} {}
  ~App() {
    stream_.reset();  // before what its threads call back into
    flow_.reset();
    backends_.clear();
  }
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  Status run() {
    LUMEN_CHECK_OK(open());
    while (!quits_ && !is_signalled(stream_ ? 0 : kScreenPollMs)) {
      LUMEN_CHECK_OK(stream_ ? step_stream() : step_screens());
    }
    return {};
  }

 private:
  Status open() {
    LUMEN_TRY(desk_,
              StreamDesk::create(
                  {.statistics = params_.settings.statistics, .record_path = params_.record_path}, log_));
    LUMEN_TRY(window_,
              render::create_window({.fullscreen = params_.fullscreen.value_or(params_.settings.fullscreen),
                                     .use = WindowUse::screens,
                                     .pacing = params_.settings.pacing,
                                     .grab_keyboard = params_.settings.grab_keyboard,
                                     .pointer_speed = params_.settings.pointer_speed}));
    auto speaker = render::Speaker::create({});
    if (speaker) {
      speaker_ = std::move(*speaker);
    } else {
      log_.warn("{}", describe(speaker.error()));  // a picture without sound is better than none
    }
    return open_backends();
  }

  Status open_backends() {
    const StreamOutputs outputs{
        .make_decoder = codec::decoder_factory(log_),
        .on_picture = [this](const auto& decoded) { desk_->on_picture(decoded); },
        .on_sound =
            [this](const auto& sound) {
              if (speaker_) speaker_->play(sound.samples);
            },
        .make_sound_output = [this](std::uint8_t channels) { return speaker_for(channels); },
        .default_bitrate = codec::default_bitrate};
    std::vector<Backend*> all;
    Status last = fail(ErrorCode::internal, "client.no-protocol", "there is no protocol to speak");
    for (const auto& make : params_.backends) {
      auto backend = make(outputs, log_);
      if (!backend) {
        log_.error("{}", describe(backend.error()));
        last = tl::unexpected{backend.error()};
        continue;
      }
      backends_.push_back(std::move(*backend));
      all.push_back(backends_.back().get());
    }
    if (all.empty()) return last;
    flow_ = std::make_unique<Flow>(Flow::Params{std::move(all), params_.settings, window_->display_mode()});
    if (params_.host.empty()) {
      flow_->open_hosts();
      return {};
    }
    return flow_->open_host(params_.host, params_.app);
  }

  // lm-audio. For protocols that pace their sound by it.
  std::unique_ptr<SoundOutput> speaker_for(std::uint8_t channels) {
    auto speaker = render::Speaker::create({.channels = channels, .cushion = Duration::zero()});
    if (speaker) return std::move(*speaker);
    log_.warn("{}", describe(speaker.error()));
    return nullptr;
  }

  Status step_screens() {
    bool changed = flow_->poll();
    const ClientWindow::Events events{.on_input = {},
                                      .on_pad = {},
                                      .on_screen =
                                          [&](const ScreenInput& input) {
                                            flow_->handle(input);
                                            changed = true;
                                          },
                                      .on_command = {}};
    if (!window_->poll(events)) quits_ = true;
    while (auto action = flow_->take_action()) {
      std::visit([this](auto& each) { act(each); }, *action);
      changed = true;
    }
    const auto phase = static_cast<unsigned>(now().time_since_epoch() / kPhase);
    if (!stream_ && (changed || !shown_ || (is_busy_ && phase != phase_))) show(phase);
    return {};
  }

  void show(unsigned phase) {
    const auto page = flow_->page();
    is_busy_ = page.busy;
    phase_ = phase;
    shown_ = true;
    window_->set_scene(std::make_shared<const Scene>(to_scene(page, flow_->focus(), phase)));
  }

  void act(BeginStream& begin) {
    stream_ = std::move(begin.stream);
    view_ = {.counters = [this] { return stream_->counters(); },
             .facts = [this] { return stream_->facts(); },
             .notice = {}};
    window_->set_scene(nullptr);
    window_->set_use(WindowUse::stream);
    window_->set_message(begin.host.name);
    window_->set_pointer({});
    left_ = false;
    clipboard_ = ClipboardKeeper{params_.settings.clipboard};
    desk_->begin(view_);
  }
  void act(KeepSettings& keep) {
    if (keep.settings.fullscreen != params_.settings.fullscreen)
      window_->set_fullscreen(keep.settings.fullscreen);
    params_.settings = keep.settings;
    window_->set_pacing(keep.settings.pacing);
    if (const auto saved = save_settings(params_.settings_path, keep.settings); !saved)
      flow_->show_error("The settings cannot be kept", saved.error());
  }
  void act(QuitProgram&) { quits_ = true; }

  Status step_stream() {
    view_.notice = stream_->notice();
    LUMEN_CHECK_OK(desk_->step(*window_, view_));
    pass_feedback(*stream_, *window_);
    clipboard_.step(*stream_, *window_, log_);
    if (const auto pointer = stream_->take_pointer()) window_->set_pointer(*pointer);
    const ClientWindow::Events events{
        .on_input = [this](const InputEvent& event) { stream_->send_input(event); },
        .on_pad = [this](const PadEvent& event) { stream_->send_pad(event); },
        .on_screen = {},
        .on_command =
            [this](WindowCommand command) {
              left_ = left_ || command == WindowCommand::leave;
              if (command == WindowCommand::next_statistics) desk_->next_statistics();
            }};
    if (!window_->poll(events)) quits_ = true;
    const auto verdict = stream_->verdict();
    if (left_ || quits_ || !verdict) end_stream(verdict);
    return {};
  }

  void end_stream(const Status& verdict) {
    stream_.reset();
    desk_->end(*window_);
    window_->set_use(WindowUse::screens);
    window_->set_message("");
    shown_ = false;
    flow_->stream_over(verdict);
  }

  bool is_signalled(int wait_ms) const {
    pollfd waiter{signal_fd_, POLLIN, 0};
    return ::poll(&waiter, signal_fd_ >= 0 ? 1 : 0, wait_ms) == 1;
  }

  AppParams params_;
  int signal_fd_;
  Logger& log_;
  std::unique_ptr<StreamDesk> desk_;
  std::unique_ptr<ClientWindow> window_;
  std::unique_ptr<render::Speaker> speaker_;
  std::vector<std::unique_ptr<Backend>> backends_;
  std::unique_ptr<Flow> flow_;
  StreamView view_;
  std::unique_ptr<ClientStream> stream_;
  ClipboardKeeper clipboard_;
  unsigned phase_ = 0;
  bool quits_ = false, left_ = false, shown_ = false, is_busy_ = false;
};

}  // namespace

Status run_app(AppParams params, int signal_fd, Logger& log) {
  return App{std::move(params), signal_fd, log}.run();
}

}  // namespace lumen::client
