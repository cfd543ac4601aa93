#include "desktop/portal/portal_desktop.hpp"

#include <unistd.h>

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/runtime_dir.hpp"
#include "desktop/pipewire/pipewire_capture.hpp"
#include "desktop/portal/portal_answers.hpp"
#include "desktop/portal/portal_session.hpp"
#include "desktop/remote/remote_input.hpp"
#include "interface/display_mode.hpp"

namespace lumen::portal {
namespace {

using namespace std::chrono_literals;

constexpr Duration kProbeWithin = 2s, kFormatWithin = 3s;
constexpr std::size_t kMaxToken = 4096;

Timestamp now() { return SteadyTime{}.now(); }

DesktopAbilities abilities_of(bool is_virtual, std::uint32_t device_types, bool pointer_is_beside) {
  return {.any_mode = is_virtual,
          .live_mode = is_virtual,
          .touch = (device_types & kTouchscreen) != 0,
          .sub_pixel = (device_types & kPointer) != 0,
          .pointer_apart = pointer_is_beside};
}

// The portal's Notify methods; `stream` is what absolute positions refer to.
class PortalNotifier final : public remote::Notifier {
 public:
  explicit PortalNotifier(Session& session) : session_{session}, stream_{session.grant().node_id} {}

  void move_to(double x, double y) override {
    if (has(kPointer)) session_.notify("NotifyPointerMotionAbsolute", "udd", stream_, x, y);
  }
  void move_by(double dx, double dy) override {
    if (has(kPointer)) session_.notify("NotifyPointerMotion", "dd", dx, dy);
  }
  void button(std::uint16_t evdev_code, bool pressed) override {
    if (has(kPointer))
      session_.notify("NotifyPointerButton", "iu", std::int32_t{evdev_code}, unsigned{pressed});
  }
  void clicks(remote::Axis axis, int count) override {
    if (has(kPointer))
      session_.notify("NotifyPointerAxisDiscrete", "ui", static_cast<std::uint32_t>(axis), count);
  }
  void scroll(double dx, double dy) override {
    if (has(kPointer)) session_.notify("NotifyPointerAxis", "dd", dx, dy);
  }
  void key(std::uint16_t evdev_code, bool pressed) override {
    if (has(kKeyboard))
      session_.notify("NotifyKeyboardKeycode", "iu", std::int32_t{evdev_code}, unsigned{pressed});
  }
  void symbol(std::uint32_t keysym, bool pressed) override {
    if (has(kKeyboard)) {
      session_.notify("NotifyKeyboardKeysym", "iu", static_cast<std::int32_t>(keysym), unsigned{pressed});
    }
  }
  void touch_down(std::uint32_t slot, double x, double y) override {
    if (has(kTouchscreen)) session_.notify("NotifyTouchDown", "uudd", stream_, slot, x, y);
  }
  void touch_move(std::uint32_t slot, double x, double y) override {
    if (has(kTouchscreen)) session_.notify("NotifyTouchMotion", "uudd", stream_, slot, x, y);
  }
  void touch_up(std::uint32_t slot) override {
    if (has(kTouchscreen)) session_.notify("NotifyTouchUp", "u", slot);
  }

 private:
  bool has(std::uint32_t device) const { return (session_.grant().device_types & device) != 0; }

  Session& session_;
  const std::uint32_t stream_;
};

class PortalDesktop final : public Desktop {
 public:
  PortalDesktop(const DesktopParams& params, PortalParams portal, DesktopEvents events, EventLoop& loop,
                Logger& log)
      : place_{params.place},
        portal_{std::move(portal)},
        events_{std::move(events)},
        loop_{loop},
        log_{log},
        mode_{params.mode},
        asked_mhz_{params.mode.refresh_mhz} {}
  ~PortalDesktop() override { release_all(); }
  PortalDesktop(const PortalDesktop&) = delete;
  PortalDesktop& operator=(const PortalDesktop&) = delete;

  Status start(const DesktopParams& params);

