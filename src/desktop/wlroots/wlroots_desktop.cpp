#include "desktop/wlroots/wlroots_desktop.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "desktop/wayland/connection.hpp"
#include "desktop/wayland/data_control.hpp"
#include "desktop/wlroots/output_lock.hpp"
#include "desktop/wlroots/screencopy.hpp"
#include "desktop/wlroots/seat_keymap.hpp"
#include "desktop/wlroots/sway_ipc.hpp"
#include "desktop/wlroots/virtual_input.hpp"
#include "desktop/wlroots/virtual_output.hpp"

namespace lumen::wlroots {
namespace {

using namespace std::chrono_literals;

constexpr auto kOutputLimit = 1s;  // from the promise of an output to the output
constexpr auto kIpcLimit = 500ms;
constexpr auto kSettleTime = 1s;  // in which an output follows a new mode
constexpr double kMinScale = 0.5, kMaxScale = 4;
constexpr std::uint32_t kFaster = 4, kMaxRunningMhz = 1'000'000;

Status check(const Mode& mode) {
  if (is_valid(mode)) return {};
  return fail(ErrorCode::invalid_argument, "desktop.mode",
              fmt::format("a display cannot have the mode {}x{}", mode.width, mode.height),
              fmt::format("Sides are {} to {} pixels, rates 1 to 500 Hz", kMinModeSize, kMaxModeSize));
}

Status check_scale(double scale) {
  if (scale >= kMinScale && scale <= kMaxScale) return {};
  return fail(ErrorCode::invalid_argument, "desktop.scale",
              fmt::format("a display cannot have the scale {}", scale), "It is 0.5 to 4");
}

// No pointer_apart: headless outputs have no plane for a pointer, the compositor paints it into the picture.
DesktopAbilities abilities_of(bool removable) {
  return {.removable = removable, .text = true, .sub_pixel = true};
}

// sway's control socket is found beside every Wayland socket of the person: it counts where both are of one
// process.
void drop_ipc_of_another(DesktopPlace& place, const wayland::WaylandConnection& connection) {
  if (place.ipc_socket.empty()) return;
  const auto ipc = SwayIpc::connect(place.ipc_socket);
  if (ipc && ipc->peer() != connection.peer()) place.ipc_socket.clear();
}

bool is_sway(const DesktopPlace& place) { return !place.ipc_socket.empty(); }

// Owner: the thread of the event loop. Thread-safe: no.
class WlrootsDesktop final : public Desktop {
 public:
  WlrootsDesktop(const DesktopParams& params, DesktopEvents events, EventLoop& loop, Logger& log)
      : params_{params}, events_{std::move(events)}, loop_{loop}, log_{log} {}
  ~WlrootsDesktop() override;

  Status start();
  std::string display_name() const override { return name_; }
  std::string capture_name() const override { return "wlr-screencopy, shared memory"; }
  DesktopAbilities abilities() const override { return abilities_of(output_->removable()); }
  Mode mode() const override { return params_.mode; }
  std::vector<std::string> environment() const override;
  Status set_mode(const Mode& mode) override;
  void set_pointer_drawn(bool drawn) override { capture_->set_pointer_drawn(drawn); }
  void repaint() override { capture_->repaint(); }
  void inject(const InputEvent& event) override {
    if (!lost_) input_->inject(event);  // without its display it would go to another
  }
  Clipboard* clipboard() override { return lost_ ? nullptr : clipboard_.get(); }

 private:
  Status connect();
  Status take_output();
  Status start_capture(wl_output* output);
  Status watch_windows();
  void on_outputs_changed();
  void settle();
  void follow(const Mode& mode);
  Error output_gone() const;
  void lose(const Error& why);

