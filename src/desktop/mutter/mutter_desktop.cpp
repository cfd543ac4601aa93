#include "desktop/mutter/mutter_desktop.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "desktop/mutter/mutter_clipboard.hpp"
#include "desktop/mutter/mutter_input.hpp"
#include "desktop/mutter/mutter_session.hpp"
#include "desktop/pipewire/pipewire_capture.hpp"
#include "interface/display_mode.hpp"
#include "libpipewire/handles.hpp"

namespace lumen::mutter {
namespace {

using namespace std::chrono_literals;

constexpr Duration kStartWithin = 4s, kProbeWithin = 2s;
// Mutter draws its virtual monitors no faster, whatever is asked for (43; a newer one that does is believed).
constexpr std::uint32_t kUsualLimitMhz = 60'000;
constexpr auto kShell = "org.gnome.Shell", kShellPath = "/org/gnome/Shell";

Timestamp now() { return SteadyTime{}.now(); }

DesktopAbilities abilities_of(std::uint32_t device_types, std::uint32_t limit_mhz) {
  return {.max_refresh_mhz = limit_mhz,
          .touch = (device_types & kTouchscreen) != 0,
          .text = false,  // of characters, those that a key of the layout makes
          .sub_pixel = true,
          .pointer_apart = false};
}

class MutterDesktop final : public Desktop {
 public:
  MutterDesktop(const DesktopParams& params, DesktopEvents events, EventLoop& loop, Logger& log)
      : place_{params.place}, events_{std::move(events)}, loop_{loop}, log_{log}, mode_{params.mode} {}

  Status start(const DesktopParams& params);

  std::string display_name() const override { return "virtual monitor of " + name_; }
  std::string capture_name() const override { return "PipeWire, shared memory"; }
  DesktopAbilities abilities() const override { return abilities_of(session_->device_types(), limit_mhz_); }
  Mode mode() const override { return mode_; }
  std::vector<std::string> environment() const override;
  Status set_mode(const Mode& mode) override;
  // Mutter settles it when the monitor is made: abilities() says so.
  void set_pointer_drawn(bool /*drawn*/) override {}
  void repaint() override { capture_->repaint(); }
  void inject(const InputEvent& event) override {
    if (!lost_) input_->inject(event, mode_);
  }
  Clipboard* clipboard() override { return lost_ ? nullptr : clipboard_.get(); }

 private:
  Status start_capture(const DesktopParams& params, Timestamp deadline);
  void take_mode();
  void on_frame(const BorrowedFrame& frame);
  void lose(const Error& why);

