#include "desktop/kwin/fake_input.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "fake-input-client-protocol.h"

namespace lumen::kwin {
namespace {

constexpr std::uint32_t kVersion = 4;    // keyboard_key
constexpr std::size_t kMaxHeld = 256;    // keys or buttons at once, of a client that means well
constexpr double kClick = 15;            // of a wheel, as wl_pointer counts
constexpr double kLongestMove = 10'000;  // pixels; wl_fixed ends at 8 million

// As every desktop here: 0…65535 over the whole side, to the nearest whole pixel.
double to_pixel(std::uint16_t position, std::uint32_t side) {
  return static_cast<double>((std::uint64_t{position} * (side - 1) + 32'767) / 65'535);
}

// The whole pixels of `sum`; the fraction stays. KWin rounds what is sent, each time.
double take_whole(double& sum) {
  const double whole = std::trunc(sum);
  sum -= whole;
  return whole;
}

}  // namespace

OutputArea area_of(const wayland::Output& output, bool alone) {
  if (output.width <= 0 || output.height <= 0) return {};
  OutputArea area{
      .x = static_cast<double>(output.x),
      .y = static_cast<double>(output.y),
      .width = static_cast<double>(output.logical_width > 0 ? output.logical_width : output.width),
      .height = static_cast<double>(output.logical_height > 0 ? output.logical_height : output.height),
      .pixel_width = static_cast<std::uint32_t>(output.width),
      .pixel_height = static_cast<std::uint32_t>(output.height),
      .alone = alone};
  if (output.transform % 2 != 0) std::swap(area.pixel_width, area.pixel_height);
  return area;
}

Result<std::unique_ptr<FakeInput>> FakeInput::create(wayland::WaylandConnection& connection) {
  auto device =
      connection.bind(org_kde_kwin_fake_input_interface, org_kde_kwin_fake_input_destroy, kVersion, kVersion);
  if (!device) {
    return fail(ErrorCode::denied, "kwin.permission", "KWin does not let this program send input",
                "Install lumen-session.desktop with the program's path in Exec (docs/desktops.md)");
  }
  org_kde_kwin_fake_input_authenticate(device.get(), "Lumen",
                                       "input of the person who uses this desktop remotely");
  return std::unique_ptr<FakeInput>{new FakeInput{connection, std::move(device)}};
}

FakeInput::FakeInput(wayland::WaylandConnection& connection, Device device)
    : connection_{connection}, device_{std::move(device)}, layout_{connection} {}

FakeInput::~FakeInput() {
  if (!connection_.is_lost()) inject(ReleaseAll{});
}

void FakeInput::set_area(const OutputArea& area) {
  if (area == area_) return;
  area_ = area;
  pointer_known_ = false;
}

void FakeInput::inject(const InputEvent& event) {
  if (connection_.is_lost()) return;
  std::visit([this](const auto& concrete) { deliver(concrete); }, event);
  connection_.flush();
}

void FakeInput::move_to(double x, double y) {
  x_ = std::clamp(x, 0.0, area_.width - 1);
  y_ = std::clamp(y, 0.0, area_.height - 1);
  pointer_known_ = true;
  org_kde_kwin_fake_input_pointer_motion_absolute(device_.get(), wl_fixed_from_double(area_.x + x_),
                                                  wl_fixed_from_double(area_.y + y_));
}

void FakeInput::deliver(const PointerMoveTo& event) {
  if (area_.pixel_width == 0) return;
  rest_x_ = rest_y_ = 0;
  move_to(to_pixel(event.x, area_.pixel_width) * area_.width / area_.pixel_width,
          to_pixel(event.y, area_.pixel_height) * area_.height / area_.pixel_height);
}

// Applications that lock the pointer want the motion itself; it must not lead to another output, though.
void FakeInput::deliver(const PointerMoveBy& event) {
  if (area_.pixel_width == 0 || !std::isfinite(event.dx) || !std::isfinite(event.dy)) return;
  if (!pointer_known_) move_to(std::floor(area_.width / 2), std::floor(area_.height / 2));
  const auto to_logical = [](float move, double logical, std::uint32_t pixels) {
    return std::clamp(double{move}, -kLongestMove, kLongestMove) * logical / pixels;
  };
  rest_x_ += to_logical(event.dx, area_.width, area_.pixel_width);
  rest_y_ += to_logical(event.dy, area_.height, area_.pixel_height);
  const double dx = take_whole(rest_x_), dy = take_whole(rest_y_);
  if (dx == 0 && dy == 0) return;
  org_kde_kwin_fake_input_pointer_motion(device_.get(), wl_fixed_from_double(dx), wl_fixed_from_double(dy));
  const double x = x_ + dx, y = y_ + dy;
  const bool leaves = x < 0 || y < 0 || x > area_.width - 1 || y > area_.height - 1;
  if (leaves && !area_.alone) {
    move_to(x, y);
  } else {
    x_ = std::clamp(x, 0.0, area_.width - 1);
    y_ = std::clamp(y, 0.0, area_.height - 1);
  }
}

void FakeInput::deliver(const PointerButton& event) {
  if (event.pressed && buttons_.size() >= kMaxHeld) return;
  const bool changed =
      event.pressed ? buttons_.insert(event.evdev_code).second : buttons_.erase(event.evdev_code) > 0;
  if (changed) org_kde_kwin_fake_input_button(device_.get(), event.evdev_code, event.pressed ? 1 : 0);
}

void FakeInput::deliver(const Scroll& event) {
  const std::array<std::int16_t, 2> moves{event.vertical_v120, event.horizontal_v120};
  for (std::uint32_t axis = 0; axis < moves.size(); ++axis) {
    if (moves[axis] == 0) continue;
    org_kde_kwin_fake_input_axis(device_.get(), axis, wl_fixed_from_double(moves[axis] * kClick / 120));
  }
}

void FakeInput::deliver(const Key& event) {
  if (event.pressed && keys_.size() >= kMaxHeld) return;
  const bool changed =
      event.pressed ? keys_.insert(event.evdev_code).second : keys_.erase(event.evdev_code) > 0;
  if (changed) org_kde_kwin_fake_input_keyboard_key(device_.get(), event.evdev_code, event.pressed ? 1 : 0);
}

void FakeInput::deliver(const Character& event) {
  const auto strokes = layout_.find(event.code_point);
  for (const auto key : strokes) org_kde_kwin_fake_input_keyboard_key(device_.get(), key, 1);
  for (auto key = strokes.rbegin(); key != strokes.rend(); ++key) {
    org_kde_kwin_fake_input_keyboard_key(device_.get(), *key, 0);
  }
}

void FakeInput::deliver(const Touch& event) {
  if (event.phase == TouchPhase::cancel) return cancel_touches();
  if (event.phase == TouchPhase::up) {
    if (touches_.erase(event.id) == 0) return;
    org_kde_kwin_fake_input_touch_up(device_.get(), event.id);
    return org_kde_kwin_fake_input_touch_frame(device_.get());
  }
  if (area_.pixel_width == 0) return;
  const auto place = [](std::uint16_t position, double start, double side) {
    return wl_fixed_from_double(start + position * (side - 1) / 65'535);
  };
  const auto x = place(event.x, area_.x, area_.width), y = place(event.y, area_.y, area_.height);
  if (event.phase == TouchPhase::down) {
    if (touches_.size() >= kMaxTouches || !touches_.insert(event.id).second) return;
    org_kde_kwin_fake_input_touch_down(device_.get(), event.id, x, y);
  } else {
    if (!touches_.contains(event.id)) return;
    org_kde_kwin_fake_input_touch_motion(device_.get(), event.id, x, y);
  }
  org_kde_kwin_fake_input_touch_frame(device_.get());
}

// KWin, as wl_touch, cancels all fingers or none.
void FakeInput::cancel_touches() {
  if (touches_.empty()) return;
  org_kde_kwin_fake_input_touch_cancel(device_.get());
  touches_.clear();
}

void FakeInput::deliver(const ReleaseAll& /*event*/) {
  for (const auto key : std::exchange(keys_, {})) org_kde_kwin_fake_input_keyboard_key(device_.get(), key, 0);
  for (const auto button : std::exchange(buttons_, {})) {
    org_kde_kwin_fake_input_button(device_.get(), button, 0);
  }
  cancel_touches();
}

}  // namespace lumen::kwin
