#include "simulation/frame_layout.hpp"

#include <gtest/gtest.h>

namespace lumen::simulation {
namespace {

TEST(FrameLayout, of_leopard_is_one_block_whatever_the_frame) {
  for (const std::size_t k : {1U, 72U, 1'437U, 7'184U, 40'000U}) {
    const auto layout = lay_out(Code::leopard, k, 20);
    EXPECT_EQ(layout.blocks, 1U);
    EXPECT_EQ(layout.data(), k);
    EXPECT_EQ(layout.parity(), (k + 4) / 5);
  }
}

TEST(FrameLayout, of_leopard_has_the_parity_that_65536_points_leave_room_for) {
  EXPECT_EQ(lay_out(Code::leopard, 40'000, 60).parity(), 16'384U);  // M = 2^14, or M + k exceeds 2^16
  EXPECT_EQ(lay_out(Code::leopard, 65'535, 20).parity(), 1U);
}

// 255 · 100 / 120 = 212 data shards fit into a block with 20 %.
TEST(FrameLayout, of_gamestream_splits_evenly_into_blocks_of_at_most_255) {
  EXPECT_EQ(lay_out(Code::gamestream, 212, 20).blocks, 1U);
  const auto two = lay_out(Code::gamestream, 213, 20);
  EXPECT_EQ(two.blocks, 2U);
  EXPECT_EQ(two.block[0].data, 107U);
  EXPECT_EQ(two.block[0].parity, 22U);
  EXPECT_EQ(two.block[1].data, 106U);
  EXPECT_EQ(two.block[1].parity, 22U);
  EXPECT_EQ(lay_out(Code::gamestream, 848, 20).blocks, 4U);
}

TEST(FrameLayout, of_gamestream_never_exceeds_its_blocks) {
  for (std::size_t k = 1; k < 1'100; ++k) {
    for (const double percent : {1, 5, 20, 35, 100, 255}) {
      const auto layout = lay_out(Code::gamestream, k, percent);
      ASSERT_EQ(layout.data(), k);
      if (layout.parity() == 0) continue;
      for (const auto& block : layout.block)
        ASSERT_LE(block.data + block.parity, 255U) << k << " " << percent;
    }
  }
}

TEST(FrameLayout, of_gamestream_beyond_four_blocks_has_no_parity) {
  EXPECT_EQ(lay_out(Code::gamestream, 849, 20).parity(), 0U);
  EXPECT_EQ(lay_out(Code::gamestream, 849, 20).data(), 849U);
}

TEST(FrameLayout, of_gamestream_has_two_parity_shards_at_least) {
  EXPECT_EQ(lay_out(Code::gamestream, 1, 20).parity(), 2U);
  EXPECT_EQ(lay_out(Code::gamestream, 10, 1).parity(), 2U);
}

TEST(FrameLayout, with_so_many_parity_shards_has_as_many_or_what_a_whole_percentage_makes_of_them) {
  EXPECT_EQ(lay_out_with(Code::leopard, 100, 33).parity(), 33U);
  EXPECT_EQ(lay_out_with(Code::gamestream, 100, 33).parity(), 33U);
  EXPECT_EQ(lay_out_with(Code::gamestream, 151, 33).parity(), 34U);  // 22 %
}

TEST(FrameLayout, without_code_or_parity_is_bare) {
  EXPECT_EQ(lay_out(Code::none, 100, 20).parity(), 0U);
  EXPECT_EQ(lay_out(Code::leopard, 100, 0).parity(), 0U);
  EXPECT_EQ(lay_out_with(Code::gamestream, 100, 0).parity(), 0U);
  EXPECT_EQ(lay_out(Code::leopard, 0, 20).data(), 1U);
}

}  // namespace
}  // namespace lumen::simulation