  std::string display_name() const override {
    return is_virtual() ? "virtual monitor of the desktop's portal"
                        : "monitor shared through the desktop's portal";
  }
  std::string capture_name() const override { return "PipeWire, shared memory"; }
  DesktopAbilities abilities() const override;
  Mode mode() const override { return mode_; }
  std::vector<std::string> environment() const override;
  Status set_mode(const Mode& mode) override;
  // Where it is not beside the picture it was settled when the person was asked: abilities() says so.
  void set_pointer_drawn(bool drawn) override {
    if (session_->pointer_is_beside()) capture_->set_pointer_drawn(drawn);
  }
  void tell_pointer() override {
    if (session_->pointer_is_beside()) capture_->tell_cursor_again();
  }
  void repaint() override { capture_->repaint(); }
  void inject(const InputEvent& event) override {
    if (!lost_) input_->inject(event, input_area());
  }

 private:
  bool is_virtual() const { return session_->grant().source_type == kVirtual; }
  std::string read_token() const;
  void keep_token(const std::string& token);
  Status start_capture(const DesktopParams& params);
  void take_mode();
  void on_frame(const BorrowedFrame& frame);
  void on_pointer(const pipewire::CursorPicture& cursor) const;
  void lose(const Error& why);
  // What stands behind the portal may keep held what its client held.
  void release_all() {
    if (input_ && !lost_) input_->inject(ReleaseAll{}, input_area());
  }
  // Positions are in the monitor's own units, which a scale makes fewer than its pixels.
  Mode input_area() const {
    const auto& grant = session_->grant();
    if (is_virtual() || grant.width == 0 || grant.height == 0) return mode_;
    return {grant.width, grant.height, mode_.refresh_mhz};
  }

