#include "media/pointer.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace lumen {
namespace {

PointerPiece piece_of(std::uint32_t image, PointerGeometry geometry, std::uint32_t offset, std::size_t bytes,
                      std::uint8_t slot = 0) {
  return {.image = image,
          .slot = slot,
          .geometry = geometry,
          .offset = offset,
          .pixels = std::vector<std::byte>(bytes, static_cast<std::byte>(image))};
}

constexpr PointerGeometry kSmall{.width = 4, .height = 2, .hotspot_x = 3, .hotspot_y = 1};

TEST(PointerGeometries, have_sides_within_bounds_and_their_hot_spot_inside) {
  EXPECT_TRUE(is_valid(kSmall));
  EXPECT_TRUE(is_valid(PointerGeometry{.width = 256, .height = 256, .hotspot_x = 255, .hotspot_y = 255}));
  EXPECT_FALSE(is_valid(PointerGeometry{.width = 257, .height = 1}));
  EXPECT_FALSE(is_valid(PointerGeometry{.width = 1, .height = 257}));
  EXPECT_FALSE(is_valid(PointerGeometry{.width = 0, .height = 1}));
  EXPECT_FALSE(is_valid(PointerGeometry{.width = 4, .height = 2, .hotspot_x = 4, .hotspot_y = 0}));
  EXPECT_FALSE(is_valid(PointerGeometry{.width = 4, .height = 2, .hotspot_x = 0, .hotspot_y = 2}));
}

TEST(PointerPieces, lie_within_the_whole) {
  EXPECT_TRUE(is_valid(piece_of(1, kSmall, 0, 32)));
  EXPECT_TRUE(is_valid(piece_of(1, kSmall, 31, 1)));
  EXPECT_FALSE(is_valid(piece_of(1, kSmall, 31, 2)));
  EXPECT_FALSE(is_valid(piece_of(1, kSmall, 0xFFFFFFFF, 1)));
  EXPECT_FALSE(is_valid(piece_of(1, kSmall, 0, 0)));
  EXPECT_FALSE(is_valid(piece_of(0, kSmall, 0, 32)));
  EXPECT_FALSE(is_valid(piece_of(1, kSmall, 0, 32, kPointerSlots)));
  const PointerGeometry large{.width = 256, .height = 256};
  EXPECT_TRUE(is_valid(piece_of(1, large, 0, kMaxPointerPiece)));
  EXPECT_FALSE(is_valid(piece_of(1, large, 0, kMaxPointerPiece + 1)));
}

TEST(PointerAssemblies, make_one_look_of_its_pieces) {
  PointerAssembly assembly;
  EXPECT_FALSE(assembly.push(piece_of(7, kSmall, 0, 20)));
  const auto look = assembly.push(piece_of(7, kSmall, 20, 12));
  ASSERT_TRUE(look);
  EXPECT_EQ(look->geometry, kSmall);
  EXPECT_EQ(look->pixels, std::vector<std::byte>(32, std::byte{7}));
}

TEST(PointerAssemblies, take_nothing_with_a_gap_and_begin_anew_at_the_front) {
  PointerAssembly assembly;
  EXPECT_FALSE(assembly.push(piece_of(7, kSmall, 12, 20)));
  EXPECT_FALSE(assembly.push(piece_of(7, kSmall, 0, 12)));
  EXPECT_FALSE(assembly.push(piece_of(7, kSmall, 16, 16)));
  EXPECT_FALSE(assembly.push(piece_of(7, kSmall, 12, 20)));  // the gap has ended it
  EXPECT_FALSE(assembly.push(piece_of(8, kSmall, 0, 12)));
  EXPECT_FALSE(assembly.push(piece_of(9, kSmall, 12, 20)));
  EXPECT_TRUE(assembly.push(piece_of(9, kSmall, 0, 32)));
}

TEST(PointerLookBooks, keep_each_slots_newest) {
  PointerLooks looks;
  EXPECT_EQ(looks.find(0), nullptr);
  EXPECT_TRUE(looks.push(piece_of(1, kSmall, 0, 32, 0)));
  EXPECT_TRUE(looks.push(piece_of(2, kSmall, 0, 32, 1)));
  ASSERT_NE(looks.find(1), nullptr);
  ASSERT_NE(looks.find(2), nullptr);
  const auto first = looks.find(1);
  EXPECT_TRUE(looks.push(piece_of(3, kSmall, 0, 32, 0)));
  EXPECT_EQ(looks.find(1), nullptr);
  EXPECT_EQ(looks.find(3)->pixels.front(), std::byte{3});
  EXPECT_EQ(first->pixels.front(), std::byte{1});  // who draws it may go on
}

}  // namespace
}  // namespace lumen
