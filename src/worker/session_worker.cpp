#include "worker/session_worker.hpp"

#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "audio/pipewire_source.hpp"
#include "base/priority.hpp"
#include "codec/convert.hpp"
#include "codec/software.hpp"
#include "worker/desktop_places.hpp"
#include "worker/private_desktop.hpp"

namespace lumen::worker {
namespace {

using namespace std::chrono_literals;

constexpr int kMostMessages = 64;
constexpr Duration kSoundTimeout = 2s;  // for sound to come up before the application starts
constexpr Duration kVoiceSilence = 3s;  // a client that sends no voice that long has no microphone any more
constexpr Duration kWindowTimeout = 10s, kStatsInterval = 250ms, kKillGrace = 300ms, kLastWords = 200ms;

Timestamp now() { return SteadyTime{}.now(); }

Duration cpu_of_encoder_threads() {
  Duration total{};
  for (const auto name : codec::kEncoderThreadNames) total += link::cpu_of_threads(getpid(), name);
  return total;
}

std::uint64_t to_us(Duration duration) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

// Programs that are a compositor themselves, and keep to it what is copied inside.
bool is_compositor(const std::vector<std::string>& command) {
  const auto name =
      command.empty() ? std::string{} : std::filesystem::path{command.front()}.filename().string();
  return name == "lumen-plasma" || name == "lumen-gamescope" || name == "weston";
}

// As an [[app]] is told; a session by a connect file has nobody before it who knows the mode.
void tell_mode(const Mode& mode, std::vector<std::string>& environment) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes it
  if (std::getenv("LUMEN_CLIENT_WIDTH") != nullptr) return;
  environment.push_back(fmt::format("LUMEN_CLIENT_WIDTH={}", mode.width));
  environment.push_back(fmt::format("LUMEN_CLIENT_HEIGHT={}", mode.height));
  environment.push_back(fmt::format("LUMEN_CLIENT_FPS={}", (mode.refresh_mhz + 500) / 1000));
}

}  // namespace

SessionWorker::SessionWorker(UniqueFd link, EventLoop& loop, Logger& log)
    : link_{std::move(link)},
      loop_{loop},
      log_{log},
      outbox_{link_.get(), loop},
      pointer_{pointer_calls(), loop, std::random_device{}()},
      pads_{{.sockets = gamepad::broker_sockets(),
             .on_feedback = [this](const PadFeedback& feedback) { send(feedback); }},
            loop,
            log},
      clipboard_{{.find = [this]() -> Clipboard* {
                    auto* desktop = desktop_ && !hides_clipboard_ ? desktop_->desktop() : nullptr;
                    return desktop != nullptr ? desktop->clipboard() : nullptr;
                  },
                  .send = [this](const link::ToHost& message) { send(message); }},
                 loop,
                 log} {}

SessionWorker::~SessionWorker() { release_everything(); }

Status SessionWorker::start() {
  LUMEN_CHECK_OK(link::become_subreaper());
  // Its applications are ordinary again; the compositor must hand a frame over the moment it is there.
  if (const auto raised = raise_priority(Urgency::realtime); !raised)
    log_.info("{}", describe(raised.error()));
  return loop_.watch(link_.get(), EPOLLIN, [this](std::uint32_t) { on_link_ready(); });
}

// So many at most, then the compositor has its turn: the loop comes back for the rest.
void SessionWorker::on_link_ready() {
  for (int left = kMostMessages; left > 0 && !ended_; --left) {
    auto received = link::receive_to_session(link_.get());
    if (!received) {
      log_.warn("the host is gone: {}", describe(received.error()));
      end("session.host-gone", "the host is gone");
      return;
    }
    if (!*received) return;
    on_message(std::move(**received));
  }
}

void SessionWorker::on_message(link::Received<link::ToSession> received) {
  if (auto* configure = std::get_if<link::Configure>(&received.message)) {
    if (desktop_) return;
    handle(*configure, std::move(received.descriptors));
  } else if (std::holds_alternative<link::Stop>(received.message)) {
    end("session.stopped", "stopped by the host");
  } else if (desktop_) {
    handle_while_running(received.message);
  }
}

