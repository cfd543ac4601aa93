#include "render/pointer_choice.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <string_view>

namespace lumen::render {
namespace {

bool is_elsewhere(const PointerSituation& it) {
  return std::abs(it.host_x - it.local_x) > kPointerTolerance ||
         std::abs(it.host_y - it.local_y) > kPointerTolerance;
}

std::uint16_t scaled_side(std::uint16_t side, double factor) {
  return static_cast<std::uint16_t>(std::clamp(std::round(side * factor), 1.0, double{kMaxPointerSide}));
}

// Which source pixels the middle of destination pixel `at` lies between, and how near it is to the second.
struct Between {
  std::size_t first, second;
  double share;
};
Between between(std::size_t at, std::size_t from, std::size_t to) {
  const auto size = static_cast<double>(from);
  const double place =
      std::clamp((static_cast<double>(at) + 0.5) * size / static_cast<double>(to) - 0.5, 0.0, size - 1);
  const auto first = static_cast<std::size_t>(place);
  return {first, std::min(first + 1, from - 1), place - std::floor(place)};
}

}  // namespace

PointerChoice choose_pointer(const PointerSituation& it) {
  if (it.place != PointerPlace::apart)
    return {.local = it.over_picture ? LocalPointer::none : LocalPointer::plain};
  if (it.captured) return {.local = LocalPointer::none, .drawn = true};
  if (!it.over_picture) return {.local = LocalPointer::plain, .drawn = true};
  if (it.still >= kPointerSettles && is_elsewhere(it)) return {.local = LocalPointer::none, .drawn = true};
  return {.local = LocalPointer::look};
}

PointerImage scaled(const PointerImage& look, double factor) {
  const auto& old = look.geometry;
  // Both sides alike, so that it keeps its shape.
  factor = std::min(factor, kMaxPointerSide / static_cast<double>(std::max(old.width, old.height)));
  PointerGeometry made{.width = scaled_side(old.width, factor), .height = scaled_side(old.height, factor)};
  if (made.width == old.width && made.height == old.height) return look;
  const auto spot = [](std::uint16_t at, std::uint16_t from, std::uint16_t to) {
    return static_cast<std::uint16_t>(std::min<std::uint32_t>(std::uint32_t{at} * to / from, to - 1U));
  };
  made.hotspot_x = spot(old.hotspot_x, old.width, made.width);
  made.hotspot_y = spot(old.hotspot_y, old.height, made.height);
  PointerImage image{made, std::vector<std::byte>(made.bytes())};
  auto* out = image.pixels.data();
  for (std::size_t y = 0; y < made.height; ++y) {
    const auto rows = between(y, old.height, made.height);
    for (std::size_t x = 0; x < made.width; ++x) {
      const auto columns = between(x, old.width, made.width);
      for (std::size_t channel = 0; channel < 4; ++channel) {
        const auto at = [&](std::size_t row, std::size_t column) {
          return static_cast<double>(look.pixels[(row * old.width + column) * 4 + channel]);
        };
        const auto upper =
            std::lerp(at(rows.first, columns.first), at(rows.first, columns.second), columns.share);
        const auto lower =
            std::lerp(at(rows.second, columns.first), at(rows.second, columns.second), columns.share);
        *out++ = static_cast<std::byte>(std::lround(std::lerp(upper, lower, rows.share)));
      }
    }
  }
  return image;
}

PointerImage plain_arrow() {
  static constexpr std::array<std::string_view, 17> kRows{
      "#           ", "##          ", "#.#         ", "#..#        ", "#...#       ", "#....#      ",
      "#.....#     ", "#......#    ", "#.......#   ", "#........#  ", "#.....##### ", "#..#..#     ",
      "#.# #..#    ", "##  #..#    ", "#    #..#   ", "     #..#   ", "      ##    "};
  PointerImage arrow{{.width = 12, .height = 17}, {}};
  arrow.pixels.reserve(arrow.geometry.bytes());
  for (const auto row : kRows) {
    for (const char each : row) {
      const auto colour = each == '.' ? std::byte{255} : std::byte{0};
      arrow.pixels.insert(arrow.pixels.end(),
                          {colour, colour, colour, each == ' ' ? std::byte{0} : std::byte{255}});
    }
  }
  return arrow;
}

PointerImage with_straight_alpha(PointerImage look) {
  for (std::size_t at = 0; at < look.pixels.size(); at += 4) {
    const auto alpha = std::to_integer<unsigned>(look.pixels[at + 3]);
    if (alpha == 0 || alpha == 255) continue;
    for (std::size_t channel = 0; channel < 3; ++channel) {
      auto& value = look.pixels[at + channel];
      value = static_cast<std::byte>(std::min(std::to_integer<unsigned>(value) * 255U / alpha, 255U));
    }
  }
  return look;
}

}  // namespace lumen::render
