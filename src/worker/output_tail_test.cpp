#include "worker/output_tail.hpp"

#include <gtest/gtest.h>

namespace lumen::worker {
namespace {

class OutputTailTest : public testing::Test {
 protected:
  void say(std::string_view text) {
    ASSERT_EQ(::write(tail_->write_end(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  std::unique_ptr<OutputTail> tail_ = OutputTail::create(*loop_).value();
};

TEST_F(OutputTailTest, the_last_line_is_kept) {
  say("starting\nno such display\n\n");
  tail_->close_write_end();
  EXPECT_EQ(tail_->last_line(), "no such display");
}

TEST_F(OutputTailTest, silence_is_empty) {
  tail_->close_write_end();
  EXPECT_EQ(tail_->last_line(), "");
}

TEST_F(OutputTailTest, a_flood_keeps_only_its_end) {
  for (int i = 0; i < 8; ++i) {
    say(std::string(4000, 'x') + "\n");
    tail_->last_line();
  }
  say("the end\t!");
  EXPECT_EQ(tail_->last_line(), "the end !");
}

TEST_F(OutputTailTest, a_long_line_is_cut) {
  say(std::string(1000, 'y'));
  EXPECT_EQ(tail_->last_line(), std::string(200, 'y'));
}

}  // namespace
}  // namespace lumen::worker
