// lumen/desktop/pipewire: the pointer's picture, which many compositors give apart from the screen's, and a
// private copy of the screen with the pointer drawn into it. Thread-safe: no.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "desktop/pipewire/claims.hpp"
#include "media/picture.hpp"
#include "media/pointer_picture.hpp"

namespace lumen::pipewire {

// The pointer as it is now.
class Cursor {
 public:
  // False: nothing is other than it was.
  bool apply(const CursorClaim& claim);
  bool visible() const { return width_ > 0; }
  // Where its picture lies on the screen; part of it may lie outside.
  Rect area() const { return {x_ - hotspot_x_, y_ - hotspot_y_, width_, height_}; }
  std::int32_t x() const { return x_; }
  std::int32_t y() const { return y_; }
  std::int32_t hotspot_x() const { return hotspot_x_; }
  std::int32_t hotspot_y() const { return hotspot_y_; }
  std::int32_t width() const { return width_; }
  std::int32_t height() const { return height_; }
  // B, G, R, A, premultiplied, rows without a gap.
  std::span<const std::byte> pixels() const { return pixels_; }
  // To be drawn; valid until the next apply().
  PointerPicture picture() const { return {area(), pixels_, shape_}; }

 private:
  void take(const CursorBitmap& bitmap);

  std::int32_t x_ = 0, y_ = 0, hotspot_x_ = 0, hotspot_y_ = 0, width_ = 0, height_ = 0;
  std::uint64_t shape_ = 0;  // so many pixels there have been
  std::vector<std::byte> pixels_;
};

// Somebody else's picture.
struct PictureView {
  const std::byte* pixels = nullptr;
  std::size_t stride_bytes = 0;
  std::uint32_t width = 0, height = 0;
};

// The copy. What the pointer hides is kept, so that a pointer that moves costs no copy of the screen.
class PointerCanvas {
 public:
  bool holds_picture() const { return width_ > 0; }
  PictureView view() const { return {pixels_.data(), std::size_t{width_} * 4, width_, height_}; }
  void forget() { width_ = height_ = 0; }

  // Takes over what changed (nothing told, or another size: everything). The pointer is gone until draw();
  // returns where it was.
  Rect update(const PictureView& from, std::span<const Rect> damage);
  // Shows what the pointer hid, and returns where; empty where it hid nothing.
  Rect take_pointer_away();
  // Draws the pointer and returns where; it must have been taken away before.
  Rect draw(const Cursor& cursor);

 private:
  Rect clip(const Rect& rect) const { return clipped(rect, width_, height_); }
  void copy(const PictureView& from, const Rect& rect);

  std::uint32_t width_ = 0, height_ = 0;
  std::vector<std::byte> pixels_;
  Rect hidden_;  // by the pointer; empty: nothing
  std::vector<std::byte> under_;
};

}  // namespace lumen::pipewire
