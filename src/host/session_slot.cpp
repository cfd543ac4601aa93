#include "host/session_slot.hpp"

#include <poll.h>
#include <signal.h>

#include <filesystem>

#include <utility>

#include <fmt/format.h>

#include "base/runtime_dir.hpp"

namespace lumen::host {
namespace {

using namespace std::chrono_literals;

constexpr Duration kWatchdogInterval = 1s, kHangTimeout = 5s, kKillGrace = 200ms;
constexpr Duration kHangTimeoutOfOthers = 15s;  // a compositor that hangs is asked for long
constexpr int kRestoreWithinMs = 1500;
constexpr Duration kDeathWindow = 60s, kRestartDelay = 500ms;
constexpr std::size_t kMaxDeaths = 5;  // within the window

Timestamp now() { return SteadyTime{}.now(); }

}  // namespace

SessionSlot::SessionSlot(SlotParams params, SlotEvents events, EventLoop& loop, SessionPort& port,
                         Logger& log)
    : params_{std::move(params)}, events_{std::move(events)}, loop_{loop}, port_{port}, log_{log} {}

SessionSlot::~SessionSlot() {
  loop_.cancel(watchdog_);
  loop_.cancel(restart_);
  port_.send(link::Stop{});
  wait_for_restoring();
  tear_down();
}

// A person's desktop is put back as it was by the session process, which would be killed in the midst of it.
void SessionSlot::wait_for_restoring() const {
  if (child_.pid < 0 || params_.desktop.use == "private") return;
  pollfd ended{.fd = child_.pidfd.get(), .events = POLLIN, .revents = 0};
  poll(&ended, 1, kRestoreWithinMs);
}

// Where no session process follows that would do it.
void SessionSlot::restore_desktop() {
  const auto& folder = params_.desktop.restore_dir;
  std::error_code error;
  if (folder.empty() || std::filesystem::is_empty(folder, error) || error) return;
  restore_ = std::make_unique<CommandChain>(ChainParams{.commands = {{params_.program, "--restore", folder}}},
                                            loop_, log_, [](bool) {});
}

void SessionSlot::prepare(const Mode& mode) {
  if (child_.pid > 0) return;
  mode_ = mode;
  ended_ = false;
  start();
}

void SessionSlot::client_wants(const Mode& mode, const link::SetPointer& pointer) {
  const bool came = !has_client_;
  has_client_ = true;
  const bool mode_changed = mode_ != mode;
  mode_ = mode;
  pointer_ = pointer;
  if (child_.pid < 0) {
    ended_ = false;
    start();
    return;
  }
  if (mode_changed) {
    log_.info("mode becomes {}", to_string(mode));
    port_.send(link::SetMode{mode});
  }
  tell_pointer();
  if (came) port_.send(link::SetStreaming{true});
}

// What is told already would make the session tell all of it anew; what could not be, follows (watchdog).
void SessionSlot::tell_pointer() {
  if (told_pointer_ != pointer_ && port_.send(pointer_)) told_pointer_ = pointer_;
}

void SessionSlot::forget_pointer() {
  pointer_ = {.drawn = true};
  told_pointer_.reset();  // the next wish is told even where this one cannot be
  tell_pointer();
}

void SessionSlot::set_encoding(const Encoding& encoding) {
  encoding_ = encoding;
  port_.send(link::SetEncoding{encoding});
}

void SessionSlot::set_audio(const AudioFormat& format) {
  if (!params_.audio) return;
  params_.audio = format;
  port_.send(link::SetAudio{format});
}

void SessionSlot::watch_clipboard(bool on) {
  if (std::exchange(clipboard_.wanted, on) == on) return;
  clipboard_.ends = clipboard_.ends || (!on && clipboard_.told);
  catch_up();
}

void SessionSlot::catch_up() {
  if (child_.pid < 0) return;  // the next one hears it first of all
  if (clipboard_.ends && port_.send(link::WatchClipboard{false})) clipboard_.ends = clipboard_.told = false;
  if (clipboard_.wanted && !clipboard_.ends && !clipboard_.told)
    clipboard_.told = port_.send(link::WatchClipboard{true});
}

// What is on its way when the client stops sharing it goes nowhere.
bool SessionSlot::on_clipboard(const link::ToHost& message) {
  const auto tell = [&](const auto* what, const auto& event) {
    if (what != nullptr && clipboard_.wanted && !clipboard_.ends && event) event(*what);
    return what != nullptr;
  };
  return tell(std::get_if<link::ClipboardState>(&message), events_.on_clipboard_state) ||
         tell(std::get_if<ClipboardPart>(&message), events_.on_clipboard_part) ||
         tell(std::get_if<ClipboardTaken>(&message), events_.on_clipboard_taken);
}

void SessionSlot::client_gone() {
  if (!has_client_) return;
  has_client_ = false;
  log_.info("client gone, the desktop stays");
  port_.send(InputEvent{ReleaseAll{}});
  port_.send(link::SetStreaming{false});
  forget_pointer();
}

void SessionSlot::start() {
  loop_.cancel(restart_);  // a client may ask while a restart is pending
  loop_.cancel(watchdog_);
  if (child_.pid > 0) return;
  ready_ = false;
  end_reason_.reset();
  stats_.reset();
  if (state_ != SlotState::interrupted) {  // its reason stays until the picture is back
    state_ = SlotState::starting;
    events_.on_state(state_, {});
  }
  if (const auto spawned = spawn(); !spawned) {
    tear_down();
    ended_ = true;
    set_state(SlotState::ended, describe(spawned.error()));
    return;
  }
  heard_ = now();
  watchdog_ = loop_.call_at(now() + kWatchdogInterval, [this] { watchdog(); });
}

Status SessionSlot::spawn() {
  LUMEN_CHECK_OK(ensure_private_dir(params_.runtime_dir));
  LUMEN_CHECK_OK(link::write_owner_file(params_.runtime_dir));
  LUMEN_TRY(auto made, link::SharedRing::create());
  const auto ring = std::make_shared<link::SharedRing>(std::move(made));
  std::shared_ptr<link::AudioRing> audio_ring;
  if (params_.audio) {
    LUMEN_TRY(auto audio, link::AudioRing::create());
    audio_ring = std::make_shared<link::AudioRing>(std::move(audio));
  }
  LUMEN_TRY(auto sockets, link::make_socket_pair());
  auto environment = params_.environment;
  environment.push_back(params_.marker);
  LUMEN_TRY(child_, link::spawn({.argv = {params_.program, "--log-level", params_.log_level},
                                 .environment = std::move(environment),
                                 .inherit_fd = sockets.session.get()}));
  link_ = std::move(sockets.host);
  LUMEN_CHECK_OK(configure(*ring, audio_ring.get()));
  clipboard_.told = clipboard_.wanted;
  clipboard_.ends = false;
  LUMEN_CHECK_OK(loop_.watch(link_.get(), EPOLLIN, [this](std::uint32_t) { on_link_ready(); }));
  LUMEN_CHECK_OK(loop_.watch(child_.pidfd.get(), EPOLLIN, [this](std::uint32_t) { on_exit(); }));
  events_.on_ring(ring);
  if (audio_ring) events_.on_audio_ring(audio_ring);
  told_pointer_ = pointer_;
  port_.set(link_.get());
  log_.info("session process {} started at {}", child_.pid, to_string(mode_));
  return {};
}

// The first messages of a session process.
Status SessionSlot::configure(const link::SharedRing& ring, const link::AudioRing* audio_ring) const {
  const link::Configure configure{.mode = mode_,
                                  .command = params_.command,
                                  .runtime_dir = params_.runtime_dir,
                                  .preset = params_.preset,
                                  .bitrate_kbps = params_.bitrate_kbps,
                                  .pointer_drawn = pointer_.drawn,
                                  .audio = params_.audio,
                                  .desktop = params_.desktop};
  std::vector<int> descriptors{ring.memory_fd(), ring.doorbell_fd()};
  if (audio_ring != nullptr) {
    descriptors.insert(descriptors.end(), {audio_ring->memory_fd(), audio_ring->doorbell_fd()});
  }
  LUMEN_CHECK_OK(link::send(link_.get(), configure, descriptors));
  if (encoding_) {
    LUMEN_CHECK_OK(link::send(link_.get(), link::SetEncoding{*encoding_}));
  }
  if (clipboard_.wanted) {
    LUMEN_CHECK_OK(link::send(link_.get(), link::WatchClipboard{true}));
  }
  if (pointer_.apart) {
    LUMEN_CHECK_OK(link::send(link_.get(), pointer_));
  }
  return link::send(link_.get(), link::SetStreaming{has_client_});
}

void SessionSlot::on_link_ready() {
  for (;;) {
    const auto received = link::receive_to_host(link_.get());
    if (!received) {  // closed or nonsense: its end says the rest
      if (received.error().code == ErrorCode::malformed) kill(child_.pid, SIGKILL);
      loop_.unwatch(link_.get());
      return;
    }
    if (!*received) return;
    heard_ = now();
    on_message(**received);
  }
}

void SessionSlot::on_message(const link::ToHost& message) {
  if (on_clipboard(message)) return;
  if (const auto* ready = std::get_if<link::Ready>(&message)) {
    ready_ = true;
    events_.on_ready(*ready);
    set_state(SlotState::streaming, {});
  } else if (const auto* mode = std::get_if<link::ModeChanged>(&message)) {
    auto text =
        fmt::format("streaming {} with {} ({})", to_string(mode->mode), mode->encoder, mode->encoder_reason);
    if (text != told_encoder_) log_.info("{}", text);
    told_encoder_ = std::move(text);
    events_.on_mode(*mode);
  } else if (const auto* responding = std::get_if<link::Responding>(&message)) {
    const auto* text = responding->yes ? "" : "the application does not answer (it hangs, or is very busy)";
    if (ready_) set_state(SlotState::streaming, text);
  } else if (const auto* desktop = std::get_if<link::DesktopState>(&message)) {
    if (ready_) set_state(SlotState::streaming, desktop->reason);
  } else if (const auto* sound = std::get_if<link::SoundState>(&message)) {
    on_sound(*sound);
  } else if (const auto* pad = std::get_if<PadFeedback>(&message)) {
    if (events_.on_pad_feedback) events_.on_pad_feedback(*pad);
  } else if (const auto* pointer = std::get_if<PointerState>(&message)) {
    if (events_.on_pointer) events_.on_pointer(*pointer);
  } else if (const auto* piece = std::get_if<PointerPiece>(&message)) {
    if (events_.on_pointer_piece) events_.on_pointer_piece(*piece);
  } else if (const auto* end = std::get_if<link::Ended>(&message)) {
    end_reason_ = fmt::format("{} [{}]", end->reason, end->id);
  } else if (const auto* stats = std::get_if<link::SessionStats>(&message)) {
    stats_ = *stats;
  }
}

void SessionSlot::on_sound(const link::SoundState& sound) {
  if (!params_.audio) return;
  if (sound.reason.empty()) {
    log_.info("sound works");
  } else {
    log_.warn("no sound: {}", sound.reason);
  }
  events_.on_sound(sound);
}

void SessionSlot::on_exit() {
  on_link_ready();  // its last words
  const auto how = link::reap(child_.pid).value_or("ended");
  child_.pid = -1;
  tear_down();
  if (end_reason_) {
    ended_ = true;
    restore_desktop();
    set_state(SlotState::ended, *end_reason_);
  } else {
    died(fmt::format("lumen-session {}", how));
  }
}

void SessionSlot::died(const std::string& why) {
  deaths_.push_back(now());
  while (deaths_.front() < now() - kDeathWindow) deaths_.pop_front();
  if (deaths_.size() >= kMaxDeaths) {
    ended_ = true;
    restore_desktop();
    set_state(SlotState::ended, fmt::format("{}, {} times within a minute: giving up. Connect again to retry",
                                            why, deaths_.size()));
    return;
  }
  ++restarts_;
  set_state(SlotState::interrupted, fmt::format("{}; starting it again", why));
  if (deaths_.size() == 1) {
    start();  // the first time at once, then with a pause
  } else {
    restart_ = loop_.call_at(now() + kRestartDelay, [this] { start(); });
  }
}

void SessionSlot::watchdog() {
  watchdog_ = 0;
  if (child_.pid < 0) return;
  tell_pointer();
  const auto limit = params_.desktop.use == "private" ? kHangTimeout : kHangTimeoutOfOthers;
  if (now() - heard_ > limit) {
    log_.error("session process {} has said nothing for {} s: ending it", child_.pid,
               std::chrono::duration_cast<std::chrono::seconds>(limit).count());
    kill(child_.pid, SIGKILL);
  }
  watchdog_ = loop_.call_at(now() + kWatchdogInterval, [this] { watchdog(); });
}

// Ends the process and everything it started; the runtime folder stays for the next one.
void SessionSlot::tear_down() {
  loop_.cancel(watchdog_);
  events_.on_ring(nullptr);
  if (params_.audio) events_.on_audio_ring(nullptr);
  port_.set(-1);
  told_pointer_.reset();
  if (link_) loop_.unwatch(link_.get());
  if (child_.pidfd) loop_.unwatch(child_.pidfd.get());
  link_.reset();
  link::kill_marked(params_.marker, kKillGrace, link::KillScope::marked);
  if (child_.pid > 0) static_cast<void>(link::reap(child_.pid));
  child_ = {};
}

void SessionSlot::set_state(SlotState state, const std::string& reason) {
  if (state == SlotState::streaming && reason.empty()) {
    log_.info("the desktop is up");
  } else {
    log_.warn("{}", reason);
  }
  state_ = state;
  events_.on_state(state, reason);
}

}  // namespace lumen::host
