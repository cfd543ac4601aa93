#include "worker/outbox.hpp"

#include <future>

#include <gtest/gtest.h>

namespace lumen::worker {
namespace {

using namespace std::chrono_literals;

class Outboxes : public testing::Test {
 protected:
  // Small messages, so that no room is left for even the smallest.
  void fill() {
    while (link::send(sockets_.session.get(), link::ToHost{link::SessionStats{}})) {
    }
    while (link::send(sockets_.session.get(), link::ToHost{link::Responding{true}})) {
    }
  }
  std::vector<link::ToHost> read_all() {
    std::vector<link::ToHost> read;
    for (;;) {
      auto received = link::receive_to_host(sockets_.host.get());
      if (!received || !*received) return read;
      read.push_back(std::move(**received));
    }
  }
  void run_for(Duration time) {
    loop_->call_at(SteadyTime{}.now() + time, [this] { loop_->stop(); });
    loop_->run();
  }

  link::SocketPair sockets_ = link::make_socket_pair().value();
  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  Outbox outbox_{sockets_.session.get(), *loop_};
};

TEST_F(Outboxes, what_is_said_goes_at_once) {
  ASSERT_TRUE(outbox_.send(link::DesktopState{"gone"}));
  EXPECT_TRUE(outbox_.offer(PointerState{}));
  EXPECT_EQ(read_all().size(), 2U);
  EXPECT_EQ(outbox_.waiting(), 0U);
}

TEST_F(Outboxes, what_must_arrive_waits_for_room_in_order_and_the_newest_of_each) {
  fill();
  ASSERT_TRUE(outbox_.send(link::DesktopState{"gone"}));
  ASSERT_TRUE(outbox_.send(link::Ready{.display = "one", .capture = {}}));
  ASSERT_TRUE(outbox_.send(link::DesktopState{}));
  EXPECT_EQ(outbox_.waiting(), 2U);
  read_all();
  run_for(5 * Outbox::kRetry);
  const auto read = read_all();
  ASSERT_EQ(read.size(), 2U);
  ASSERT_TRUE(std::holds_alternative<link::Ready>(read[0]));
  ASSERT_TRUE(std::holds_alternative<link::DesktopState>(read[1]));
  EXPECT_EQ(std::get<link::DesktopState>(read[1]).reason, "");
  EXPECT_EQ(outbox_.waiting(), 0U);
}

TEST_F(Outboxes, what_may_be_lost_is_and_that_is_said) {
  fill();
  EXPECT_FALSE(outbox_.send(link::SessionStats{}));
  EXPECT_FALSE(outbox_.offer(PointerState{}));
  EXPECT_EQ(outbox_.waiting(), 0U);
}

TEST_F(Outboxes, what_is_offered_leaves_room_for_what_must_arrive) {
  const PointerPiece piece{.image = 1,
                           .geometry = {.width = 256, .height = 256},
                           .pixels = std::vector<std::byte>(kMaxPointerPiece)};
  int gone = 0;
  while (gone < 1000 && outbox_.offer(piece)) ++gone;
  EXPECT_GT(gone, 0);
  EXPECT_LT(gone, 1000);
  ASSERT_TRUE(outbox_.send(link::DesktopState{"gone"}));
  EXPECT_EQ(outbox_.waiting(), 0U);
  read_all();
  EXPECT_TRUE(outbox_.offer(piece));
}

TEST_F(Outboxes, last_words_wait_for_room_but_not_for_ever) {
  fill();
  ASSERT_TRUE(outbox_.send(link::Ended{"app.exited", "it ended"}));
  outbox_.flush(20ms);
  EXPECT_EQ(outbox_.waiting(), 1U);
  auto read = std::async(std::launch::async, [this] { return read_all(); });
  outbox_.flush(10s);
  EXPECT_EQ(outbox_.waiting(), 0U);
  auto words = read.get();
  if (words.empty() || !std::holds_alternative<link::Ended>(words.back())) words = read_all();
  ASSERT_FALSE(words.empty());
  EXPECT_TRUE(std::holds_alternative<link::Ended>(words.back()));
}

TEST_F(Outboxes, of_a_host_that_is_gone_nothing_is_expected) {
  fill();
  ASSERT_TRUE(outbox_.send(link::DesktopState{"gone"}));
  sockets_.host.reset();
  run_for(5 * Outbox::kRetry);
  EXPECT_EQ(outbox_.waiting(), 0U);
  EXPECT_FALSE(outbox_.send(link::DesktopState{"back"}));
}

}  // namespace
}  // namespace lumen::worker