  const DesktopPlace place_;
  const PortalParams portal_;
  const DesktopEvents events_;
  EventLoop& loop_;
  Logger& log_;
  Mode mode_;
  std::uint32_t asked_mhz_, limit_mhz_ = 0;
  bool lost_ = false, something_shown_ = false;
  std::unique_ptr<Session> session_;
  std::optional<PortalNotifier> notifier_;
  std::optional<remote::RemoteInput> input_;
  std::unique_ptr<pipewire::PipeWireCapture> capture_;
};

Status PortalDesktop::start(const DesktopParams& params) {
  LUMEN_TRY(session_, Session::start({.bus_address = place_.session_bus,
                                      .restore_token = read_token(),
                                      .on_token = [this](const std::string& token) { keep_token(token); },
                                      .pointer_drawn = params.pointer_drawn,
                                      .deadline = now() + portal_.consent_within}));
  LUMEN_CHECK_OK(start_capture(params));
  LUMEN_CHECK_OK(session_->attach(loop_, [this](const char* why) {
    lose({ErrorCode::unavailable, "portal.closed", why, "Start the session again and allow it on the desktop",
          0});
  }));
  notifier_.emplace(*session_);
  input_.emplace(*notifier_);
  return {};
}

// A token serves once: the next one comes with each start.
std::string PortalDesktop::read_token() const {
  if (portal_.token_file.empty() || access(portal_.token_file.c_str(), F_OK) != 0) return {};
  if (const auto ours = check_private_file(portal_.token_file); !ours) {
    log_.warn("the kept consent is not used: {}", describe(ours.error()));
    return {};
  }
  return read_small_file(portal_.token_file, kMaxToken).value_or(std::string{});
}

void PortalDesktop::keep_token(const std::string& token) {
  if (portal_.token_file.empty() || token.empty()) return;
  if (const auto kept = write_state_file(portal_.token_file, token); !kept) {
    log_.warn("the consent is asked for again the next time: {}", describe(kept.error()));
  }
}

Status PortalDesktop::start_capture(const DesktopParams& params) {
  auto& grant = session_->grant();
  pipewire::CaptureParams wanted{.remote = std::move(grant.pipewire), .node_id = grant.node_id};
  if (is_virtual()) wanted.mode = params.mode;
  wanted.importer = params.importer;
  if (session_->pointer_is_beside()) {
    wanted.pointer_drawn = params.pointer_drawn;
    wanted.pictures_get_lost = may_be_mutter(place_.current_desktop);  // see docs/desktops.md
  }
  pipewire::CaptureEvents events;
  events.on_frame = [this](const BorrowedFrame& frame) { on_frame(frame); };
  events.on_cursor = [this](const pipewire::CursorPicture& cursor) { on_pointer(cursor); };
  events.on_format = [this] { take_mode(); };
  events.on_lost = [this](const Error& why) { lose(why); };
  LUMEN_TRY(capture_, pipewire::PipeWireCapture::create(std::move(wanted), std::move(events), loop_, log_));
  LUMEN_CHECK_OK(capture_->wait_for_format(now() + kFormatWithin));
  take_mode();
  return {};
}

void PortalDesktop::take_mode() {
  const auto made = capture_->mode();
  if (!made) return;
  limit_mhz_ = made->refresh_mhz;
  mode_ = {made->width, made->height, limit_mhz_ == 0 ? asked_mhz_ : std::min(asked_mhz_, limit_mhz_)};
}

void PortalDesktop::on_frame(const BorrowedFrame& frame) {
  if (!std::exchange(something_shown_, true) && events_.on_window_mapped) events_.on_window_mapped();
  if (events_.on_frame) events_.on_frame(frame);
}

void PortalDesktop::on_pointer(const pipewire::CursorPicture& cursor) const {
  if (!session_->pointer_is_beside() || !events_.on_pointer) return;
  events_.on_pointer({.visible = cursor.visible,
                      .x = cursor.x,
                      .y = cursor.y,
                      .hotspot_x = cursor.hotspot_x,
                      .hotspot_y = cursor.hotspot_y,
                      .width = cursor.width,
                      .height = cursor.height,
                      .pixels = cursor.pixels});
}

void PortalDesktop::lose(const Error& why) {
  if (lost_) return;
  release_all();
  lost_ = true;
  session_->stop();
  if (events_.on_lost) events_.on_lost(why);
}

DesktopAbilities PortalDesktop::abilities() const {
  auto abilities = abilities_of(is_virtual(), session_->grant().device_types, session_->pointer_is_beside());
  abilities.max_refresh_mhz = limit_mhz_;
  return abilities;
}

std::vector<std::string> PortalDesktop::environment() const {
  std::vector<std::string> set{"XDG_RUNTIME_DIR=" + place_.runtime_dir,
                               "DBUS_SESSION_BUS_ADDRESS=" + place_.session_bus};
  if (!place_.wayland_socket.empty()) {
    set.insert(set.end(), {"XDG_SESSION_TYPE=wayland", "WAYLAND_DISPLAY=" + place_.wayland_socket});
  }
  if (!place_.current_desktop.empty()) set.push_back("XDG_CURRENT_DESKTOP=" + place_.current_desktop);
  return set;
}

Status PortalDesktop::set_mode(const Mode& mode) {
  LUMEN_CHECK_OK(check_mode(mode));
  if (lost_) return fail(ErrorCode::unavailable, "portal.closed", "the desktop is shared no more");
  if (!is_virtual()) {
    return fail(ErrorCode::unsupported, "portal.mode", "a monitor that is shared keeps its own size",
                "Change it in the desktop's settings");
  }
  if (mode == mode_) return {};
  asked_mhz_ = mode.refresh_mhz;
  return capture_->request_mode(mode);
}

Status probe(const DesktopPlace& place, DesktopProbe& found, Timestamp deadline) {
  if (place.session_bus.empty()) {
    return fail(ErrorCode::unavailable, "dbus.connect", "there is no session with a D-Bus here");
  }
  LUMEN_TRY(const auto bus, dbus::Connection::open(place.session_bus, deadline));
  LUMEN_TRY(const auto offer, read_offer(*bus, deadline));
  found.name = fmt::format("xdg-desktop-portal (ScreenCast {})", offer.cast_version);
  if (offer.source_types == 0) {
    return fail(ErrorCode::unsupported, "portal.no-screencast",
                "this desktop's portal has no screen to share",
                "Install the portal of this desktop: xdg-desktop-portal-gnome, -kde or -wlr");
  }
  found.abilities = abilities_of((offer.source_types & kVirtual) != 0, offer.device_types,
                                 (offer.cursor_modes & kCursorBeside) != 0);
  return {};
}

}  // namespace

Result<std::unique_ptr<Desktop>> create_portal_desktop(const DesktopParams& params,
                                                       const PortalParams& portal, DesktopEvents events,
                                                       EventLoop& loop, Logger& log) {
  LUMEN_CHECK_OK(check_mode(params.mode));
  auto desktop = std::make_unique<PortalDesktop>(params, portal, std::move(events), loop, log);
  LUMEN_CHECK_OK(desktop->start(params));
  return std::unique_ptr<Desktop>{std::move(desktop)};
}

DesktopProbe probe_portal(const DesktopPlace& place) {
  DesktopProbe found{.backend = "portal"};
  if (auto usable = probe(place, found, now() + kProbeWithin); !usable) found.refusal = usable.error();
  return found;
}

}  // namespace lumen::portal