void SessionWorker::handle(const link::Configure& configure, std::vector<UniqueFd> descriptors) {
  if (descriptors.size() != (configure.audio ? 4U : 2U)) {
    end("session.configure", "the host sent no ring");
    return;
  }
  auto ring = link::SharedRing::attach(std::move(descriptors[0]), std::move(descriptors[1]));
  if (!ring) {
    end(ring.error());
    return;
  }
  ring_ = std::move(*ring);
  descriptors.erase(descriptors.begin(), descriptors.begin() + 2);
  mode_ = configure.mode;
  hides_clipboard_ = is_compositor(configure.command);
  auto opened = open_desktop(configure);
  if (opened) opened = open_pipeline(configure);
  if (opened && configure.audio) {
    opened = open_sound(configure, std::move(descriptors));
  } else if (opened) {
    opened = launch_application(configure);
  }
  if (!opened) {
    end(opened.error());
    return;
  }
  if (!desktop_->is_private()) on_window_mapped();  // it always shows something
  report_stats();
}

bool SessionWorker::handle_clipboard(const link::ToSession& message) {
  if (const auto* watch = std::get_if<link::WatchClipboard>(&message)) {
    clipboard_.watch(watch->on);
  } else if (const auto* part = std::get_if<ClipboardPart>(&message)) {
    clipboard_.take(*part);
  } else if (const auto* taken = std::get_if<ClipboardTaken>(&message)) {
    clipboard_.take(*taken);
  } else {
    return false;
  }
  return true;
}

void SessionWorker::handle_while_running(const link::ToSession& message) {
  if (handle_clipboard(message)) return;
  if (const auto* input = std::get_if<InputEvent>(&message)) {
    desktop_->inject(*input);
    if (std::holds_alternative<ReleaseAll>(*input)) pads_.release();
  } else if (const auto* pad = std::get_if<PadEvent>(&message)) {
    pads_.take(*pad);
  } else if (const auto* mode = std::get_if<link::SetMode>(&message)) {
    if (const auto set = desktop_->set_mode(mode->mode); !set) {
      log_.error("mode {} refused: {}", to_string(mode->mode), describe(set.error()));
      return;
    }
    mode_ = mode->mode;
    pipeline_->set_mode(mode_);
  } else if (const auto* pointer = std::get_if<link::SetPointer>(&message)) {
    pointer_.set_wish(*pointer);
  } else if (const auto* taken = std::get_if<link::PointerTaken>(&message)) {
    pointer_.taken(taken->image);
  } else if (const auto* encoding = std::get_if<link::SetEncoding>(&message)) {
    bitrate_kbps_ = encoding->encoding.bitrate_kbps;
    zero_copy_->set_color(encoding->encoding.color);
    pipeline_->set_encoding(encoding->encoding);
    desktop_->repaint();
  } else if (const auto* limit = std::get_if<link::LimitBitrate>(&message)) {
    pipeline_->limit_bitrate(limit->kbps);
  } else if (std::holds_alternative<link::RequestIdr>(message)) {
    pipeline_->request_idr();
  } else if (const auto* streaming = std::get_if<link::SetStreaming>(&message)) {
    if (streaming_wanted_ && !streaming->on) pads_.client_left();
    streaming_wanted_ = streaming->on;
    if (!streaming->on) microphone_.reset();
    update_streaming();
  } else if (const auto* audio = std::get_if<link::SetAudio>(&message)) {
    if (sound_) sound_->set_format(audio->format);
  } else if (const auto* voice = std::get_if<link::VoicePacket>(&message)) {
    on_voice(*voice);
  }
}

Status SessionWorker::open_desktop(const link::Configure& configure) {
  zero_copy_ = std::make_unique<ZeroCopy>(zero_copy_wish_of_environment(), log_);
  pointer_.set_wish({.drawn = configure.pointer_drawn});
  KeeperEvents events{.on_frame =
                          [this](const BorrowedFrame& frame) {
                            if (pipeline_) pipeline_->on_frame(frame);
                          },
                      .on_pointer = [this](const BorrowedPointer& pointer) { on_pointer(pointer); },
                      .on_window_mapped = [this] { on_window_mapped(); },
                      .on_responding = [this](bool responding) { send(link::Responding{responding}); },
                      .on_trouble = [this](const std::string& reason) { on_desktop_trouble(reason); }};
  desktop_ = std::make_unique<DesktopKeeper>(
      KeeperParams{.wish = configure.desktop,
                   .mode = configure.mode,
                   .pointer_drawn = configure.pointer_drawn,
                   .importer = zero_copy_->importer(),
                   .backends = desktop_backends(),
                   .undoers = undoers(),
                   .find_places = [] { return find_places(process_environment()); },
                   .make_private =
                       [this, runtime_dir = configure.runtime_dir](const DesktopParams& params,
                                                                   const DesktopEvents& desktop_events) {
                         return make_private_desktop(params, runtime_dir, desktop_events, loop_, log_);
                       }},
      std::move(events), loop_, log_);
  LUMEN_CHECK_OK(desktop_->open());
  pointer_.set_wish({.drawn = configure.pointer_drawn});
  pointer_.set_able(desktop_->desktop()->abilities().pointer_apart);
  log_.info("desktop: {}", desktop_->description());
  return {};
}

