#include "desktop/kwin/kwin_desktop.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "desktop/kwin/fake_input.hpp"
#include "desktop/kwin/kwin_facts.hpp"
#include "desktop/kwin/screencast.hpp"
#include "desktop/kwin/windows.hpp"
#include "desktop/pipewire/pipewire_capture.hpp"
#include "desktop/wayland/connection.hpp"
#include "desktop/wayland/data_control.hpp"
#include "interface/display_mode.hpp"

namespace lumen::kwin {
namespace {

using namespace std::chrono_literals;
using wayland::WaylandConnection;

constexpr Duration kProbeLimit = 2s, kCreateLimit = 4500ms, kNextLimit = 5s;
constexpr std::uint32_t kRefreshMhz = 60'000;  // of every virtual output of KWin 5
constexpr std::size_t kMaxName = 32;
constexpr auto kRestricted =
    "Install lumen-session.desktop with the program's path in Exec (docs/desktops.md)";

Timestamp now() { return SteadyTime{}.now(); }

// KWin 5 paints the pointer into the pictures of its virtual outputs, whatever was asked of the stream.
DesktopAbilities abilities_of_kwin() {
  return {.max_refresh_mhz = kRefreshMhz, .touch = true, .pointer_apart = false};
}

tl::unexpected<Error> no_virtual_output(std::string_view why) {
  return fail(
      ErrorCode::unsupported, "kwin.no-virtual-output",
      fmt::format("KWin could not create a virtual output: {}", why),
      "It can where it drives a GPU itself; elsewhere use --app plasma, a Plasma of the session's own");
}

// KWin as it can be known without asking it for anything.
Result<KWinFacts> look_at(const WaylandConnection& connection, const std::string& bus, Timestamp deadline) {
  if (connection.offered("org_kde_plasma_shell") == 0) {
    return fail(ErrorCode::unavailable, "kwin.absent", "the session's compositor is not KWin",
                "Use the kind of desktop that fits it");
  }
  return ask_kwin(bus, deadline);
}

Status check(const KWinFacts& facts, const WaylandConnection& connection) {
  for (const auto* interface : {"zkde_screencast_unstable_v1", "org_kde_kwin_fake_input"}) {
    if (connection.offered(interface) > 0) continue;
    return fail(ErrorCode::denied, "kwin.permission",
                fmt::format("KWin does not offer {} to this program", interface), kRestricted);
  }
  if (facts.draws_with_opengl()) return {};
  return fail(ErrorCode::unsupported, "kwin.no-opengl",
              fmt::format("KWin draws without OpenGL here ({}), and gives no pictures so", facts.compositing),
              "Turn OpenGL on in KWin, or use --app plasma, a Plasma of the session's own");
}

// Owner: the thread of the loop. Thread-safe: no.
class KWinDesktop final : public Desktop {
 public:
  KWinDesktop(const DesktopParams& params, DesktopEvents events, EventLoop& loop, Logger& log,
              std::vector<std::uint64_t> modifiers)
      : params_{params},
        events_{std::move(events)},
        loop_{loop},
        log_{log},
        modifiers_{std::move(modifiers)},
        mode_{params.mode} {}
  ~KWinDesktop() override {
    loop_.cancel(next_timer_);
    if (connection_) connection_->on_outputs_changed = nullptr;
  }

  Status start();

  std::string display_name() const override {
    return fmt::format("KWin {} (virtual output)", facts_.version);
  }
  std::string capture_name() const override { return "zkde_screencast by PipeWire"; }
  DesktopAbilities abilities() const override { return abilities_of_kwin(); }
  Mode mode() const override { return mode_; }
  std::vector<std::string> environment() const override;
  Status set_mode(const Mode& mode) override;
  void set_pointer_drawn(bool drawn) override {
    params_.pointer_drawn = drawn;
    display_->capture->set_pointer_drawn(drawn);
  }
  void repaint() override { display_->capture->repaint(); }
  void inject(const InputEvent& event) override {
    if (!lost_) input_->inject(event);
  }
  Clipboard* clipboard() override { return lost_ ? nullptr : clipboard_.get(); }

 private:
  // A virtual output with its stream. While the size changes there are two.
  struct Display {
    std::string name;  // as it was asked for
    std::optional<std::uint32_t> node;
    std::unique_ptr<ScreencastStream> stream;
    std::unique_ptr<pipewire::PipeWireCapture> capture;
  };

  std::string unused_name() const;
  void open_display();
  Status open_capture(Display& display);
  Status wait_for_display(Timestamp deadline);
  const wayland::Output* output_of(const Display& display) const;
  bool is_ready(const Display& display) const { return display.node && output_of(display) != nullptr; }
  void advance();
  Status use_next();
  void on_outputs();
  void on_format(const Display& display);
  void on_frame(const BorrowedFrame& frame);
  void lose(const Error& why);

