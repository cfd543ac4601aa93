#include "media/pointer_picture.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace lumen {
namespace {

constexpr std::uint32_t kWidth = 8, kHeight = 6;

struct Screen {
  std::vector<std::uint32_t> pixels = std::vector<std::uint32_t>(std::size_t{kWidth} * kHeight, 0x77102030);
  Rect draw(Rect area, std::uint32_t bgra) {
    const std::vector<std::uint32_t> shape(
        static_cast<std::size_t>(area.width) * static_cast<std::size_t>(area.height), bgra);
    return draw_over({area, std::as_bytes(std::span{shape}), 1}, reinterpret_cast<std::byte*>(pixels.data()),
                     kWidth * 4, kWidth, kHeight);
  }
  std::uint32_t at(std::size_t x, std::size_t y) const { return pixels[y * kWidth + x]; }
};

TEST(PointerPictures, are_drawn_only_where_they_lie_on_the_picture) {
  for (const auto& [area, shown] : {std::pair{Rect{-1, -1, 3, 3}, Rect{0, 0, 2, 2}},
                                    {Rect{6, 4, 3, 3}, Rect{6, 4, 2, 2}},
                                    {Rect{-3, 0, 3, 3}, Rect{}},
                                    {Rect{0, 6, 3, 3}, Rect{}},
                                    {Rect{-4, -4, 20, 20}, Rect{0, 0, 8, 6}}}) {
    Screen screen;
    EXPECT_EQ(screen.draw(area, 0xFF445566), shown);
    for (std::int32_t y = 0; y < static_cast<std::int32_t>(kHeight); ++y) {
      for (std::int32_t x = 0; x < static_cast<std::int32_t>(kWidth); ++x) {
        const bool hidden = x >= area.x && y >= area.y && x < area.x + area.width && y < area.y + area.height;
        EXPECT_EQ(screen.at(static_cast<std::size_t>(x), static_cast<std::size_t>(y)),
                  hidden ? 0x77445566U : 0x77102030U);
      }
    }
  }
}

TEST(PointerPictures, let_through_what_is_below_as_far_as_they_are_clear) {
  Screen screen;
  screen.draw({1, 1, 1, 1}, 0x80404040);
  EXPECT_EQ(screen.at(1, 1), 0x77485058U);  // 0x40 + colour * 127 / 255
  screen.draw({2, 2, 1, 1}, 0x00000000);
  EXPECT_EQ(screen.at(2, 2), 0x77102030U);
  screen.draw({3, 3, 1, 1}, 0x00FFFFFF);  // not premultiplied
  EXPECT_EQ(screen.at(3, 3), 0x77FFFFFFU);
}

TEST(PointerPictures, larger_than_any_pointer_or_short_of_pixels_are_refused) {
  const std::vector<std::byte> pixels(std::size_t{4} * 600 * 600);
  const auto check = [&](std::int32_t width, std::int32_t height, std::size_t bytes) {
    return check_pointer({{0, 0, width, height}, std::span{pixels}.first(bytes), 1}, "test.pointer");
  };
  EXPECT_TRUE(check(512, 512, std::size_t{4} * 512 * 512));
  for (const auto& refused :
       {check(513, 1, 4 * 513), check(1, 513, 4 * 513), check(2, 2, 12), check(0, 0, 0)}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id, "test.pointer");
  }
}

TEST(PointerPictures, without_a_width_are_none) {
  Screen screen;
  EXPECT_FALSE(PointerPicture{}.visible());
  EXPECT_EQ(screen.draw({2, 2, 0, 0}, 0xFFFFFFFF), Rect{});
}

}  // namespace
}  // namespace lumen