Status SessionWorker::open_pipeline(const link::Configure& configure) {
  bitrate_kbps_ = configure.bitrate_kbps;
  // Encoder events come on lm-enc: hand them to the loop.
  stream::PictureEvents events{
      .on_encoder =
          [this](const Mode& mode, std::uint32_t encoding_id, const EncoderDescription& description) {
            loop_.post(
                [this, mode, encoding_id, description] { on_encoder(mode, encoding_id, description); });
          },
      .on_failed = [this](const Error& error) { loop_.post([this, error] { end(error); }); }};
  pipeline_ = std::make_unique<stream::PicturePipeline>(
      stream::PictureParams{
          .mode = configure.mode,
          .encoding = {.bitrate_kbps = configure.bitrate_kbps},
          .default_bitrate = codec::default_bitrate,
          .preset = configure.preset,
          .make_encoder =
              [this](const EncoderConfig& config) { return zero_copy_->encoders().create(config); },
          .converter = codec::make_converter(),
          .events = std::move(events)},
      *ring_, log_);
  return {};
}

// The source's and the pipeline's events come on lm-audio: hand them to the loop.
Status SessionWorker::open_sound(const link::Configure& configure, std::vector<UniqueFd> descriptors) {
  LUMEN_TRY(audio_ring_, link::AudioRing::attach(std::move(descriptors[0]), std::move(descriptors[1])));
  const auto session = std::filesystem::path{configure.runtime_dir}.filename().string();
  sink_name_ = fmt::format("lumen-{}-{}", session, getpid());  // of one graph, several hosts may be clients
  sound_server_ = std::make_unique<SoundServer>(SoundServer::Params{.runtime_dir = configure.runtime_dir,
                                                                    .user_socket = find_user_pipewire(),
                                                                    .on_change = [this] { on_sound(); }},
                                                loop_, log_);
  auto source = audio::make_pipewire_source(
      {.socket = sound_server_->socket(), .sink_name = sink_name_, .description = "Lumen " + session});
  sound_ = std::make_unique<audio::SoundPipeline>(
      *configure.audio, std::move(source),
      audio::SoundEvents{
          .on_packet = [this](const AudioPacketView& packet) { return audio_ring_->try_push(packet); },
          .on_sound =
              [this](const std::string& reason) {
                loop_.post([this, reason] {
                  source_trouble_ = reason;
                  on_sound();
                });
              }},
      log_);
  to_launch_ = configure;
  launch_anyway_ = loop_.call_at(now() + kSoundTimeout, [this] {
    report_sound();
    launch_once_heard();
  });
  on_sound();
  return {};
}

void SessionWorker::on_sound() {
  if (!sound_ || ended_) return;
  const auto& server = sound_server_->trouble();
  const bool works = server.empty() && sound_server_->ready() && source_trouble_ == std::string{};
  // While it is coming up, that it is not up yet is no news.
  if (to_launch_ && server.empty() && !works) return;
  report_sound();
  sound_works_ = works;
  update_sound_focus();
  launch_once_heard();
}

// The microphone is there from a client's first packet on and goes a while after the last.
void SessionWorker::on_voice(const link::VoicePacket& voice) {
  if (!sound_server_ || !streaming_wanted_) return;
  voice_heard_ = now();
  if (!microphone_) {
    microphone_ =
        std::make_unique<audio::VoiceSource>(audio::VoiceSourceParams{.socket = sound_server_->socket(),
                                                                      .node_name = sink_name_ + "-microphone",
                                                                      .description = "Lumen microphone"},
                                             log_);
  }
  microphone_->push({.number = voice.number,
                     .stream = voice.stream,
                     .packet_ms = voice.packet_ms,
                     .is_copy = voice.is_copy,
                     .bytes = voice.packet()});
}

// On a desktop of its own, applications are told where to play. On a person's they play where all do: to the
// client while it listens, to the loudspeakers otherwise.
void SessionWorker::update_sound_focus() {
  if (!streaming_wanted_) sound_focus_.reset();
  if (!streaming_wanted_) sound_focus_failed_ = false;
  if (sound_focus_ || sound_focus_failed_ || !streaming_wanted_ || !sound_works_) return;
  if (desktop_->is_private() || desktop_->journal() == nullptr || sound_server_->is_own()) return;
  auto taken = SoundFocus::take(sound_server_->socket(), sink_name_, *desktop_->journal(), log_);
  if (taken) {
    sound_focus_ = std::move(*taken);
  } else {
    sound_focus_failed_ = true;
    log_.warn("only programs that play to {} by themselves are heard: {}", sink_name_,
              describe(taken.error()));
  }
}

