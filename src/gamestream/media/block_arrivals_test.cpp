#include "gamestream/media/block_arrivals.hpp"

#include <gtest/gtest.h>

namespace lumen::gamestream {
namespace {

using namespace std::chrono_literals;

Timestamp at(Duration time) { return Timestamp{time}; }

BlockArrivals of(std::size_t data, std::size_t shards) {
  BlockArrivals arrivals;
  arrivals.begin(data, shards, at(0ms));
  return arrivals;
}

TEST(BlockArrivals, a_block_is_short_when_more_were_overtaken_than_parity_makes_up_for) {
  auto arrivals = of(4, 6);
  arrivals.add(2, at(1ms));  // 0 and 1 are missing: 3, 4 and 5 can still come
  EXPECT_FALSE(arrivals.short_since());
  arrivals.add(4, at(2ms));  // 3 too
  EXPECT_EQ(arrivals.short_since(), at(2ms));
  arrivals.add(1, at(3ms));  // it was only late
  EXPECT_FALSE(arrivals.short_since());
  arrivals.add(5, at(4ms));
  EXPECT_TRUE(arrivals.is_enough());
}

TEST(BlockArrivals, a_block_that_was_overtaken_is_short_until_it_is_enough) {
  auto arrivals = of(2, 3);
  arrivals.add(0, at(1ms));
  arrivals.overtaken(at(2ms));
  arrivals.overtaken(at(3ms));
  EXPECT_EQ(arrivals.short_since(), at(2ms));
  arrivals.add(2, at(4ms));
  EXPECT_FALSE(arrivals.short_since());
}

TEST(BlockArrivals, a_block_that_nobody_has_seen_can_be_overtaken) {
  BlockArrivals arrivals;
  EXPECT_FALSE(arrivals.short_since());
  arrivals.overtaken(at(1ms));
  EXPECT_EQ(arrivals.short_since(), at(1ms));
  EXPECT_FALSE(arrivals.is_enough());
  arrivals.begin(1, 1, at(2ms));
  EXPECT_EQ(arrivals.short_since(), at(1ms));
  arrivals.add(0, at(3ms));
  EXPECT_FALSE(arrivals.short_since());
}

TEST(BlockArrivals, counts_what_a_report_says) {
  auto arrivals = of(5, 7);
  for (const std::size_t shard : {0U, 2U, 4U, 5U}) EXPECT_TRUE(arrivals.add(shard, at(1ms)));
  EXPECT_FALSE(arrivals.add(4, at(1ms)));
  EXPECT_EQ(arrivals.received(), 4U);
  EXPECT_EQ(arrivals.received_data(), 3U);
  EXPECT_EQ(arrivals.first_missing(), 1U);
  EXPECT_EQ(arrivals.end(), 6U);
}

}  // namespace
}  // namespace lumen::gamestream
