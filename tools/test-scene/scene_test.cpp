#include "scene.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace lumen::scene {
namespace {

constexpr Pixel kUntouched = 0x12345678;
constexpr std::size_t kMargin = 3;  // pixels right of the picture that drawing must leave alone

struct Drawn {
  std::size_t width, height;
  std::vector<Pixel> pixels;

  Pixel at(std::size_t x, std::size_t y) const { return pixels[y * (width + kMargin) + x]; }
};

Drawn draw(std::size_t width, std::size_t height, std::uint32_t frame, const InputMarks& marks = {}) {
  const Scene scene{width, height};
  Drawn out{width, height, std::vector<Pixel>((width + kMargin) * height, kUntouched)};
  scene.draw({.pixels = out.pixels.data(), .stride = width + kMargin}, {.frame_number = frame, .drawn_us = 5},
             marks);
  return out;
}

// Share of pixels that differ, 0…1.
double difference(const Drawn& a, const Drawn& b) {
  std::size_t different = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) {
    if (a.pixels[i] != b.pixels[i]) ++different;
  }
  return static_cast<double>(different) / static_cast<double>(a.pixels.size());
}

// Of the picture and of the margin beside it.
struct Touched {
  std::size_t inside = 0, beside = 0;
};

Touched count_touched(const Drawn& drawn) {
  Touched touched;
  for (std::size_t i = 0; i < drawn.pixels.size(); ++i) {
    if (drawn.pixels[i] == kUntouched) continue;
    ++(i % (drawn.width + kMargin) < drawn.width ? touched.inside : touched.beside);
  }
  return touched;
}

TEST(Scene, every_pixel_is_drawn_and_none_beside_the_picture) {
  using Size = std::pair<std::size_t, std::size_t>;
  for (const auto& [width, height] :
       {Size{1280, 720}, {641, 363}, {64, 64}, {2, 3}, {1, 1}, {513, 32}, {90, 2000}}) {
    for (const std::uint32_t frame : {1U, 977U, 0xFFFFFFFFU}) {
      const auto touched = count_touched(draw(width, height, frame));
      EXPECT_EQ(touched.inside, width * height) << width << "x" << height;
      EXPECT_EQ(touched.beside, 0U) << width << "x" << height;
    }
  }
}

TEST(Scene, same_frame_number_gives_the_same_picture_and_the_next_one_moves) {
  EXPECT_EQ(difference(draw(640, 360, 100), draw(640, 360, 100)), 0.0);
  EXPECT_GT(difference(draw(640, 360, 100), draw(640, 360, 101)), 0.5);
}

TEST(Scene, code_is_drawn_over_everything_else) {
  std::vector<Pixel> code(std::size_t{testing::kCodeWidth} * testing::kCodeHeight);
  testing::draw_code(reinterpret_cast<std::byte*>(code.data()), testing::kCodeWidth * sizeof(Pixel),
                     {.frame_number = 42, .drawn_us = 5});
  const auto drawn =
      draw(641, 363, 42, {.pointer_inside = true, .pointer_x = 10, .pointer_y = 10, .presses = 0});
  for (std::size_t y = 0; y < testing::kCodeHeight; ++y) {
    for (std::size_t x = 0; x < testing::kCodeWidth; ++x) {
      ASSERT_EQ(drawn.at(x, y), code[y * testing::kCodeWidth + x]) << x << "," << y;
    }
  }
}

TEST(Scene, every_press_flips_the_square) {
  EXPECT_EQ(draw(640, 360, 1, {.presses = 0}).at(320, 180), kFlashEven);
  EXPECT_EQ(draw(640, 360, 1, {.presses = 1}).at(320, 180), kFlashOdd);
  EXPECT_EQ(draw(640, 360, 1, {.presses = 2}).at(320, 180), kFlashEven);
}

TEST(Scene, pointer_is_marked_where_it_is) {
  const auto drawn =
      draw(640, 360, 1, {.pointer_inside = true, .pointer_x = 100, .pointer_y = 200, .presses = 0});
  EXPECT_EQ(drawn.at(100, 200), 0xFFFFFFFFU);
  EXPECT_EQ(drawn.at(100 + 13, 200), 0xFF000000U);
}

TEST(Scene, pointer_outside_the_picture_is_clipped) {
  for (const auto& [x, y] :
       {std::pair{-1'000'000, 5}, {5, -14}, {639, 359}, {2'000'000'000, 2'000'000'000}}) {
    const auto drawn =
        draw(640, 360, 1, {.pointer_inside = true, .pointer_x = x, .pointer_y = y, .presses = 0});
    EXPECT_EQ(drawn.at(640, 0), kUntouched);
  }
}

}  // namespace
}  // namespace lumen::scene
