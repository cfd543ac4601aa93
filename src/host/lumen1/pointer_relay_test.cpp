#include "host/lumen1/pointer_relay.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace lumen::host {
namespace {

using namespace std::chrono_literals;

class PointerRelaying : public testing::Test {
 protected:
  static PointerPiece piece(std::uint32_t image, std::uint32_t offset, std::size_t bytes) {
    return {.image = image,
            .geometry = {.width = 4, .height = 2},
            .offset = offset,
            .pixels = std::vector<std::byte>(bytes)};
  }
  void run_for(Duration time) {
    loop_->call_at(SteadyTime{}.now() + time, [this] { loop_->stop(); });
    loop_->run();
  }

  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  bool has_room_ = true, is_heard_ = true;
  std::vector<PointerPiece> sent_;
  std::vector<std::uint32_t> taken_;
  PointerRelay relay_{{.send =
                           [this](const PointerPiece& each) {
                             if (has_room_) sent_.push_back(each);
                             return has_room_;
                           },
                       .taken =
                           [this](std::uint32_t image) {
                             if (is_heard_) taken_.push_back(image);
                             return is_heard_;
                           }},
                      *loop_};
};

TEST_F(PointerRelaying, pieces_go_at_once_and_the_last_one_is_answered) {
  relay_.push(piece(7, 0, 20));
  EXPECT_EQ(sent_.size(), 1U);
  EXPECT_TRUE(taken_.empty());
  relay_.push(piece(7, 20, 12));
  EXPECT_EQ(sent_.size(), 2U);
  EXPECT_EQ(taken_, (std::vector<std::uint32_t>{7}));
}

TEST_F(PointerRelaying, pieces_wait_for_room_in_order) {
  has_room_ = false;
  relay_.push(piece(7, 0, 20));
  relay_.push(piece(7, 20, 12));
  run_for(25ms);
  EXPECT_TRUE(sent_.empty());
  has_room_ = true;
  run_for(25ms);
  ASSERT_EQ(sent_.size(), 2U);
  EXPECT_EQ(sent_[1].offset, 20U);
  EXPECT_EQ(taken_, (std::vector<std::uint32_t>{7}));
}

TEST_F(PointerRelaying, that_a_look_has_gone_is_told_until_it_is_heard) {
  is_heard_ = false;
  relay_.push(piece(7, 0, 32));
  run_for(25ms);
  EXPECT_EQ(sent_.size(), 1U);
  EXPECT_TRUE(taken_.empty());
  is_heard_ = true;
  run_for(25ms);
  EXPECT_EQ(taken_, (std::vector<std::uint32_t>{7}));
  run_for(25ms);
  EXPECT_EQ(taken_.size(), 1U);
}

TEST_F(PointerRelaying, what_the_next_one_was_not_told_of_is_none_of_its) {
  is_heard_ = false;
  relay_.push(piece(7, 0, 32));
  relay_.clear();
  is_heard_ = true;
  run_for(25ms);
  EXPECT_TRUE(taken_.empty());
}

TEST_F(PointerRelaying, a_look_that_begins_replaces_what_waits) {
  has_room_ = false;
  relay_.push(piece(7, 0, 20));
  relay_.push(piece(8, 0, 32));
  has_room_ = true;
  run_for(25ms);
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(sent_[0].image, 8U);
}

TEST_F(PointerRelaying, no_more_waits_than_the_largest_look_has) {
  has_room_ = false;
  relay_.push(piece(7, 0, 1));
  for (int i = 0; i < 1000; ++i) relay_.push(piece(7, 1, 1));
  EXPECT_LE(relay_.waiting(), 16U);
  relay_.clear();
  has_room_ = true;
  run_for(25ms);
  EXPECT_TRUE(sent_.empty());
}

}  // namespace
}  // namespace lumen::host
