// lumen-test-scene: what it draws. Frame number in, pixels out: no Wayland, no clock, no randomness.
//
// A mix of game and desktop: ground and sky that scroll at different speeds, sprites with hard edges that
// move over them, a panel of text-like lines that scrolls upwards, and the in-band code. All of it is
// rendered once per size; a frame is row copies, so drawing costs about as much as copying the picture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "media/picture.hpp"
#include "testing/inband_code.hpp"

namespace lumen::scene {

// XRGB8888 in native byte order, which is BGRx on every machine Lumen runs on.
using Pixel = std::uint32_t;

struct Canvas {
  Pixel* pixels = nullptr;
  std::size_t stride = 0;  // pixels
};

// What the person did; draw() makes it visible.
struct InputMarks {
  bool pointer_inside = false;
  std::int32_t pointer_x = 0, pointer_y = 0;  // pixels
  std::uint32_t presses = 0;                  // keys and buttons; the square's colour is its lowest bit
};

// The square that flips on every press: kFlashEven before the first one. Centred, at most 128 × 128.
inline constexpr Pixel kFlashEven = 0xFFC020C0, kFlashOdd = 0xFF20C020;

// A picture that is copied into others, row by row.
class Image {
 public:
  Image() = default;
  Image(std::size_t width, std::size_t height) : width_{width}, pixels_(width * height) {}
  std::size_t width() const { return width_; }
  std::size_t height() const { return width_ == 0 ? 0 : pixels_.size() / width_; }
  const Pixel* row(std::size_t y) const { return pixels_.data() + y * width_; }
  Pixel* row(std::size_t y) { return pixels_.data() + y * width_; }

 private:
  std::size_t width_ = 0;
  std::vector<Pixel> pixels_;
};

// Thread-safe: yes, it never changes.
class Scene {
 public:
  // `width`, `height` at least 1. Allocates and renders everything that later frames copy.
  Scene(std::size_t width, std::size_t height);

  std::size_t width() const { return background_.width(); }
  std::size_t height() const { return background_.height(); }

  // Never allocates. `canvas` has the scene's size. The code is left out where it does not fit.
  void draw(Canvas canvas, const testing::InbandCode& code, const InputMarks& marks) const;

 private:
  void draw_background(Canvas canvas, std::uint32_t frame) const;
  void draw_text(Canvas canvas, std::uint32_t frame) const;
  void draw_sprites(Canvas canvas, std::uint32_t frame) const;
  void draw_marks(Canvas canvas, const InputMarks& marks) const;
  void fill(Canvas canvas, const Rect& area, Pixel color) const;

  Image background_, text_;
  std::vector<Image> sprites_;            // squares, all equal in size
  std::vector<std::size_t> half_chords_;  // per row of a sprite: how much of it the disc covers, each side
};

}  // namespace lumen::scene
