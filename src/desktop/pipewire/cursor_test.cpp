#include "desktop/pipewire/cursor.hpp"

#include <gtest/gtest.h>
#include <spa/param/video/raw.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace lumen::pipewire {
namespace {

constexpr std::uint32_t kWidth = 8, kHeight = 6;

struct Screen {
  std::vector<std::uint32_t> pixels = std::vector<std::uint32_t>(std::size_t{kWidth} * kHeight, 0x102030);
  PictureView view() const {
    return {reinterpret_cast<const std::byte*>(pixels.data()), kWidth * 4, kWidth, kHeight};
  }
};

Cursor square(std::int32_t x, std::int32_t y, std::uint32_t bgra, std::uint32_t side = 2,
              std::uint32_t format = SPA_VIDEO_FORMAT_BGRA) {
  const std::vector<std::uint32_t> pixels(std::size_t{side} * side, bgra);
  Cursor cursor;
  cursor.apply({x, y, 0, 0, CursorBitmap{side, side, format, side * 4, std::as_bytes(std::span{pixels})}});
  return cursor;
}

std::uint32_t at(const PointerCanvas& canvas, std::size_t x, std::size_t y) {
  std::uint32_t pixel = 0;
  std::memcpy(&pixel, canvas.view().pixels + (y * kWidth + x) * 4, 4);
  return pixel & 0xFFFFFFU;
}

TEST(PointerCanvases, draw_it_and_show_what_was_below_when_it_has_moved) {
  const Screen screen;
  PointerCanvas canvas;
  auto cursor = square(1, 1, 0xFF445566);
  canvas.update(screen.view(), {});
  EXPECT_EQ(canvas.draw(cursor), (Rect{1, 1, 2, 2}));
  EXPECT_EQ(at(canvas, 2, 2), 0x445566U);
  EXPECT_EQ(at(canvas, 3, 2), 0x102030U);
  EXPECT_TRUE(cursor.apply({5, 4, 0, 0, {}}));
  EXPECT_EQ(canvas.take_pointer_away(), (Rect{1, 1, 2, 2}));
  EXPECT_EQ(canvas.draw(cursor), (Rect{5, 4, 2, 2}));
  EXPECT_EQ(at(canvas, 2, 2), 0x102030U);
  EXPECT_EQ(at(canvas, 6, 5), 0x445566U);
}

TEST(PointerCanvases, a_picture_that_changes_below_it_is_not_mixed_with_the_old_one) {
  Screen screen;
  PointerCanvas canvas;
  const auto cursor = square(1, 1, 0xFF445566);
  canvas.update(screen.view(), {});
  canvas.draw(cursor);
  std::ranges::fill(screen.pixels, 0x0A0B0C);
  const Rect left{0, 0, 2, kHeight};
  canvas.update(screen.view(), std::span{&left, 1});
  EXPECT_EQ(at(canvas, 1, 1), 0x0A0B0CU);
  EXPECT_EQ(at(canvas, 2, 1), 0x102030U);  // said to be unchanged
}

TEST(PointerCanvases, a_pointer_half_outside_is_cut) {
  const Screen screen;
  PointerCanvas canvas;
  canvas.update(screen.view(), {});
  EXPECT_EQ(canvas.draw(square(-1, -1, 0xFF445566)), (Rect{0, 0, 1, 1}));
  EXPECT_EQ(at(canvas, 0, 0), 0x445566U);
  canvas.take_pointer_away();
  EXPECT_EQ(canvas.draw(square(kWidth, 0, 0xFF445566)), Rect{});
}

TEST(PointerCanvases, half_of_it_lets_half_of_the_picture_through) {
  const Screen screen;
  PointerCanvas canvas;
  canvas.update(screen.view(), {});
  canvas.draw(square(0, 0, 0x80004000));  // premultiplied
  EXPECT_EQ(at(canvas, 0, 0), 0x085018U);
}

TEST(Cursors, every_order_of_bytes_ends_as_bgra) {
  const std::array<std::pair<std::uint32_t, std::uint32_t>, 4> orders{{{SPA_VIDEO_FORMAT_BGRA, 0xA0102030},
                                                                       {SPA_VIDEO_FORMAT_RGBA, 0xA0302010},
                                                                       {SPA_VIDEO_FORMAT_ARGB, 0x302010A0},
                                                                       {SPA_VIDEO_FORMAT_ABGR, 0x102030A0}}};
  for (const auto& [format, word] : orders) {
    const auto cursor = square(0, 0, word, 1, format);
    std::uint32_t pixel = 0;
    std::memcpy(&pixel, cursor.pixels().data(), 4);
    EXPECT_EQ(pixel, 0xA0102030U) << format;
  }
}

}  // namespace
}  // namespace lumen::pipewire
