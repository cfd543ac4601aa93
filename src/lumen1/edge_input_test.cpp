#include "lumen1/edge_input.hpp"

#include <gtest/gtest.h>

#include <random>

namespace lumen::lumen1 {
namespace {

TEST(EdgeInput, every_edge_arrives_once_and_in_order_at_thirty_percent_loss) {
  EdgeSender sender;
  EdgeReceiver receiver;
  std::mt19937 random{3};
  const auto lost = [&] { return random() % 10 < 3; };
  std::vector<std::uint16_t> delivered;
  std::uint16_t next = 0;
  for (int round = 0; round < 5'000; ++round) {
    if (next < 1'000 && round % 3 == 0) {
      ASSERT_TRUE(sender.add(Key{++next, true}));
    }
    if (!lost()) {
      for (const auto& edge : sender.waiting()) {
        const auto& input = std::get<ClientInput>(edge);
        if (!receiver.expects(input)) continue;
        receiver.took(input);
        delivered.push_back(std::get<Key>(input.event).evdev_code);
      }
    }
    if (!lost()) sender.acknowledged(receiver.acknowledged());
  }
  ASSERT_EQ(delivered.size(), 1'000U);
  for (std::uint16_t i = 0; i < 1'000; ++i) EXPECT_EQ(delivered[i], i + 1);
  EXPECT_TRUE(sender.waiting().empty());
}

TEST(EdgeInput, a_gap_is_not_jumped) {
  EdgeReceiver receiver;
  EXPECT_FALSE(receiver.expects({2, Key{1, true}}));
  EXPECT_TRUE(receiver.expects({1, Key{1, true}}));
  receiver.took({1, Key{1, true}});
  EXPECT_FALSE(receiver.expects({1, Key{1, true}}));
  EXPECT_TRUE(receiver.expects({2, Key{1, true}}));
  EXPECT_TRUE(receiver.expects({0, PointerMoveTo{}}));
}

TEST(EdgeInput, an_acknowledgement_from_before_drops_nothing) {
  EdgeSender sender;
  ASSERT_TRUE(sender.add(Key{1, true}));
  sender.acknowledged(7);
  EXPECT_EQ(sender.waiting().size(), 1U);
  sender.acknowledged(1);
  EXPECT_TRUE(sender.waiting().empty());
}

TEST(EdgeInput, the_queue_is_bounded) {
  EdgeSender sender;
  int taken = 0;
  while (sender.add(Key{1, true})) ++taken;
  EXPECT_EQ(taken, 256);
}

}  // namespace
}  // namespace lumen::lumen1
