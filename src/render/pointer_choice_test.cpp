#include "render/pointer_choice.hpp"

#include <gtest/gtest.h>

namespace lumen::render {
namespace {

using namespace std::chrono_literals;

PointerSituation apart() {
  return {.place = PointerPlace::apart,
          .over_picture = true,
          .host_x = 100,
          .host_y = 100,
          .local_x = 100,
          .local_y = 100};
}

TEST(PointerChoices, one_in_the_picture_or_hidden_needs_none_over_it) {
  for (const auto place : {PointerPlace::in_picture, PointerPlace::hidden}) {
    EXPECT_EQ(choose_pointer({.place = place, .over_picture = true}),
              (PointerChoice{LocalPointer::none, false}));
    EXPECT_EQ(choose_pointer({.place = place}), (PointerChoice{LocalPointer::plain, false}));
  }
}

TEST(PointerChoices, the_hand_moves_the_window_systems_own_with_the_hosts_look) {
  EXPECT_EQ(choose_pointer(apart()), (PointerChoice{LocalPointer::look, false}));
  auto moving = apart();
  moving.local_x = 300;  // the host has not heard of it yet
  EXPECT_EQ(choose_pointer(moving), (PointerChoice{LocalPointer::look, false}));
}

TEST(PointerChoices, a_captured_one_is_where_the_host_has_it) {
  auto captured = apart();
  captured.captured = true;
  EXPECT_EQ(choose_pointer(captured), (PointerChoice{LocalPointer::none, true}));
}

TEST(PointerChoices, the_hosts_stays_in_sight_while_the_hand_is_elsewhere) {
  auto beside = apart();
  beside.over_picture = false;
  EXPECT_EQ(choose_pointer(beside), (PointerChoice{LocalPointer::plain, true}));
}

TEST(PointerChoices, one_that_somebody_else_moves_is_drawn_until_the_hand_moves_again) {
  auto moved = apart();
  moved.host_x = 200;
  moved.still = kPointerSettles;
  EXPECT_EQ(choose_pointer(moved), (PointerChoice{LocalPointer::none, true}));
  moved.still = 10ms;
  EXPECT_EQ(choose_pointer(moved), (PointerChoice{LocalPointer::look, false}));
  moved.still = kPointerSettles;
  moved.host_x = 100 + kPointerTolerance;
  EXPECT_EQ(choose_pointer(moved), (PointerChoice{LocalPointer::look, false}));
}

PointerImage plain_look(std::uint16_t width, std::uint16_t height, int value) {
  const PointerGeometry geometry{.width = width,
                                 .height = height,
                                 .hotspot_x = static_cast<std::uint16_t>(width - 1),
                                 .hotspot_y = static_cast<std::uint16_t>(height / 2)};
  return {geometry, std::vector<std::byte>(geometry.bytes(), static_cast<std::byte>(value))};
}

TEST(PointerScaling, keeps_colour_shape_and_hot_spot) {
  const auto look = plain_look(16, 8, 77);
  EXPECT_EQ(scaled(look, 1), look);
  for (const double factor : {0.01, 0.4, 0.5, 1.5, 2.0, 7.3, 1000.0}) {
    const auto made = scaled(look, factor);
    EXPECT_TRUE(is_valid(made.geometry)) << factor;
    ASSERT_EQ(made.pixels.size(), made.geometry.bytes());
    for (const auto each : made.pixels) EXPECT_EQ(each, std::byte{77});
  }
  const auto twice = scaled(look, 2).geometry;
  EXPECT_EQ(twice, (PointerGeometry{.width = 32, .height = 16, .hotspot_x = 30, .hotspot_y = 8}));
}

TEST(PointerScaling, one_side_at_its_limit_holds_the_other_back) {
  const auto made = scaled(plain_look(200, 50, 77), 4).geometry;
  EXPECT_EQ(made.width, kMaxPointerSide);
  EXPECT_EQ(made.height, 64);
}

TEST(PointerArrow, is_a_look_like_any_other_with_its_tip_as_hot_spot) {
  const auto arrow = plain_arrow();
  ASSERT_TRUE(is_valid(arrow.geometry));
  ASSERT_EQ(arrow.pixels.size(), arrow.geometry.bytes());
  EXPECT_EQ(arrow.geometry.hotspot_x, 0);
  EXPECT_EQ(arrow.geometry.hotspot_y, 0);
  EXPECT_EQ(arrow.pixels[3], std::byte{255});
  EXPECT_EQ(arrow.pixels[arrow.geometry.width * 4U - 1], std::byte{0});
}

TEST(PointerScaling, blends_between_pixels) {
  PointerImage look = plain_look(2, 1, 0);
  for (std::size_t i = 4; i < 8; ++i) look.pixels[i] = std::byte{200};
  const auto made = scaled(look, 4);
  ASSERT_EQ(made.geometry.width, 8);
  EXPECT_EQ(made.pixels[0], std::byte{0});
  EXPECT_EQ(made.pixels[7 * 4], std::byte{200});
  for (std::size_t x = 1; x < 8; ++x) EXPECT_GE(made.pixels[x * 4], made.pixels[(x - 1) * 4]);
}

TEST(PointerAlpha, is_taken_out_of_the_colours) {
  PointerImage look = plain_look(3, 1, 0);
  look.pixels = {std::byte{64}, std::byte{32}, std::byte{0}, std::byte{128}, std::byte{9},   std::byte{9},
                 std::byte{9},  std::byte{0},  std::byte{7}, std::byte{7},   std::byte{255}, std::byte{255}};
  const auto straight = with_straight_alpha(look);
  EXPECT_EQ(straight.pixels[0], std::byte{127});
  EXPECT_EQ(straight.pixels[1], std::byte{63});
  EXPECT_EQ(straight.pixels[3], std::byte{128});
  EXPECT_EQ(straight.pixels[4], std::byte{9});
  EXPECT_EQ(straight.pixels[10], std::byte{255});
}

}  // namespace
}  // namespace lumen::render