  DesktopParams params_;
  const DesktopEvents events_;
  EventLoop& loop_;
  Logger& log_;
  const std::vector<std::uint64_t> modifiers_;
  Mode mode_;
  KWinFacts facts_;
  bool started_ = false, lost_ = false, shown_ = false;
  std::uint64_t sequence_ = 0;
  EventLoop::TimerId next_timer_ = 0;
  std::optional<Error> refusal_;  // of the stream, while the desktop is being made
  std::unique_ptr<WaylandConnection> connection_;
  std::optional<Screencast> screencast_;
  std::unique_ptr<FakeInput> input_;
  std::unique_ptr<Windows> windows_;
  std::unique_ptr<wayland::DataControl> clipboard_;
  std::unique_ptr<Display> display_, next_;
};

Status KWinDesktop::start() {
  const auto deadline = now() + kCreateLimit;
  LUMEN_CHECK_OK(check_mode(params_.mode));
  LUMEN_TRY(connection_, WaylandConnection::connect(params_.place.wayland_socket, loop_,
                                                    [this](const Error& why) { lose(why); }));
  LUMEN_TRY(facts_, look_at(*connection_, params_.place.session_bus, now() + 1s));
  LUMEN_CHECK_OK(check(facts_, *connection_));
  LUMEN_TRY(screencast_, Screencast::create(*connection_));
  LUMEN_TRY(input_, FakeInput::create(*connection_));
  windows_ = std::make_unique<Windows>(*connection_);
  clipboard_ = wayland::DataControl::create(*connection_, loop_);
  connection_->on_outputs_changed = [this] { on_outputs(); };
  open_display();
  LUMEN_CHECK_OK(wait_for_display(deadline));
  LUMEN_CHECK_OK(use_next());
  LUMEN_CHECK_OK(display_->capture->wait_for_format(deadline));
  on_format(*display_);
  started_ = true;
  return {};
}

// Two displays of one KWin need two names; KWin remembers each by its name.
std::string KWinDesktop::unused_name() const {
  const auto wanted = params_.name.substr(0, kMaxName);
  auto name = wanted;
  for (int number = 2; output_of({.name = name}) != nullptr; ++number) {
    name = fmt::format("{}-{}", wanted, number);
  }
  return name;
}

const wayland::Output* KWinDesktop::output_of(const Display& display) const {
  return connection_->output_named("Virtual-" + display.name);
}

void KWinDesktop::open_display() {
  next_ = std::make_unique<Display>();
  next_->name = unused_name();
  next_->stream = screencast_->stream_virtual_output(next_->name, mode_.width, mode_.height, params_.scale,
                                                     {.on_created =
                                                          [this, display = next_.get()](std::uint32_t node) {
                                                            display->node = node;
                                                            advance();
                                                          },
                                                      .on_ended =
                                                          [this](const Error& why) {
                                                            refusal_ = why;
                                                            lose(why);
                                                          }});
}

Status KWinDesktop::wait_for_display(Timestamp deadline) {
  const auto waited = connection_->wait([this] { return refusal_ || is_ready(*next_); }, deadline - now());
  if (refusal_) return no_virtual_output(refusal_->what);
  if (waited) return {};
  if (connection_->is_lost()) return waited;
  return fail(ErrorCode::timed_out, "kwin.timeout",
              next_->node ? "KWin made no display in time" : "KWin made no stream of a display in time",
              "See what KWin logged (journalctl --user -b)");
}

// The new display takes over once KWin has both its output and its stream.
void KWinDesktop::advance() {
  if (!started_ || lost_ || !next_ || !is_ready(*next_)) return;
  loop_.cancel(std::exchange(next_timer_, 0));
  if (const auto used = use_next(); !used) lose(used.error());
}

// Windows follow to it before the old one goes: KWin would put them anywhere.
Status KWinDesktop::use_next() {
  LUMEN_CHECK_OK(open_capture(*next_));
  if (display_) {
    if (const auto* const old = output_of(*display_)) {
      windows_->send_to_output(area_of(*old, false), output_of(*next_)->proxy);
    }
  }
  display_ = std::move(next_);
  connection_->flush();
  on_outputs();
  return {};
}

Status KWinDesktop::open_capture(Display& display) {
  pipewire::CaptureParams params;
  params.socket = params_.place.pipewire_socket;
  params.node_id = display.node;
  params.pointer_drawn = params_.pointer_drawn;
  params.mappable_modifiers = modifiers_;
  params.importer = params_.importer;
  LUMEN_TRY(display.capture, pipewire::PipeWireCapture::create(
                                 std::move(params),
                                 {.on_frame = [this](const BorrowedFrame& frame) { on_frame(frame); },
                                  .on_cursor = nullptr,
                                  .on_format = [this, &display] { on_format(display); },
                                  .on_lost = [this](const Error& why) { lose(why); }},
                                 loop_, log_));
  return {};
}

void KWinDesktop::on_format(const Display& display) {
  const auto format = display.capture->mode();
  if (!format) return;
  mode_.width = format->width;
  mode_.height = format->height;
  mode_.refresh_mhz = std::min(params_.mode.refresh_mhz, kRefreshMhz);
}

void KWinDesktop::on_outputs() {
  advance();
  const auto* const ours = display_ ? output_of(*display_) : nullptr;
  input_->set_area(ours == nullptr ? OutputArea{} : area_of(*ours, connection_->outputs().size() == 1));
}

void KWinDesktop::on_frame(const BorrowedFrame& frame) {
  if (lost_) return;
  if (!std::exchange(shown_, true) && events_.on_window_mapped) events_.on_window_mapped();
  if (!events_.on_frame) return;
  auto ours = frame;
  ours.sequence = ++sequence_;  // across streams
  events_.on_frame(ours);
}

// KWin 5 resizes no virtual output: another one comes, then the old one goes. Until then its pictures do.
Status KWinDesktop::set_mode(const Mode& mode) {
  LUMEN_CHECK_OK(check_mode(mode));
  if (lost_) return fail(ErrorCode::unavailable, "desktop.lost", "the display is gone");
  if (mode == params_.mode) return {};
  const bool resized = mode.width != mode_.width || mode.height != mode_.height;
  params_.mode = mode;
  mode_ = {mode.width, mode.height, std::min(mode.refresh_mhz, kRefreshMhz)};
  if (!resized) return {};
  open_display();
  loop_.cancel(next_timer_);
  next_timer_ = loop_.call_at(now() + kNextLimit, [this] {
    lose({ErrorCode::timed_out, "kwin.timeout", "KWin made no display of the new size in time",
          "See what KWin logged (journalctl --user -b)"});
  });
  return {};
}

std::vector<std::string> KWinDesktop::environment() const {
  const auto& place = params_.place;
  return {"XDG_RUNTIME_DIR=" + place.runtime_dir,
          "WAYLAND_DISPLAY=" + place.wayland_socket,
          "DBUS_SESSION_BUS_ADDRESS=" + place.session_bus,
          "XDG_SESSION_TYPE=wayland",
          "XDG_CURRENT_DESKTOP=KDE",
          "QT_QPA_PLATFORM=wayland",
          "SDL_VIDEODRIVER=wayland",
          "GDK_BACKEND=wayland,x11"};
}

void KWinDesktop::lose(const Error& why) {
  if (!started_ || std::exchange(lost_, true)) return;
  loop_.cancel(std::exchange(next_timer_, 0));
  if (events_.on_lost) events_.on_lost(why);
}

}  // namespace

Result<std::unique_ptr<Desktop>> create_kwin_desktop(const DesktopParams& params, DesktopEvents events,
                                                     EventLoop& loop, Logger& log) {
  return create_kwin_desktop_with_dmabufs(params, std::move(events), loop, log, {});
}

Result<std::unique_ptr<Desktop>> create_kwin_desktop_with_dmabufs(const DesktopParams& params,
                                                                  DesktopEvents events, EventLoop& loop,
                                                                  Logger& log,
                                                                  std::vector<std::uint64_t> modifiers) {
  auto desktop = std::make_unique<KWinDesktop>(params, std::move(events), loop, log, std::move(modifiers));
  LUMEN_CHECK_OK(desktop->start());
  return std::unique_ptr<Desktop>{std::move(desktop)};
}

DesktopProbe probe_kwin(const DesktopPlace& place) {
  DesktopProbe probe{.backend = "kwin", .name = {}, .refusal = {}, .abilities = abilities_of_kwin()};
  const auto deadline = now() + kProbeLimit;
  const auto look = [&]() -> Status {
    LUMEN_TRY(const auto loop, EventLoop::create());
    LUMEN_TRY(const auto connection, WaylandConnection::connect(place.wayland_socket, *loop, nullptr));
    LUMEN_TRY(const auto facts, look_at(*connection, place.session_bus, deadline));
    probe.name = fmt::format("KWin {}", facts.version);
    LUMEN_CHECK_OK(check(facts, *connection));
    // Of the kinds of KWin 5 this one alone has none, and says so too late.
    if (facts.output_backend == "KWin::VirtualBackend" && facts.version.starts_with("5.")) {
      return no_virtual_output("it runs without a screen (kwin_wayland --virtual)");
    }
    return {};
  };
  if (auto looked = look(); !looked) probe.refusal = std::move(looked).error();
  return probe;
}

}  // namespace lumen::kwin