void SessionWorker::update_idle_inhibition() {
  const auto& bus = desktop_->place().session_bus;
  if (!streaming_wanted_ || desktop_->is_private() || bus.empty()) {
    idle_inhibitor_.reset();
    return;
  }
  if (idle_inhibitor_) return;
  auto taken = IdleInhibitor::take(bus);
  if (taken) {
    idle_inhibitor_ = std::move(*taken);
  } else {
    log_.info("{}", describe(taken.error()));
  }
}

// A server that does not run is the better explanation of a source that finds none.
void SessionWorker::report_sound() {
  const auto& server = sound_server_->trouble();
  const auto trouble = server.empty() ? source_trouble_ : std::optional{server};
  if (!trouble || told_trouble_ == trouble) return;
  told_trouble_ = trouble;
  send(link::SoundState{*trouble});
}

// Most programs look for their sound server but once, when they start.
void SessionWorker::launch_once_heard() {
  loop_.cancel(launch_anyway_);
  const auto configure = std::exchange(to_launch_, std::nullopt);
  if (!configure || ended_) return;
  const auto launched = launch_application(*configure);
  if (!launched) end(launched.error());
}

Status SessionWorker::launch_application(const link::Configure& configure) {
  // A person's desktop is there without.
  if (configure.desktop.command_is_desktop && !desktop_->is_private()) return {};
  if (configure.command.empty()) {
    return fail(ErrorCode::invalid_argument, "app.none", "no application was named", "Use --app");
  }
  const auto* desktop = desktop_->desktop();
  if (desktop == nullptr) {
    return fail(ErrorCode::unavailable, "app.no-desktop",
                "the desktop went away before its application began", "Connect again");
  }
  application_name_ = configure.command.front();
  link::SpawnParams params{
      .argv = configure.command, .environment = desktop->environment(), .unset = {"WAYLAND_SOCKET"}};
  const auto is_x11 = [](const std::string& variable) { return variable.starts_with("DISPLAY="); };
  if (std::ranges::none_of(params.environment, is_x11)) params.unset.emplace_back("DISPLAY");
  tell_mode(desktop->mode(), params.environment);
  if (sound_server_) {
    std::ranges::move(sound_server_->environment(sink_name_), std::back_inserter(params.environment));
    std::ranges::move(sound_server_->unset(), std::back_inserter(params.unset));
  }
  LUMEN_TRY(output_, OutputTail::create(loop_));
  params.output_fd = output_->write_end();
  LUMEN_TRY(application_, link::spawn(params));
  output_->close_write_end();
  loop_.call_at(now() + kWindowTimeout, [this] { check_window_shown(); });
  return loop_.watch(application_.pidfd.get(), EPOLLIN, [this](std::uint32_t) { on_application_exit(); });
}

void SessionWorker::on_application_exit() {
  loop_.unwatch(application_.pidfd.get());
  const auto how = link::reap(application_.pid).value_or("ended");
  application_.pid = -1;
  const auto words = output_->last_line();
  const auto said = words.empty() ? std::string{} : fmt::format(", saying: {}", words);
  if (window_shown_) {
    end("app.exited", fmt::format("the application {} {}{}", application_name_, how, said));
  } else {
    end("app.died",
        fmt::format("the application {} {} before it showed a window{}. Run it in a terminal to see "
                    "why, or choose another with --app",
                    application_name_, how, said));
  }
}

void SessionWorker::check_window_shown() {
  if (window_shown_ || ended_) return;
  end("app.no-window",
      fmt::format("the application {} started but showed no window within {} s. It hangs, or it is no "
                  "Wayland or X11 program: choose another with --app",
                  application_name_,
                  std::chrono::duration_cast<std::chrono::seconds>(kWindowTimeout).count()));
}

void SessionWorker::on_window_mapped() {
  if (window_shown_) return;
  window_shown_ = true;
  tell_ready();
  update_streaming();
}

void SessionWorker::tell_ready() {
  const auto* desktop = desktop_->desktop();
  if (desktop == nullptr) return;
  const auto takes = desktop->abilities();
  send(link::Ready{.display = desktop_->description(),
                   .capture = desktop->capture_name(),
                   .touch = takes.touch,
                   .pen = takes.pen,
                   .text = takes.text});
}

