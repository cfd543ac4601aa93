#include "base/event_loop.hpp"

#include <gtest/gtest.h>

#include <array>

#include "base/thread.hpp"

namespace lumen {
namespace {

using namespace std::chrono_literals;

TEST(EventLoop, timers_fire_in_order_of_their_time) {
  const auto loop = EventLoop::create().value();
  std::vector<int> order;
  const auto now = std::chrono::time_point_cast<Duration>(Clock::now());
  loop->call_at(now + 2ms, [&] {
    order.push_back(2);
    loop->stop();
  });
  loop->call_at(now + 1ms, [&] { order.push_back(1); });
  const auto cancelled = loop->call_at(now, [&] { order.push_back(0); });
  loop->cancel(cancelled);
  loop->run();
  EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST(EventLoop, a_callback_may_unwatch_its_own_descriptor) {
  const auto loop = EventLoop::create().value();
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const UniqueFd reader{ends[0]};
  const UniqueFd writer{ends[1]};
  int calls = 0;
  ASSERT_TRUE(loop->watch(reader.get(), EPOLLIN, [&](std::uint32_t) {
    ++calls;
    loop->unwatch(reader.get());
    loop->stop();
  }));
  ASSERT_EQ(write(writer.get(), "x", 1), 1);
  loop->run();
  EXPECT_EQ(calls, 1);
}

TEST(EventLoop, posts_from_another_thread_arrive) {
  const auto loop = EventLoop::create().value();
  int sum = 0;
  OwnedThread poster{"poster", [&](const std::stop_token&) {
                       for (int i = 1; i <= 100; ++i) loop->post([&sum, i] { sum += i; });
                       loop->stop();
                     }};
  loop->run();
  EXPECT_EQ(sum, 5050);
}

}  // namespace
}  // namespace lumen