  const DesktopPlace place_;
  const DesktopEvents events_;
  EventLoop& loop_;
  Logger& log_;
  Mode mode_;  // as it is; the rate as asked for and possible
  Mode asked_;
  std::uint32_t limit_mhz_ = kUsualLimitMhz;
  bool lost_ = false, something_shown_ = false;
  std::string name_ = "Mutter";
  std::unique_ptr<Session> session_;
  std::unique_ptr<MutterNotifier> notifier_;
  std::optional<remote::RemoteInput> input_;
  std::unique_ptr<MutterClipboard> clipboard_;
  std::unique_ptr<pipewire::PipeWireCapture> capture_;
};

Status MutterDesktop::start(const DesktopParams& params) {
  const auto deadline = now() + kStartWithin;
  asked_ = params.mode;
  LUMEN_TRY(session_, Session::start({.bus_address = place_.session_bus,
                                      .pointer_drawn = params.pointer_drawn,
                                      .deadline = deadline}));
  LUMEN_CHECK_OK(start_capture(params, deadline));
  clipboard_ = MutterClipboard::create(*session_, loop_, deadline);
  LUMEN_CHECK_OK(session_->attach(loop_, [this](const char* why) {
    lose({ErrorCode::unavailable, "mutter.closed", why, "Start the session again", 0});
  }));
  notifier_ = std::make_unique<MutterNotifier>(*session_);
  notifier_->prepare();
  input_.emplace(*notifier_);
  return {};
}

Status MutterDesktop::start_capture(const DesktopParams& params, Timestamp deadline) {
  pipewire::CaptureEvents events;
  events.on_frame = [this](const BorrowedFrame& frame) { on_frame(frame); };
  events.on_format = [this] { take_mode(); };
  events.on_lost = [this](const Error& why) { lose(why); };
  LUMEN_TRY(capture_, pipewire::PipeWireCapture::create({.socket = place_.pipewire_socket,
                                                         .node_id = session_->node_id(),
                                                         .mode = params.mode,
                                                         .importer = params.importer},
                                                        std::move(events), loop_, log_));
  LUMEN_CHECK_OK(capture_->wait_for_format(deadline));
  take_mode();
  return {};
}

void MutterDesktop::take_mode() {
  const auto made = capture_->mode();
  if (!made) return;
  limit_mhz_ = std::max(limit_mhz_, made->refresh_mhz);
  mode_ = {made->width, made->height, std::min(asked_.refresh_mhz, limit_mhz_)};
}

void MutterDesktop::on_frame(const BorrowedFrame& frame) {
  if (!std::exchange(something_shown_, true) && events_.on_window_mapped) events_.on_window_mapped();
  if (events_.on_frame) events_.on_frame(frame);
}

// A monitor that nobody looks at makes Mutter's memory grow without end: it goes at once.
void MutterDesktop::lose(const Error& why) {
  if (std::exchange(lost_, true)) return;
  session_->stop();
  if (events_.on_lost) events_.on_lost(why);
}

std::vector<std::string> MutterDesktop::environment() const {
  std::vector<std::string> set{"XDG_RUNTIME_DIR=" + place_.runtime_dir,
                               "DBUS_SESSION_BUS_ADDRESS=" + place_.session_bus,
                               "XDG_SESSION_TYPE=wayland",
                               "XDG_CURRENT_DESKTOP=GNOME",
                               "SDL_VIDEODRIVER=wayland",
                               "QT_QPA_PLATFORM=wayland",
                               "GDK_BACKEND=wayland,x11"};
  if (!place_.wayland_socket.empty()) set.push_back("WAYLAND_DISPLAY=" + place_.wayland_socket);
  return set;
}

Status MutterDesktop::set_mode(const Mode& mode) {
  LUMEN_CHECK_OK(check_mode(mode));
  if (lost_) return fail(ErrorCode::unavailable, "mutter.closed", "the virtual monitor is gone");
  if (mode == asked_) return {};  // not mode_: another one may be on its way
  LUMEN_CHECK_OK(capture_->request_mode(mode));
  asked_ = mode;
  return {};
}

std::string name_of_shell(dbus::Connection& bus, Timestamp deadline) {
  const auto version = bus.text_property({kShell, kShellPath, kShell, "ShellVersion"}, deadline);
  return version ? "GNOME Shell " + version->substr(0, 16) : "Mutter";
}

Status probe(const DesktopPlace& place, DesktopProbe& found, Timestamp deadline) {
  if (place.session_bus.empty()) {
    return fail(ErrorCode::unavailable, "dbus.connect", "there is no session with a D-Bus here");
  }
  LUMEN_TRY(const auto bus, dbus::Connection::open(place.session_bus, deadline));
  LUMEN_TRY(const auto remote, bus->owner_of(kRemoteDesktopName, deadline));
  LUMEN_TRY(const auto cast, bus->owner_of(kScreenCastName, deadline));
  found.name = name_of_shell(*bus, deadline);
  LUMEN_TRY(const auto types,
            bus->number_property({remote, kRemoteDesktopPath, kRemoteDesktopName, "SupportedDeviceTypes"},
                                 deadline));
  found.abilities = abilities_of(types, kUsualLimitMhz);
  LUMEN_TRY(const auto pipewire, libpipewire::connect_to(place.pipewire_socket));
  return {};
}

}  // namespace

Result<std::unique_ptr<Desktop>> create_mutter_desktop(const DesktopParams& params, DesktopEvents events,
                                                       EventLoop& loop, Logger& log) {
  LUMEN_CHECK_OK(check_mode(params.mode));
  auto desktop = std::make_unique<MutterDesktop>(params, std::move(events), loop, log);
  LUMEN_CHECK_OK(desktop->start(params));
  return std::unique_ptr<Desktop>{std::move(desktop)};
}

DesktopProbe probe_mutter(const DesktopPlace& place) {
  DesktopProbe found{.backend = "mutter"};
  if (auto usable = probe(place, found, now() + kProbeWithin); !usable) found.refusal = usable.error();
  return found;
}

}  // namespace lumen::mutter
