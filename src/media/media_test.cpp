#include <gtest/gtest.h>

#include "media/mode.hpp"
#include "media/picture.hpp"

namespace lumen {
namespace {

TEST(Mode, text_round_trips_exactly) {
  for (const auto* text :
       {"1280x720@60", "2340x1080@59.94", "641x363@48", "3840x2160@23.976", "1920x1080@144"}) {
    const auto mode = parse_mode(text);
    ASSERT_TRUE(mode) << text;
    EXPECT_EQ(to_string(*mode), text);
  }
  EXPECT_EQ(parse_mode("1280x720")->refresh_mhz, 60'000U);
}

TEST(Mode, period_is_exact) {
  EXPECT_EQ(parse_mode("1280x720@59.94")->period().count(), 16'683'350);
  EXPECT_EQ(parse_mode("1280x720@144")->period().count(), 6'944'444);
}

TEST(Mode, nonsense_is_refused_with_a_remedy) {
  for (const auto* text :
       {"", "x", "1280", "1280x", "x720", "1280x720@", "1280x720@x", "-1x5", "1280x720@60Hz", "99999999999x1",
        "1280x720@1e9", "1280x720@nan", "1280x720@inf", "63x64", "8193x100", "100x100@0.5", "100x100@501"}) {
    const auto mode = parse_mode(text);
    ASSERT_FALSE(mode) << text;
    EXPECT_FALSE(mode.error().remedy.empty()) << text;
  }
}

TEST(PicturePool, lends_each_picture_once_and_takes_it_back) {
  const auto pool = PicturePool::create({.width = 64, .height = 64, .count = 2}).value();
  auto first = pool->try_acquire();
  auto second = pool->try_acquire();
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->slot(), second->slot());
  EXPECT_FALSE(pool->try_acquire());
  first.reset();
  EXPECT_TRUE(pool->try_acquire());
}

TEST(PicturePool, planes_are_aligned_disjoint_and_cover_the_coded_size) {
  for (const auto format : {PixelFormat::nv12, PixelFormat::i420}) {
    const auto pool =
        PicturePool::create({.format = format, .width = 641, .height = 363, .count = 1}).value();
    const auto lease = pool->try_acquire();
    const auto& picture = lease->picture();
    EXPECT_EQ(picture.coded_width(), 642U);
    EXPECT_EQ(picture.coded_height(), 364U);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(picture.planes[0].pixels) % 64, 0U);
    EXPECT_GE(picture.planes[1].pixels, picture.planes[0].pixels + picture.planes[0].stride_bytes * 364);
    EXPECT_EQ(picture.planes[2].pixels != nullptr, format == PixelFormat::i420);
  }
}

TEST(PicturePool, outlives_its_handle_while_a_picture_is_lent) {
  auto pool = PicturePool::create({.width = 64, .height = 64, .count = 1}).value();
  auto lease = pool->try_acquire();
  pool.reset();
  lease->picture().planes[0].pixels[0] = std::byte{1};
}

TEST(PicturePool, refuses_absurd_sizes) {
  EXPECT_FALSE(PicturePool::create({.width = 0, .height = 64}));
  EXPECT_FALSE(PicturePool::create({.width = 1u << 20, .height = 64}));
}

}  // namespace
}  // namespace lumen