  DesktopParams params_;
  DesktopEvents events_;
  EventLoop& loop_;
  Logger& log_;
  std::string name_ = "a compositor of wlroots' kind";
  std::unique_ptr<wayland::WaylandConnection> connection_;
  std::unique_ptr<VirtualOutput> output_;
  std::unique_ptr<SwayWindows> windows_;
  std::unique_ptr<VirtualInput> input_;
  std::unique_ptr<Screencopy> capture_;
  std::unique_ptr<wayland::DataControl> clipboard_;
  EventLoop::TimerId settle_timer_ = 0;  // runs: the compositor may not have the newest mode yet
  bool window_told_ = false, lost_ = false;
};

WlrootsDesktop::~WlrootsDesktop() {
  loop_.cancel(settle_timer_);
  clipboard_.reset();
  capture_.reset();
  input_.reset();
  windows_.reset();
  if (connection_) {
    connection_->on_outputs_changed = nullptr;
    connection_->flush();
  }
}

Status WlrootsDesktop::connect() {
  LUMEN_TRY(connection_, wayland::WaylandConnection::connect(params_.place.wayland_socket, loop_,
                                                             [this](const Error& why) { lose(why); }));
  drop_ipc_of_another(params_.place, *connection_);
  return {};
}

Status WlrootsDesktop::take_output() {
  const OutputParams params{params_.mode, params_.scale, params_.place, params_.journal};
  if (is_sway(params_.place)) {
    LUMEN_TRY(auto ipc, SwayIpc::connect(params_.place.ipc_socket));
    LUMEN_TRY(const auto version, ipc.version(kIpcLimit));
    name_ = fmt::format("sway {} (wlroots)", version.text);
    LUMEN_TRY(output_, take_sway_output(params, log_));
  } else {
    LUMEN_TRY(output_, take_managed_output(params, *connection_, log_));
  }
  return {};
}

Status WlrootsDesktop::start() {
  LUMEN_CHECK_OK(check(params_.mode));
  LUMEN_CHECK_OK(check_scale(params_.scale));
  LUMEN_CHECK_OK(connect());
  // Before anything is changed: what cannot work is told.
  LUMEN_TRY(auto layout, seat_layout(*connection_));
  LUMEN_CHECK_OK(take_output());
  const auto is_there = [this] {
    const auto* output = connection_->output_named(output_->name());
    return output != nullptr && output->width == static_cast<int>(params_.mode.width) &&
           output->height == static_cast<int>(params_.mode.height);
  };
  LUMEN_CHECK_OK(connection_->wait(is_there, kOutputLimit));
  auto* const bound_to = connection_->output_named(output_->name())->proxy;
  LUMEN_TRY(input_, VirtualInput::create(*connection_, bound_to, std::move(layout)));
  input_->set_size(params_.mode, params_.scale);
  LUMEN_CHECK_OK(watch_windows());
  clipboard_ = wayland::DataControl::create(*connection_, loop_);
  LUMEN_CHECK_OK(connection_->roundtrip(kOutputLimit));
  // Nothing waits for the compositor from here on: what it says is told from the loop, never from in here.
  const auto* output = connection_->output_named(output_->name());
  if (output == nullptr) return tl::unexpected{output_gone()};
  connection_->on_outputs_changed = [this] { on_outputs_changed(); };
  return start_capture(output->proxy);
}

Status WlrootsDesktop::start_capture(wl_output* output) {
  Screencopy::Params params;
  params.output = output;
  params.pointer_drawn = params_.pointer_drawn;
  params.on_failure = [this](const Error& why) { lose(why); };
  params.on_frame = [this](const BorrowedFrame& frame) {
    if (!windows_ && !std::exchange(window_told_, true) && events_.on_window_mapped)
      events_.on_window_mapped();
    if (events_.on_frame) events_.on_frame(frame);
  };
  LUMEN_TRY(capture_, Screencopy::create(*connection_, loop_, std::move(params)));
  capture_->set_mode(params_.mode);
  return {};
}

// Only sway tells of windows. Elsewhere the first picture counts as one.
Status WlrootsDesktop::watch_windows() {
  if (!is_sway(params_.place)) return {};
  const auto tell = [this] {
    if (!lost_ && events_.on_window_mapped) events_.on_window_mapped();
  };
  LUMEN_TRY(windows_, SwayWindows::watch(params_.place.ipc_socket, loop_, tell, kIpcLimit));
  return {};
}

void WlrootsDesktop::on_outputs_changed() {
  if (connection_->output_named(output_->name()) == nullptr) return lose(output_gone());
  if (settle_timer_ == 0) settle();
}

// The output may have another size than it was told: it had no time, or somebody else told it another. Then
// that is the one that counts.
void WlrootsDesktop::settle() {
  const auto* output = connection_->output_named(output_->name());
  if (lost_ || output == nullptr || output->width <= 0 || output->height <= 0) return;
  auto real = params_.mode;
  real.width = static_cast<std::uint32_t>(output->width);
  real.height = static_cast<std::uint32_t>(output->height);
  if (real != params_.mode && is_valid(real)) follow(real);
}

void WlrootsDesktop::follow(const Mode& mode) {
  params_.mode = mode;
  input_->set_size(mode, params_.scale);
  capture_->set_mode(mode);
}

Error WlrootsDesktop::output_gone() const {
  return {ErrorCode::unavailable, "wlroots.output-gone",
          fmt::format("the output {} was taken away", output_->name()), "Start the session again", 0};
}

void WlrootsDesktop::lose(const Error& why) {
  if (std::exchange(lost_, true)) return;
  if (capture_) capture_->stop();  // at once: a pending one would name an output that is freed
  if (events_.on_lost) events_.on_lost(why);
}

std::vector<std::string> WlrootsDesktop::environment() const {
  const auto& place = params_.place;
  auto display = place.wayland_socket;
  if (display.starts_with(place.runtime_dir + "/")) display.erase(0, place.runtime_dir.size() + 1);
  std::vector<std::string> set{"XDG_RUNTIME_DIR=" + place.runtime_dir,
                               "WAYLAND_DISPLAY=" + display,
                               "XDG_SESSION_TYPE=wayland",
                               "SDL_VIDEODRIVER=wayland",
                               "QT_QPA_PLATFORM=wayland",
                               "GDK_BACKEND=wayland,x11"};
  if (!place.ipc_socket.empty()) set.push_back("SWAYSOCK=" + place.ipc_socket);
  if (!place.session_bus.empty()) set.push_back("DBUS_SESSION_BUS_ADDRESS=" + place.session_bus);
  if (!place.current_desktop.empty()) set.push_back("XDG_CURRENT_DESKTOP=" + place.current_desktop);
  return set;
}

Status WlrootsDesktop::set_mode(const Mode& mode) {
  LUMEN_CHECK_OK(check(mode));
  if (lost_ || connection_->is_lost()) {
    return fail(ErrorCode::unavailable, "wayland.lost", "the display went away", "Start the session again");
  }
  if (mode == params_.mode) return {};
  LUMEN_CHECK_OK(output_->set_mode(mode));
  follow(mode);
  loop_.cancel(settle_timer_);
  settle_timer_ = loop_.call_at(SteadyTime{}.now() + kSettleTime, [this] {
    settle_timer_ = 0;
    settle();
  });
  return {};
}

// ---- finding out.

std::optional<Error> missing_protocol(const wayland::WaylandConnection& connection) {
  struct Need {
    std::string_view interface;
    std::uint32_t version;
  };
  for (const auto& need : {Need{"zwlr_screencopy_manager_v1", 2}, Need{"zwlr_virtual_pointer_manager_v1", 2},
                           Need{"zwp_virtual_keyboard_manager_v1", 1}}) {
    if (connection.offered(need.interface) >= need.version) continue;
    return Error{ErrorCode::unsupported, "wlroots.protocol",
                 fmt::format("the compositor does not offer {} of version {}", need.interface, need.version),
                 "Use sway 1.7 or later, or another desktop of wlroots' kind that offers it", 0};
  }
  return std::nullopt;
}

void probe_sway(DesktopProbe& probe, const DesktopPlace& place) {
  auto ipc = SwayIpc::connect(place.ipc_socket);
  if (!ipc) {
    probe.refusal = ipc.error();
    return;
  }
  const auto version = ipc->version(kIpcLimit);
  if (!version) {
    probe.refusal = version.error();
    return;
  }
  probe.name = fmt::format("sway {} (wlroots)", version->text);
  probe.abilities = abilities_of(std::pair{version->major, version->minor} >= std::pair{1, 8});
}

void probe_others(DesktopProbe& probe, const wayland::WaylandConnection& connection) {
  probe.name = "a compositor of wlroots' kind";
  probe.abilities = abilities_of(false);
  const auto outputs = connection.outputs();
  const bool has_one = std::ranges::any_of(
      outputs, [](const wayland::Output* output) { return is_headless_output(output->name); });
  if (has_one && connection.offered("zwlr_output_manager_v1") > 0) return;
  probe.refusal = Error{ErrorCode::unsupported, "wlroots.no-output",
                        "the compositor has no output that nobody sees, and makes none",
                        "Start it with a headless output (WLR_BACKENDS=…,headless), or use sway", 0};
}

}  // namespace

Mode running_mode(const Mode& asked) {
  auto running = asked;
  running.refresh_mhz = std::min(asked.refresh_mhz * kFaster, kMaxRunningMhz);
  return running;
}

Result<std::unique_ptr<Desktop>> create_wlroots_desktop(const DesktopParams& params, DesktopEvents events,
                                                        EventLoop& loop, Logger& log) {
  auto desktop = std::make_unique<WlrootsDesktop>(params, std::move(events), loop, log);
  LUMEN_CHECK_OK(desktop->start());
  return std::unique_ptr<Desktop>{std::move(desktop)};
}

DesktopProbe probe_wlroots(const DesktopPlace& found) {
  DesktopProbe probe;
  auto place = found;
  probe.backend = kBackend;
  const auto loop = EventLoop::create();
  if (!loop) {
    probe.refusal = loop.error();
    return probe;
  }
  const auto connection = wayland::WaylandConnection::connect(place.wayland_socket, **loop, {});
  if (!connection) {
    probe.refusal = connection.error();
    return probe;
  }
  probe.refusal = missing_protocol(**connection);
  if (probe.refusal) return probe;
  drop_ipc_of_another(place, **connection);
  if (is_sway(place)) {
    probe_sway(probe, place);
  } else {
    probe_others(probe, **connection);
  }
  return probe;
}

Status undo_wlroots(std::string_view change, const DesktopPlace& place, Logger& log) {
  return change.find("\"managed\"") != std::string_view::npos ? undo_managed_change(change, place, log)
                                                              : undo_sway_change(change, place, log);
}

}  // namespace lumen::wlroots