// The last picture stays with the client meanwhile.
void SessionWorker::on_desktop_trouble(const std::string& reason) {
  send(link::DesktopState{reason});
  clipboard_.desktop_changed();
  if (!reason.empty()) {
    idle_inhibitor_.reset();  // its bus may be gone with the desktop
    return;
  }
  update_idle_inhibition();
  if (const auto* desktop = desktop_->desktop()) pointer_.set_able(desktop->abilities().pointer_apart);
  if (!window_shown_) return;
  tell_ready();
  desktop_->repaint();
}

void SessionWorker::update_streaming() {
  if (sound_) sound_->set_streaming(streaming_wanted_);  // a program may be heard before it shows a window
  if (sound_) update_sound_focus();
  update_idle_inhibition();
  const bool on = streaming_wanted_ && window_shown_;
  if (!pipeline_) return;  // the desktop was quicker
  pipeline_->set_streaming(on);
  if (on) desktop_->repaint();
}

void SessionWorker::on_encoder(const Mode& mode, std::uint32_t encoding_id,
                               const EncoderDescription& description) {
  encoder_ = description;
  zero_copy_->on_encoder();
  const auto bitrate_kbps = bitrate_kbps_ != 0
                                ? bitrate_kbps_
                                : static_cast<std::uint32_t>(codec::default_bitrate(mode).value / 1000);
  send(link::ModeChanged{mode, encoding_id, description.name, description.reason, bitrate_kbps});
}

void SessionWorker::report_stats() {
  if (ended_) return;
  loop_.call_at(now() + kStatsInterval, [this] { report_stats(); });
  if (microphone_ && now() - voice_heard_ > kVoiceSilence) microphone_.reset();
  auto ours = sound_server_ ? sound_server_->processes() : std::vector<pid_t>{};
  ours.push_back(application_.pid);
  link::reap_adopted(ours);
  const auto usage = link::usage_of(getpid());
  if (!usage) return;
  const auto& stats = pipeline_->stats();
  send(link::SessionStats{.cpu_us = to_us(usage->cpu),
                          .encoder_cpu_us = stats.encode_cpu_us + to_us(cpu_of_encoder_threads()),
                          .convert_cpu_us = stats.convert_cpu_us,
                          .rss_bytes = usage->rss_bytes,
                          .frames_captured = stats.captured,
                          .frames_encoded = stats.encoded,
                          .frames_overwritten = pipeline_->overwritten() + stats.no_picture,
                          .idr_count = stats.idr,
                          .dropped_full = stats.dropped_full});
}

void SessionWorker::send(const link::ToHost& message) {
  if (const auto sent = outbox_.send(message); !sent && !ended_) {
    log_.warn("cannot tell the host: {}", describe(sent.error()));
  }
}

PointerTeller::Calls SessionWorker::pointer_calls() {
  return {.send = [this](const link::ToHost& message) { return outbox_.offer(message); },
          .draw =
              [this](bool drawn) {
                if (desktop_) desktop_->set_pointer_drawn(drawn);
              },
          .ask =
              [this] {
                if (desktop_) desktop_->tell_pointer();
              }};
}

void SessionWorker::on_pointer(const BorrowedPointer& pointer) {
  if (const auto* desktop = desktop_->desktop()) pointer_.on_pointer(pointer, desktop->mode());
}

void SessionWorker::end(std::string_view id, std::string reason) {
  if (ended_) return;
  log_.info("session ends: {} [{}]", reason, id);
  send(link::Ended{std::string{id}, std::move(reason)});
  outbox_.flush(kLastWords);
  ended_ = true;
  loop_.stop();
}

// In the order of use: no frame may come once the pipeline is gone, nothing may draw once the desktop is.
void SessionWorker::release_everything() {
  ended_ = true;
  if (sound_) {
    const auto& stats = sound_->stats();
    log_.info("sound: {} packets, {} of them silence; {} refused, {} samples dropped", stats.packets.load(),
              stats.silent.load(), stats.refused.load(), stats.dropped_frames.load());
  }
  sound_focus_.reset();  // before the sink goes that it names
  // A person's desktop first: applications may take long to end, and we are not given long.
  if (desktop_ && !desktop_->is_private()) desktop_.reset();
  microphone_.reset();
  sound_.reset();
  sound_server_.reset();
  const char* marker = std::getenv("LUMEN_MARKER");  // NOLINT(concurrency-mt-unsafe): nobody changes it
  link::kill_marked(marker == nullptr ? "" : fmt::format("LUMEN_MARKER={}", marker), kKillGrace);
  if (application_.pid > 0) static_cast<void>(link::reap(application_.pid));
  desktop_.reset();
  pipeline_.reset();  // its pictures may be the GPU's
  zero_copy_.reset();
}

}  // namespace lumen::worker
