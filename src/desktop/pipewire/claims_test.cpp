#include "desktop/pipewire/claims.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <spa/param/video/raw.h>

#include <cstring>
#include <limits>
#include <vector>

namespace lumen::pipewire {
namespace {

PictureClaim honest() {
  return {.width = 100,
          .height = 50,
          .offset_bytes = 0,
          .stride_bytes = 400,
          .size_bytes = 20'000,
          .crop = {},
          .memory_bytes = 20'000};
}

TEST(PictureClaims, an_honest_one_is_taken) {
  const auto layout = check_picture(honest());
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->size_bytes(), 20'000U);
}

TEST(PictureClaims, the_last_row_needs_no_gap_behind_it) {
  auto claim = honest();
  claim.stride_bytes = 512;
  claim.memory_bytes = 49U * 512 + 400;
  claim.size_bytes = 49U * 512 + 400;
  EXPECT_TRUE(check_picture(claim));
  --claim.memory_bytes;
  EXPECT_FALSE(check_picture(claim));
}

TEST(PictureClaims, what_does_not_fit_is_refused) {
  const auto refuses = [](auto change) {
    auto claim = honest();
    change(claim);
    return !check_picture(claim);
  };
  EXPECT_TRUE(refuses([](auto& claim) { claim.stride_bytes = 399; }));
  EXPECT_TRUE(refuses([](auto& claim) { claim.stride_bytes = 0; }));
  EXPECT_TRUE(refuses([](auto& claim) { claim.stride_bytes = -400; }));
  EXPECT_TRUE(refuses([](auto& claim) { claim.stride_bytes = std::numeric_limits<std::int32_t>::max(); }));
  EXPECT_TRUE(refuses([](auto& claim) { claim.offset_bytes = 1; }));
  EXPECT_TRUE(refuses([](auto& claim) { claim.offset_bytes = std::numeric_limits<std::uint32_t>::max(); }));
  EXPECT_TRUE(refuses([](auto& claim) { claim.size_bytes = 19'999; }));
  EXPECT_TRUE(refuses([](auto& claim) { claim.height = 0; }));
  EXPECT_TRUE(refuses([](auto& claim) { claim.crop = spa_region{{1, 0}, {100, 50}}; }));
  EXPECT_TRUE(refuses([](auto& claim) { claim.crop = spa_region{{-1, 0}, {10, 10}}; }));
  EXPECT_FALSE(refuses([](auto& claim) { claim.size_bytes.reset(); }));
}

RC_GTEST_PROP(PictureClaims, no_claim_reaches_outside_of_the_memory, ()) {
  PictureClaim claim{.width = *rc::gen::inRange<std::uint32_t>(0, 9000),
                     .height = *rc::gen::inRange<std::uint32_t>(0, 9000),
                     .offset_bytes = *rc::gen::arbitrary<std::uint32_t>(),
                     .stride_bytes = *rc::gen::arbitrary<std::int32_t>(),
                     .memory_bytes = *rc::gen::inRange<std::size_t>(0, std::size_t{1} << 32)};
  if (*rc::gen::arbitrary<bool>()) claim.size_bytes = *rc::gen::arbitrary<std::uint32_t>();
  if (*rc::gen::arbitrary<bool>()) {
    claim.crop = spa_region{{*rc::gen::arbitrary<std::int32_t>(), *rc::gen::arbitrary<std::int32_t>()},
                            {*rc::gen::arbitrary<std::uint32_t>(), *rc::gen::arbitrary<std::uint32_t>()}};
  }
  const auto layout = check_picture(claim);
  if (layout) RC_ASSERT(layout->offset_bytes + layout->size_bytes() <= claim.memory_bytes);
}

TEST(DamageClaims, it_is_moved_by_the_crop_and_cut_to_it) {
  const std::vector<spa_meta_region> told{{{{0, 0}, {30, 30}}}, {{{200, 200}, {5, 5}}}, {{{50, 60}, {1, 1}}}};
  std::array<Rect, kMaxDamage> out;
  ASSERT_EQ(read_damage(told, {{20, 10}, {100, 100}}, out), 2U);
  EXPECT_EQ(out[0], (Rect{0, 0, 10, 20}));
  EXPECT_EQ(out[1], (Rect{30, 50, 1, 1}));
}

TEST(DamageClaims, the_list_ends_at_one_without_an_area_and_too_many_are_everything) {
  std::array<Rect, kMaxDamage> out;
  const std::vector<spa_meta_region> ends{{{{0, 0}, {3, 3}}}, {{{0, 0}, {0, 3}}}, {{{0, 0}, {3, 3}}}};
  EXPECT_EQ(read_damage(ends, {{0, 0}, {100, 100}}, out), 1U);
  const std::vector<spa_meta_region> many(kMaxDamage + 1, {{{0, 0}, {3, 3}}});
  EXPECT_EQ(read_damage(many, {{0, 0}, {100, 100}}, out), 0U);
}

std::vector<std::byte> cursor_meta(const spa_meta_cursor& cursor, const spa_meta_bitmap& bitmap,
                                   std::size_t pixels) {
  std::vector<std::byte> bytes(sizeof cursor + sizeof bitmap + pixels);
  std::memcpy(bytes.data(), &cursor, sizeof cursor);
  std::memcpy(bytes.data() + sizeof cursor, &bitmap, sizeof bitmap);
  return bytes;
}

TEST(CursorClaims, its_picture_lies_within_the_meta_or_is_refused) {
  const spa_meta_cursor cursor{
      .id = 1, .position = {5, 6}, .hotspot = {1, 2}, .bitmap_offset = sizeof(spa_meta_cursor)};
  spa_meta_bitmap bitmap{
      .format = SPA_VIDEO_FORMAT_RGBA, .size = {4, 3}, .stride = 16, .offset = sizeof(spa_meta_bitmap)};
  const auto read = read_cursor(cursor_meta(cursor, bitmap, 48));
  ASSERT_TRUE(read && read->bitmap);
  EXPECT_EQ(read->x, 5);
  EXPECT_EQ(read->hotspot_y, 2);
  EXPECT_EQ(read->bitmap->pixels.size(), 48U);
  EXPECT_FALSE(read_cursor(cursor_meta(cursor, bitmap, 47)));
  bitmap.stride = 15;
  EXPECT_FALSE(read_cursor(cursor_meta(cursor, bitmap, 48)));
  bitmap.stride = 16;
  bitmap.format = SPA_VIDEO_FORMAT_NV12;
  EXPECT_FALSE(read_cursor(cursor_meta(cursor, bitmap, 48)));
  bitmap.format = SPA_VIDEO_FORMAT_RGBA;
  bitmap.size = {0x40000001, 1};  // times four is four
  EXPECT_FALSE(read_cursor(cursor_meta(cursor, bitmap, 48)));
}

TEST(CursorClaims, without_an_id_nothing_is_said_and_without_a_bitmap_it_looks_as_before) {
  EXPECT_FALSE(read_cursor(cursor_meta({.id = 0, .position = {5, 6}}, {}, 0)));
  const auto moved = read_cursor(cursor_meta({.id = 1, .position = {7, 8}}, {}, 0));
  ASSERT_TRUE(moved);
  EXPECT_FALSE(moved->bitmap);
}

TEST(CursorClaims, a_bitmap_without_pixels_hides_it) {
  const auto hidden = read_cursor(cursor_meta({.id = 1, .bitmap_offset = sizeof(spa_meta_cursor)}, {}, 0));
  ASSERT_TRUE(hidden && hidden->bitmap);
  EXPECT_EQ(hidden->bitmap->width, 0U);
}

}  // namespace
}  // namespace lumen::pipewire
