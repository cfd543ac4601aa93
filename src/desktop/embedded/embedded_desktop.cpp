#include "desktop/embedded/embedded_desktop.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/runtime_dir.hpp"
#include "desktop/embedded/compositor.h"
#include "desktop/keymap/character_table.hpp"
#include "desktop/keymap/layout.hpp"
#include "interface/clipboard.hpp"
#include "interface/display_mode.hpp"

namespace lumen::embedded {
namespace {

struct CompositorDeleter {
  void operator()(lumen_comp* comp) const noexcept { lumen_comp_destroy(comp); }
};
using CompositorPtr = std::unique_ptr<lumen_comp, CompositorDeleter>;

static_assert(kMaxTouches == LUMEN_COMP_MAX_TOUCHES);
static_assert(kMaxPointerSide == LUMEN_COMP_MAX_POINTER_SIDE);

lumen_comp_mode to_comp(const Mode& mode) {
  return {static_cast<std::int32_t>(mode.width), static_cast<std::int32_t>(mode.height), mode.refresh_mhz};
}

// 0…65535 over the whole side to the nearest whole pixel. A client that points at pixel p of n sends
// round(p * 65535 / (n - 1)) and gets exactly p, for every n up to 65536.
double to_pixel(std::uint16_t position, std::uint32_t side) {
  const std::uint64_t pixel = (std::uint64_t{position} * (side - 1) + 32'767) / 65'535;
  return static_cast<double>(pixel);
}

// The same, where parts of pixels count.
double to_place(std::uint16_t position, std::uint32_t side) { return position * (side - 1.0) / 65'535.0; }

lumen_comp_touch_phase to_comp(TouchPhase phase) {
  switch (phase) {
    case TouchPhase::down:
      return LUMEN_COMP_TOUCH_DOWN;
    case TouchPhase::move:
      return LUMEN_COMP_TOUCH_MOVE;
    case TouchPhase::up:
      return LUMEN_COMP_TOUCH_UP;
    case TouchPhase::cancel:
      break;
  }
  return LUMEN_COMP_TOUCH_CANCEL;
}

// Where a pen points and how far from upright it is, as the lean of its upper end along both sides.
void set_tilt(const Pen& pen, lumen_comp_pen& out) {
  if (pen.tilt_degrees > 90 || pen.rotation_degrees > 360) return;
  constexpr double kDegree = std::numbers::pi / 180;
  constexpr int kLowest = 89;  // one that lies flat leans to no side for certain
  const double rotation = pen.rotation_degrees * kDegree;
  const double tilt = std::min<int>(pen.tilt_degrees, kLowest) * kDegree;
  out.has_tilt = true;
  out.tilt_x = std::atan2(-std::sin(rotation) * std::sin(tilt), std::cos(tilt)) / kDegree;
  out.tilt_y = std::atan2(std::cos(rotation) * std::sin(tilt), std::cos(tilt)) / kDegree;
}

// Owner: the thread that drives fd()/dispatch(). Thread-safe: no.
class CompositorDesktop final : public EmbeddedDesktop, public Clipboard {
 public:
  CompositorDesktop(const EmbeddedParams& params, DesktopEvents events, Logger& log)
      : mode_{params.mode}, runtime_dir_{params.runtime_dir}, events_{std::move(events)}, log_{log} {}

  Status start(const EmbeddedParams& params);

  std::string display_name() const override {
    return fmt::format("embedded compositor (wlroots {}, pixman)", lumen_comp_backend_version());
  }
  std::string capture_name() const override { return "in process at commit"; }
  DesktopAbilities abilities() const override {
    return {.touch = true, .pen = true, .text = true, .sub_pixel = true, .pointer_apart = true};
  }
  Mode mode() const override { return mode_; }
  std::vector<std::string> environment() const override;
  std::string wayland_display() const override { return lumen_comp_wayland_display(comp_.get()); }
  std::string x11_display() const override {
    const char* display = lumen_comp_x11_display(comp_.get());
    return display != nullptr ? display : "";
  }
  int fd() const override { return lumen_comp_fd(comp_.get()); }
  void dispatch() override { lumen_comp_dispatch(comp_.get()); }
  Status set_mode(const Mode& mode) override;
  void set_pointer_drawn(bool drawn) override { lumen_comp_set_pointer_drawn(comp_.get(), drawn); }
  void repaint() override { lumen_comp_output_repaint(output_); }
  void tell_pointer() override { lumen_comp_tell_pointer(comp_.get()); }
  void inject(const InputEvent& event) override {
    std::visit([this](const auto& concrete) { deliver(concrete); }, event);
  }
  Clipboard* clipboard() override { return this; }
  void watch(std::function<void(std::string)> on_text) override {
    on_clipboard_text_ = std::move(on_text);
    lumen_comp_watch_clipboard(comp_.get(), static_cast<bool>(on_clipboard_text_));
  }
  Status set_text(std::string_view utf8) override;

 private:
  static lumen_comp_callbacks callbacks();
  void on_frame(const lumen_comp_frame& frame);
  void on_pointer(const lumen_comp_pointer& pointer) const;
  void on_log(bool error, const char* line);

  void deliver(const PointerMoveTo& event) {
    lumen_comp_pointer_move_to(output_, to_pixel(event.x, mode_.width), to_pixel(event.y, mode_.height));
  }
  void deliver(const PointerMoveBy& event) {
    lumen_comp_pointer_move_by(comp_.get(), double{event.dx}, double{event.dy});
  }
  void deliver(const PointerButton& event) {
    lumen_comp_pointer_button(comp_.get(), event.evdev_code, event.pressed);
  }
  void deliver(const Scroll& event) {
    lumen_comp_pointer_scroll(comp_.get(), event.vertical_v120, event.horizontal_v120);
  }
  void deliver(const Key& event) {
    types_from_table_ = false;
    lumen_comp_key(comp_.get(), event.evdev_code, event.pressed);
  }
  void deliver(const ReleaseAll& /*event*/) { lumen_comp_release_all(comp_.get()); }
  void deliver(const Touch& event) {
    lumen_comp_touch(output_, to_comp(event.phase), event.id, to_place(event.x, mode_.width),
                     to_place(event.y, mode_.height));
  }
  void deliver(const Pen& event);
  void deliver(const Character& event);

  Mode mode_;
  std::string runtime_dir_;
  DesktopEvents events_;
  std::function<void(std::string)> on_clipboard_text_;
  Logger& log_;
  std::optional<keymap::Layout> layout_;
  keymap::CharacterTable table_;
  bool types_from_table_ = false;  // since the last key: a word is typed by one keyboard, as far as can be
  CompositorPtr comp_;
  lumen_comp_output* output_ = nullptr;  // owned by comp_
};

// C calls these: noexcept, because nothing may unwind through it.
lumen_comp_callbacks CompositorDesktop::callbacks() {
  lumen_comp_callbacks callbacks{};
  callbacks.frame = [](void* user, lumen_comp_output*, const lumen_comp_frame* frame) noexcept {
    static_cast<CompositorDesktop*>(user)->on_frame(*frame);
  };
  callbacks.pointer = [](void* user, const lumen_comp_pointer* pointer) noexcept {
    static_cast<const CompositorDesktop*>(user)->on_pointer(*pointer);
  };
  callbacks.window_mapped = [](void* user) noexcept {
    const auto& self = *static_cast<CompositorDesktop*>(user);
    if (self.events_.on_window_mapped) self.events_.on_window_mapped();
  };
  callbacks.responding = [](void* user, bool responding) noexcept {
    const auto& self = *static_cast<CompositorDesktop*>(user);
    if (self.events_.on_responding) self.events_.on_responding(responding);
  };
  callbacks.clipboard_text = [](void* user, const char* utf8, std::size_t length) noexcept {
    const auto& self = *static_cast<CompositorDesktop*>(user);
    if (self.on_clipboard_text_) self.on_clipboard_text_(std::string{utf8, length});
  };
  callbacks.log = [](void* user, bool error, const char* line) noexcept {
    static_cast<CompositorDesktop*>(user)->on_log(error, line);
  };
  return callbacks;
}

// The compositor's own choice: us where the layout is not known.
Result<keymap::Layout> layout_of(const std::string& asked) {
  if (!asked.empty()) {
    auto layout = keymap::Layout::compile(asked);
    if (layout) return layout;
  }
  return keymap::Layout::compile("us");
}

Status CompositorDesktop::start(const EmbeddedParams& params) {
  LUMEN_TRY(layout_, layout_of(params.xkb_layout));
  const auto table = callbacks();
  const lumen_comp_params comp_params{.socket_dir = params.runtime_dir.c_str(),
                                      .xkb_layout = params.xkb_layout.c_str(),
                                      .xwayland = params.xwayland,
                                      .pointer_drawn = params.pointer_drawn,
                                      .verbose = log_.should_log(spdlog::level::debug),
                                      .ping_interval_ms = 0,
                                      .ping_timeout_ms = 0};
  lumen_comp_error error{};
  comp_.reset(lumen_comp_create(&comp_params, &table, this, &error));
  if (!comp_) {
    return fail(ErrorCode::unavailable, "desktop.start",
                fmt::format("the embedded compositor did not start: {}", error.what),
                "Check that xkb-data is installed and the runtime folder is short and writable",
                error.os_errno);
  }
  const auto mode = to_comp(mode_);
  output_ = lumen_comp_output_create(comp_.get(), "LUMEN-1", &mode);
  lumen_comp_watch_clipboard(comp_.get(), false);
  if (output_ == nullptr) {
    return fail(ErrorCode::resource_exhausted, "desktop.start", "the virtual display could not be made",
                "Free memory or file descriptors");
  }
  return {};
}

std::vector<std::string> CompositorDesktop::environment() const {
  std::vector<std::string> set{"XDG_RUNTIME_DIR=" + runtime_dir_, "WAYLAND_DISPLAY=" + wayland_display(),
                               "XDG_SESSION_TYPE=wayland",        "SDL_VIDEODRIVER=wayland",
                               "QT_QPA_PLATFORM=wayland",         "GDK_BACKEND=wayland,x11"};
  if (const auto x11 = x11_display(); !x11.empty()) set.push_back("DISPLAY=" + x11);
  return set;
}

Status CompositorDesktop::set_mode(const Mode& mode) {
  LUMEN_CHECK_OK(check_mode(mode));
  if (mode == mode_) return {};
  const auto comp_mode = to_comp(mode);
  if (!lumen_comp_output_set_mode(output_, &comp_mode)) {
    return fail(ErrorCode::unsupported, "desktop.mode",
                fmt::format("the display refused {}", to_string(mode)));
  }
  mode_ = mode;
  return {};
}

void CompositorDesktop::deliver(const Pen& event) {
  lumen_comp_pen pen{};
  pen.near = event.place != PenPlace::away;
  pen.touching = event.place == PenPlace::touching;
  pen.eraser = event.tool == PenTool::eraser;
  pen.buttons = pen.near ? event.buttons : 0U;
  pen.x = to_place(event.x, mode_.width);
  pen.y = to_place(event.y, mode_.height);
  pen.pressure = double{event.pressure};
  pen.distance = double{event.distance};
  set_tilt(event, pen);
  lumen_comp_set_pen(output_, &pen);
}

void CompositorDesktop::deliver(const Character& event) {
  const auto stroke = layout_->stroke_for(event.code_point);
  if (stroke && !types_from_table_ &&
      lumen_comp_strike(comp_.get(), stroke->evdev_code, stroke->modifiers, stroke->layout)) {
    return;
  }
  const auto place = table_.find(event.code_point);
  if (!place) return;
  const auto text = place->is_new ? table_.keymap() : std::string{};
  types_from_table_ = lumen_comp_type(comp_.get(), place->is_new ? text.c_str() : nullptr, place->evdev_code);
}

Status CompositorDesktop::set_text(std::string_view utf8) {
  if (lumen_comp_set_clipboard_text(comp_.get(), utf8.data(), utf8.size())) return {};
  return fail(ErrorCode::resource_exhausted, "clipboard.set",
              fmt::format("clipboard text of {} bytes was not taken over", utf8.size()));
}

void CompositorDesktop::on_frame(const lumen_comp_frame& frame) {
  if (!events_.on_frame) return;
  std::array<Rect, LUMEN_COMP_MAX_DAMAGE> damage;
  for (std::size_t i = 0; i < frame.damage_count; ++i) {
    const auto& rect = frame.damage[i];
    damage[i] = {rect.x, rect.y, rect.width, rect.height};
  }
  BorrowedFrame borrowed;
  borrowed.width = static_cast<std::uint32_t>(frame.width);
  borrowed.height = static_cast<std::uint32_t>(frame.height);
  borrowed.stride_bytes = frame.stride_bytes;
  borrowed.pixels = static_cast<const std::byte*>(frame.pixels);
  borrowed.damage = std::span{damage}.first(frame.damage_count);
  borrowed.sequence = frame.sequence;
  borrowed.presented = from_ns(static_cast<std::int64_t>(frame.presented_ns));
  borrowed.client_buffer = frame.client_buffer;
  events_.on_frame(borrowed);
}

void CompositorDesktop::on_pointer(const lumen_comp_pointer& pointer) const {
  if (!events_.on_pointer) return;
  BorrowedPointer borrowed{.visible = pointer.visible,
                           .x = static_cast<std::int32_t>(pointer.x),
                           .y = static_cast<std::int32_t>(pointer.y),
                           .hotspot_x = pointer.hot_x,
                           .hotspot_y = pointer.hot_y,
                           .width = static_cast<std::uint32_t>(pointer.width),
                           .height = static_cast<std::uint32_t>(pointer.height)};
  const auto count = std::size_t{borrowed.width} * borrowed.height;
  borrowed.pixels = std::as_bytes(std::span{pointer.pixels, count});
  events_.on_pointer(borrowed);
}

void CompositorDesktop::on_log(bool error, const char* line) {
  log_.log(error ? spdlog::level::warn : spdlog::level::debug, "compositor: {}", line);
}

}  // namespace

Result<std::unique_ptr<EmbeddedDesktop>> create_embedded_desktop(const EmbeddedParams& params,
                                                                 const DesktopEvents& events, Logger& log) {
  LUMEN_CHECK_OK(check_mode(params.mode));
  LUMEN_CHECK_OK(
      ensure_private_dir(params.runtime_dir));  // who can write there could stand in for the socket
  auto desktop = std::make_unique<CompositorDesktop>(params, events, log);
  LUMEN_CHECK_OK(desktop->start(params));
  return std::unique_ptr<EmbeddedDesktop>{std::move(desktop)};
}

}  // namespace lumen::embedded
