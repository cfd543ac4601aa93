#include "desktop/pipewire/cursor.hpp"

#include <spa/param/video/raw.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace lumen::pipewire {
namespace {

// Where B, G, R and A are in a pixel of `format`.
std::array<std::size_t, 4> order_of(std::uint32_t format) {
  switch (format) {
    case SPA_VIDEO_FORMAT_RGBA:
      return {2, 1, 0, 3};
    case SPA_VIDEO_FORMAT_ARGB:
      return {3, 2, 1, 0};
    case SPA_VIDEO_FORMAT_ABGR:
      return {1, 2, 3, 0};
    default:
      return {0, 1, 2, 3};
  }
}

bool is_empty(const Rect& rect) { return rect.width <= 0 || rect.height <= 0; }

}  // namespace

bool Cursor::apply(const CursorClaim& claim) {
  const bool moved = claim.x != x_ || claim.y != y_;
  x_ = claim.x;
  y_ = claim.y;
  if (!claim.bitmap) return moved;
  hotspot_x_ = claim.hotspot_x;
  hotspot_y_ = claim.hotspot_y;
  take(*claim.bitmap);
  return true;
}

void Cursor::take(const CursorBitmap& bitmap) {
  ++shape_;
  width_ = static_cast<std::int32_t>(bitmap.width);
  height_ = static_cast<std::int32_t>(bitmap.height);
  pixels_.resize(std::size_t{bitmap.width} * bitmap.height * 4);
  const auto order = order_of(bitmap.format);
  auto* out = pixels_.data();
  for (std::size_t row = 0; row < bitmap.height; ++row) {
    const auto* in = bitmap.pixels.data() + row * bitmap.stride_bytes;
    for (std::size_t column = 0; column < bitmap.width; ++column, in += 4) {
      for (const auto place : order) *out++ = in[place];
    }
  }
}

void PointerCanvas::copy(const PictureView& from, const Rect& rect) {
  const auto x = static_cast<std::size_t>(rect.x), y = static_cast<std::size_t>(rect.y);
  const auto bytes = static_cast<std::size_t>(rect.width) * 4;
  for (std::size_t row = y; row < y + static_cast<std::size_t>(rect.height); ++row) {
    std::memcpy(pixels_.data() + (row * width_ + x) * 4, from.pixels + row * from.stride_bytes + x * 4,
                bytes);
  }
}

Rect PointerCanvas::update(const PictureView& from, std::span<const Rect> damage) {
  const bool is_new = from.width != width_ || from.height != height_;
  if (is_new) {
    width_ = from.width;
    height_ = from.height;
    pixels_.resize(std::size_t{width_} * height_ * 4);
    hidden_ = {};
  }
  const auto hidden = take_pointer_away();
  const Rect all{0, 0, static_cast<std::int32_t>(width_), static_cast<std::int32_t>(height_)};
  if (is_new || damage.empty()) damage = std::span{&all, 1};
  for (const auto& rect : damage) copy(from, clip(rect));
  return hidden;
}

Rect PointerCanvas::take_pointer_away() {
  const auto was = std::exchange(hidden_, {});
  if (is_empty(was)) return was;
  const auto bytes = static_cast<std::size_t>(was.width) * 4;
  const auto* in = under_.data();
  for (auto row = was.y; row < was.y + was.height; ++row, in += bytes) {
    const auto place = static_cast<std::size_t>(row) * width_ + static_cast<std::size_t>(was.x);
    std::memcpy(pixels_.data() + place * 4, in, bytes);
  }
  return was;
}

Rect PointerCanvas::draw(const Cursor& cursor) {
  const auto now = cursor.visible() ? clip(cursor.area()) : Rect{};
  if (is_empty(now)) return {};
  const auto bytes = static_cast<std::size_t>(now.width) * 4;
  under_.resize(bytes * static_cast<std::size_t>(now.height));
  auto* out = under_.data();
  for (auto row = now.y; row < now.y + now.height; ++row, out += bytes) {
    const auto place = static_cast<std::size_t>(row) * width_ + static_cast<std::size_t>(now.x);
    std::memcpy(out, pixels_.data() + place * 4, bytes);
  }
  hidden_ = now;
  return draw_over(cursor.picture(), pixels_.data(), std::size_t{width_} * 4, width_, height_);
}

}  // namespace lumen::pipewire
