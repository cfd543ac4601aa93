#include "media/pointer_picture.hpp"

namespace lumen {

Rect clipped(const Rect& rect, std::uint32_t width, std::uint32_t height) {
  const auto left = std::max(rect.x, 0), top = std::max(rect.y, 0);
  const auto right = std::min(rect.x + rect.width, static_cast<std::int32_t>(width));
  const auto bottom = std::min(rect.y + rect.height, static_cast<std::int32_t>(height));
  if (left >= right || top >= bottom) return {};
  return {left, top, right - left, bottom - top};
}

Status check_pointer(const PointerPicture& pointer, std::string_view id) {
  const auto& area = pointer.area;
  const auto is_side = [](std::int32_t side) { return side > 0 && side <= PointerPicture::kMaxSide; };
  if (is_side(area.width) && is_side(area.height) &&
      pointer.pixels.size() == std::size_t{4} * static_cast<std::size_t>(area.width * area.height)) {
    return {};
  }
  return fail(ErrorCode::malformed, id, "the desktop's pointer is larger than a pointer may be");
}

Rect draw_over(const PointerPicture& pointer, std::byte* pixels, std::size_t stride_bytes,
               std::uint32_t width, std::uint32_t height) {
  const auto& area = pointer.area;
  const auto shown = clipped(area, width, height);
  for (auto row = shown.y; row < shown.y + shown.height; ++row) {
    const auto from = (row - area.y) * area.width + (shown.x - area.x);
    const auto* in = pointer.pixels.data() + static_cast<std::size_t>(from) * 4;
    auto* out = pixels + static_cast<std::size_t>(row) * stride_bytes + static_cast<std::size_t>(shown.x) * 4;
    for (std::int32_t column = 0; column < shown.width; ++column, in += 4, out += 4) {
      const auto alpha = std::to_integer<std::uint32_t>(in[3]);
      for (std::size_t channel = 0; channel < 3; ++channel) {
        out[channel] = static_cast<std::byte>(drawn_over(std::to_integer<std::uint32_t>(out[channel]),
                                                         std::to_integer<std::uint32_t>(in[channel]), alpha));
      }
    }
  }
  return shown;
}

}  // namespace lumen
