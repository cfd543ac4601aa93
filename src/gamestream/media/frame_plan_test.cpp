#include "gamestream/media/frame_plan.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <tuple>

namespace lumen::gamestream {
namespace {

constexpr std::size_t kPayload = 1008;  // of a packet of 1024

FramePlan plan(std::size_t shards, FramePlanParams params) {
  return plan_frame(params, shards * kPayload - kFrameHeaderBytes).value();
}

BlockPlan only_block(std::size_t shards, std::size_t percent, std::size_t min_parity) {
  const auto made = plan(shards, {.percent = percent, .min_parity = min_parity});
  EXPECT_EQ(made.blocks().size(), 1U);
  return made.blocks()[0];
}

TEST(FramePlan, m17_small_blocks_get_the_least_parity_that_the_client_asked_for) {
  // Section 6.4: data, parity, percent.
  const std::vector<std::tuple<std::size_t, std::size_t, int>> rows{{1, 2, 200}, {2, 2, 100}, {3, 2, 66},
                                                                    {4, 2, 50},  {5, 2, 40},  {6, 2, 20},
                                                                    {10, 2, 20}, {11, 3, 20}, {15, 3, 20}};
  for (const auto& [data, parity, percent] : rows) {
    const auto block = only_block(data, 20, 2);
    EXPECT_EQ(block.parity, parity) << data;
    EXPECT_EQ(block.percent, percent) << data;
  }
  EXPECT_EQ(only_block(1, 0, 2).parity, 0U) << "no parity at all";
}

TEST(FramePlan, m14_a_floor_that_no_percentage_says_becomes_a_little_more) {
  const auto block = only_block(199, 1, 3);  // 3 shards are 1.5 %: 2 % are 4
  EXPECT_EQ(block.percent, 2);
  EXPECT_EQ(block.parity, 4U);
  EXPECT_EQ(only_block(1, 20, 3).percent, 255) << "300 % cannot be said, and 255 % are 3 as well";
  EXPECT_EQ(only_block(1, 20, 3).parity, 3U);
  EXPECT_EQ(only_block(1, 20, 1'000'000).parity, 3U) << "as many as can be said";
}

TEST(FramePlan, blocks_are_cut_as_other_hosts_do) {
  // Section 6.3 and the examples E3 to E5.
  const auto two = plan(213, {.percent = 20});
  ASSERT_EQ(two.blocks().size(), 2U);
  EXPECT_EQ(two.blocks()[0].data, 107U);
  EXPECT_EQ(two.blocks()[1].data, 106U);
  const auto four = plan(848, {.percent = 20});
  ASSERT_EQ(four.blocks().size(), 4U);
  for (const auto& block : four.blocks()) EXPECT_EQ(block.shards(), 255U);
}

TEST(FramePlan, m18_frames_over_four_blocks_have_no_parity_when_that_is_wanted) {
  const auto made = plan(900, {.percent = 20, .min_parity = 2, .reduce_parity = false});
  ASSERT_EQ(made.blocks().size(), 4U);
  for (const auto& block : made.blocks()) {
    EXPECT_EQ(block.data, 225U);
    EXPECT_EQ(block.parity, 0U);
    EXPECT_EQ(block.percent, 0);
  }
}

TEST(FramePlan, frames_over_four_blocks_get_what_parity_there_is_room_for) {
  const auto made = plan(900, {.percent = 20, .min_parity = 2});
  ASSERT_EQ(made.blocks().size(), 4U);
  for (const auto& block : made.blocks()) {
    EXPECT_EQ(block.data, 225U);
    EXPECT_EQ(block.percent, 13);
    EXPECT_EQ(block.parity, 30U);
  }
  EXPECT_EQ(plan(1020, {.percent = 20}).shards(), 1020U) << "no room at all";
  EXPECT_EQ(plan(4092, {.percent = 20}).shards(), 4092U);
  EXPECT_FALSE(plan_frame({.packet_size = 1024}, 4092 * kPayload - kFrameHeaderBytes + 1));
  EXPECT_FALSE(plan_frame({.packet_size = 1024}, SIZE_MAX));
}

RC_GTEST_PROP(FramePlan, m14_both_ends_agree_for_any_frame, ()) {
  const FramePlanParams params{.packet_size = 64,
                               .percent = *rc::gen::inRange<std::size_t>(0, 300),
                               .min_parity = *rc::gen::inRange<std::size_t>(0, 6),
                               .reduce_parity = *rc::gen::arbitrary<bool>()};
  const auto bytes = *rc::gen::inRange<std::size_t>(1, 4092 * 48 - kFrameHeaderBytes + 1);
  const auto made = plan_frame(params, bytes);
  RC_ASSERT(made.has_value());
  RC_ASSERT(made->blocks().size() >= 1U);
  RC_ASSERT(made->data_shards() == (bytes + kFrameHeaderBytes + 47) / 48);
  for (const auto& block : made->blocks()) {
    RC_ASSERT(block.data >= 1U);
    RC_ASSERT(block.data <= made->blocks()[0].data);
    RC_ASSERT(block.data <= kMaxBlockDataShards);
    RC_ASSERT(block.parity == parity_shards(block.data, block.percent));
    RC_ASSERT(block.parity == 0U || block.shards() <= kMaxBlockShards);
  }
}

}  // namespace
}  // namespace lumen::gamestream
