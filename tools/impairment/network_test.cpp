#include "tools/impairment/network.hpp"

#include <gtest/gtest.h>

#include "tools/impairment/delay_line.hpp"

namespace lumen::impairment {
namespace {

using simulation::Outcome;
using std::chrono::milliseconds;

constexpr Bytes kSize{1000};
const Timestamp kStart = from_ns(7'000'000'000);

std::vector<Change> changes(std::initializer_list<std::string_view> statements) {
  std::vector<Change> all;
  for (const auto statement : statements) all.push_back(parse_change(statement).value());
  return all;
}

bool arrives(Network& network, Side side, Duration at) {
  return network.send(side, kStart + at, kSize).outcome == Outcome::arrived;
}

TEST(ImpairedNetwork, without_statements_lets_everything_through_at_once) {
  Network network{{}, 1};
  for (int i = 0; i < 1000; ++i) {
    const auto fate = network.send(Side::down, kStart, kSize);
    ASSERT_EQ(fate.outcome, Outcome::arrived);
    ASSERT_EQ(fate.arrives, kStart);
  }
  EXPECT_EQ(network.direction(Side::down).totals().passed, 1000U);
  EXPECT_EQ(network.direction(Side::up).totals().datagrams, 0U);
}

TEST(ImpairedNetwork, does_to_one_direction_what_is_said_of_it) {
  Network network{changes({"down loss 100%"}), 1};
  EXPECT_FALSE(arrives(network, Side::down, {}));
  EXPECT_TRUE(arrives(network, Side::up, {}));
}

TEST(ImpairedNetwork, counts_time_from_the_first_datagram) {
  Network network{changes({"1s delay 5ms"}), 1};
  EXPECT_FALSE(network.next_change());
  EXPECT_EQ(network.send(Side::up, kStart, kSize).arrives, kStart);
  EXPECT_EQ(network.next_change(), kStart + milliseconds{1000});
  const auto later = kStart + milliseconds{1000};
  EXPECT_EQ(network.send(Side::up, later, kSize).arrives, later + milliseconds{5});
}

TEST(ImpairedNetwork, is_dark_for_as_long_as_it_is_told_even_when_nothing_is_sent_meanwhile) {
  Network network{changes({"100ms blackout 300ms"}), 1};
  EXPECT_TRUE(arrives(network, Side::down, {}));
  EXPECT_TRUE(arrives(network, Side::down, milliseconds{99}));
  EXPECT_FALSE(arrives(network, Side::down, milliseconds{399}));
  EXPECT_FALSE(arrives(network, Side::up, milliseconds{399}));
  EXPECT_TRUE(arrives(network, Side::down, milliseconds{400}));
  EXPECT_EQ(network.direction(Side::down).totals().blacked_out, 1U);
}

TEST(ImpairedNetwork, keeps_a_queue_of_so_much_time_whatever_the_rate_is) {
  Network network{changes({"rate 8mbit", "queue 10ms", "1s rate 80mbit"}),
                  1};  // 1 ms a datagram, then 0.1 ms
  int passed = 0;
  for (int i = 0; i < 200; ++i) passed += arrives(network, Side::down, {}) ? 1 : 0;
  EXPECT_EQ(passed, 10);
  passed = 0;
  for (int i = 0; i < 200; ++i) passed += arrives(network, Side::down, milliseconds{1000}) ? 1 : 0;
  EXPECT_EQ(passed, 100);
  EXPECT_EQ(network.direction(Side::down).totals().overflowed, 290U);
}

TEST(ImpairedNetwork, tells_for_each_tenth_of_a_second_what_waited_and_what_passed) {
  Network network{changes({"down rate 8mbit"}), 1};
  for (int i = 0; i < 5; ++i) arrives(network, Side::down, {});
  arrives(network, Side::down, milliseconds{250});
  const auto& moments = network.direction(Side::down).moments();
  ASSERT_EQ(moments.size(), 3U);
  EXPECT_EQ(moments[0].passed_bytes, 5000U);
  EXPECT_EQ(moments[0].queued, milliseconds{5});
  EXPECT_EQ(moments[1].passed_bytes, 0U);
  EXPECT_EQ(moments[2].queued, milliseconds{1});
}

TEST(ImpairedNetwork, moves_as_often_as_it_is_told_and_is_clean_again_after_clear) {
  Network network{changes({"loss 100%", "1s move", "2s move", "2s clear"}), 1};
  EXPECT_FALSE(arrives(network, Side::down, {}));
  EXPECT_EQ(network.take_moves(), 0U);
  network.advance(kStart + milliseconds{2500});
  EXPECT_EQ(network.take_moves(), 2U);
  EXPECT_EQ(network.take_moves(), 0U);
  EXPECT_TRUE(arrives(network, Side::down, milliseconds{2500}));
}

std::vector<int> taken(DelayLine& line, Timestamp now) {
  std::vector<int> all;
  line.take_due(now, [&](std::uint32_t, ByteView bytes) { all.push_back(std::to_integer<int>(bytes[0])); });
  return all;
}

TEST(DelayLine, gives_what_is_due_by_time_and_keeps_the_order_of_equals) {
  DelayLine line;
  for (const auto& [at, name] : {std::pair{3, 1}, {1, 2}, {3, 3}, {2, 4}, {3, 5}}) {
    const std::array bytes{std::byte(name)};
    ASSERT_TRUE(line.put(from_ns(at), 0, bytes));
  }
  EXPECT_EQ(line.next(), from_ns(1));
  EXPECT_EQ(taken(line, from_ns(2)), (std::vector{2, 4}));
  EXPECT_EQ(taken(line, from_ns(9)), (std::vector{1, 3, 5}));
  EXPECT_FALSE(line.next());
}

TEST(DelayLine, refuses_what_is_too_much_until_something_has_left) {
  DelayLine line{2};
  const std::array<std::byte, 1> bytes{};
  EXPECT_TRUE(line.put(from_ns(1), 0, bytes));
  EXPECT_TRUE(line.put(from_ns(2), 0, bytes));
  EXPECT_FALSE(line.put(from_ns(3), 0, bytes));
  EXPECT_EQ(taken(line, from_ns(1)).size(), 1U);
  EXPECT_TRUE(line.put(from_ns(3), 0, bytes));
}

}  // namespace
}  // namespace lumen::impairment
