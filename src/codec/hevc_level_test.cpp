#include "codec/hevc_level.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace lumen::codec {
namespace {

constexpr BitsPerSecond mbit(std::uint64_t value) { return {value * 1'000'000}; }

TEST(HevcLevel, is_the_lowest_that_the_size_the_rate_and_the_bitrate_fit) {
  EXPECT_EQ(hevc_level({1280, 720, 30'000}, mbit(5)), (HevcLevel{93, false}));
  EXPECT_EQ(hevc_level({1280, 720, 60'000}, mbit(5)), (HevcLevel{120, false}));
  EXPECT_EQ(hevc_level({1920, 1080, 60'000}, mbit(20)), (HevcLevel{123, false}));
  EXPECT_EQ(hevc_level({1920, 1080, 60'000}, mbit(21)), (HevcLevel{150, false}));
  EXPECT_EQ(hevc_level({3840, 2160, 60'000}, mbit(40)), (HevcLevel{153, false}));
  EXPECT_EQ(hevc_level({7680, 4320, 60'000}, mbit(100)), (HevcLevel{183, false}));
}

TEST(HevcLevel, is_of_the_high_tier_only_where_no_main_tier_has_the_bitrate) {
  EXPECT_EQ(hevc_level({1920, 1080, 60'000}, mbit(240)), (HevcLevel{186, false}));
  EXPECT_EQ(hevc_level({1920, 1080, 60'000}, mbit(400)), (HevcLevel{183, true}));
}

TEST(HevcLevel, a_mode_beyond_all_levels_has_no_limits) {
  EXPECT_EQ(hevc_level({8192, 8192, 60'000}, mbit(20)), (HevcLevel{255, false}));
  EXPECT_EQ(hevc_level({1920, 1080, 60'000}, mbit(900)), (HevcLevel{255, false}));
}

// A longer side than the square root of eight pictures is not allowed, however few samples there are.
TEST(HevcLevel, a_narrow_picture_needs_the_level_of_its_length) {
  EXPECT_EQ(hevc_level({8192, 64, 30'000}, mbit(1)).idc, 150);
}

TEST(HevcLevel, is_written_behind_the_profile_whatever_is_escaped) {
  std::vector<std::uint8_t> sps{0x42, 1, 1, 1, 0x60, 0, 0, 3, 0, 0x90, 0, 0, 3, 0, 0, 3, 0, 255, 0xA0};
  write_hevc_level(sps, {123, false});
  EXPECT_EQ(sps, (std::vector<std::uint8_t>{0x42, 1, 1, 1, 0x60, 0, 0, 3, 0, 0x90, 0, 0, 3, 0, 0, 3, 0, 123,
                                            0xA0}));
  std::vector<std::uint8_t> vps{0x40, 1,    0x0C, 1, 0xFF, 0xFF, 1, 0x60, 0, 0,   3,
                                0,    0x90, 0,    0, 3,    0,    0, 3,    0, 255, 0x95};
  write_hevc_level(vps, {153, true});
  EXPECT_EQ(vps[6], 0x21);
  EXPECT_EQ(vps[20], 153);
  EXPECT_EQ(vps[21], 0x95);
}

TEST(HevcLevel, other_and_short_units_are_left_alone) {
  for (const std::vector<std::uint8_t>& unit :
       {std::vector<std::uint8_t>{}, std::vector<std::uint8_t>{0x42, 1, 1, 1, 0x60},
        std::vector<std::uint8_t>(30, 0x26)}) {
    auto copy = unit;
    write_hevc_level(copy, {123, true});
    EXPECT_EQ(copy, unit);
  }
}

}  // namespace
}  // namespace lumen::codec
