#include "render/input_mapping.hpp"

#include <linux/input-event-codes.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace lumen::render {
namespace {

std::uint16_t fraction_of(std::int32_t position, std::int32_t first, std::int32_t length) {
  if (length <= 0) return 0;
  const auto inside = std::clamp(std::int64_t{position} - first, std::int64_t{0}, std::int64_t{length} - 1);
  return static_cast<std::uint16_t>((inside * 2 + 1) * 65535 / (std::int64_t{length} * 2));
}

// Takes the whole units out of `pending`.
std::int16_t take_units(double& pending) {
  using Limits = std::numeric_limits<std::int16_t>;
  const auto whole = std::clamp(std::trunc(pending), double{Limits::min()}, double{Limits::max()});
  pending -= whole;
  return static_cast<std::int16_t>(whole);
}

}  // namespace

Rect fit(Size picture, Size window) {
  if (picture.width == 0 || picture.height == 0 || window.width == 0 || window.height == 0) return {};
  std::uint64_t width = window.width, height = window.height;
  if (std::uint64_t{picture.width} * window.height > std::uint64_t{picture.height} * window.width) {
    height = std::max<std::uint64_t>(std::uint64_t{picture.height} * window.width / picture.width, 1);
  } else {
    width = std::max<std::uint64_t>(std::uint64_t{picture.width} * window.height / picture.height, 1);
  }
  return {.x = static_cast<std::int32_t>((window.width - width) / 2),
          .y = static_cast<std::int32_t>((window.height - height) / 2),
          .width = static_cast<std::int32_t>(width),
          .height = static_cast<std::int32_t>(height)};
}

PointerMoveTo to_picture(std::int32_t x, std::int32_t y, const Rect& area) {
  return {.x = fraction_of(x, area.x, area.width), .y = fraction_of(y, area.y, area.height)};
}

bool contains(const Rect& area, std::int32_t x, std::int32_t y) {
  return x >= area.x && y >= area.y && x - area.x < area.width && y - area.y < area.height;
}

std::optional<Scroll> WheelAccumulator::add(float clicks_right, float clicks_up) {
  constexpr double kUnitsPerClick = 120;
  if (std::isfinite(clicks_right)) right_ += double{clicks_right} * kUnitsPerClick;
  if (std::isfinite(clicks_up)) down_ -= double{clicks_up} * kUnitsPerClick;
  const Scroll scroll{.vertical_v120 = take_units(down_), .horizontal_v120 = take_units(right_)};
  if (scroll == Scroll{}) return std::nullopt;
  return scroll;
}

std::uint16_t evdev_button(std::uint8_t sdl_button) {
  switch (sdl_button) {
    case 1:
      return BTN_LEFT;
    case 2:
      return BTN_MIDDLE;
    case 3:
      return BTN_RIGHT;
    case 4:
      return BTN_SIDE;
    case 5:
      return BTN_EXTRA;
    default:
      return 0;
  }
}

}  // namespace lumen::render
