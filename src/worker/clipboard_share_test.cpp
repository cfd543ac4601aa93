#include "worker/clipboard_share.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace lumen::worker {
namespace {

using namespace std::chrono_literals;

class FakeClipboard final : public Clipboard {
 public:
  void watch(std::function<void(std::string)> on_text) override { on_text_ = std::move(on_text); }
  Status set_text(std::string_view utf8) override {
    text = utf8;
    return {};
  }
  bool is_watched() const { return static_cast<bool>(on_text_); }
  void copy(const std::string& what) { on_text_(what); }
  std::string text;

 private:
  std::function<void(std::string)> on_text_;
};

// The client's end beside the share.
class ClipboardShareTest : public testing::Test {
 protected:
  void hear(const link::ToHost& message) {
    if (const auto* state = std::get_if<link::ClipboardState>(&message)) states_.push_back(*state);
    if (const auto* taken = std::get_if<ClipboardTaken>(&message))
      client_sender_.taken(*taken, SteadyTime{}.now());
    if (const auto* part = std::get_if<ClipboardPart>(&message)) {
      const auto taken = client_receiver_.take(*part);
      if (taken) loop_->post([this, taken] { share_.take(*taken); });
      if (auto text = client_receiver_.take_text()) received_.push_back(*std::move(text));
    }
  }
  template <class Condition>
  bool becomes(Condition condition) {
    const auto deadline = SteadyTime{}.now() + 20s;
    while (!condition()) {
      if (SteadyTime{}.now() >= deadline) return false;
      while (const auto part = client_sender_.next(SteadyTime{}.now())) share_.take(*part);
      loop_->call_at(SteadyTime{}.now() + 2ms, [this] { loop_->stop(); });
      loop_->run();
    }
    return true;
  }

  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  std::shared_ptr<Logger> log_ = make_null_logger();
  FakeClipboard clipboard_;
  Clipboard* there_ = &clipboard_;
  std::vector<link::ClipboardState> states_;
  std::vector<std::string> received_;
  ClipboardSender client_sender_;
  ClipboardReceiver client_receiver_;
  ClipboardShare share_{
      {.find = [this] { return there_; }, .send = [this](const auto& message) { hear(message); }},
      *loop_,
      *log_};
};

TEST_F(ClipboardShareTest, carries_text_both_ways_and_none_of_it_back) {
  const std::string large(kMaxClipboardBytes, 'x');
  share_.watch(true);
  clipboard_.copy(large);
  ASSERT_TRUE(becomes([this] { return !received_.empty(); }));
  EXPECT_EQ(received_, std::vector<std::string>{large});
  client_sender_.offer("Grüße");
  ASSERT_TRUE(becomes([this] { return !clipboard_.text.empty(); }));
  EXPECT_EQ(clipboard_.text, "Grüße");
  clipboard_.copy("Grüße");  // as a clipboard manager does
  clipboard_.copy("next");
  ASSERT_TRUE(becomes([this] { return received_.size() > 1; }));
  EXPECT_EQ(received_[1], "next");
}

TEST_F(ClipboardShareTest, of_two_texts_that_cross_the_desktops_wins) {
  share_.watch(true);
  client_sender_.offer("theirs");
  const auto part = client_sender_.next(SteadyTime{}.now());
  clipboard_.copy("ours");
  share_.take(*part);
  EXPECT_EQ(received_, std::vector<std::string>{"ours"});
  EXPECT_EQ(clipboard_.text, "");
  ASSERT_TRUE(becomes([this] { return !client_sender_.is_sending(); }));
  client_sender_.offer("later");
  ASSERT_TRUE(becomes([this] { return clipboard_.text == "later"; }));
}

TEST_F(ClipboardShareTest, reads_and_writes_nothing_unless_it_is_wanted) {
  client_sender_.offer("early");
  const auto part = client_sender_.next(SteadyTime{}.now());
  share_.take(*part);
  EXPECT_EQ(clipboard_.text, "");
  EXPECT_FALSE(clipboard_.is_watched());
  share_.watch(true);
  EXPECT_TRUE(clipboard_.is_watched());
  share_.watch(false);
  EXPECT_FALSE(clipboard_.is_watched());
  share_.take(*part);
  EXPECT_EQ(clipboard_.text, "");
}

TEST_F(ClipboardShareTest, says_whether_there_is_one_also_when_the_desktop_changes) {
  there_ = nullptr;
  share_.watch(true);
  ASSERT_EQ(states_.size(), 1U);
  EXPECT_FALSE(states_[0].there);
  EXPECT_FALSE(states_[0].reason.empty());
  there_ = &clipboard_;
  share_.desktop_changed();
  ASSERT_EQ(states_.size(), 2U);
  EXPECT_TRUE(states_[1].there);
  EXPECT_TRUE(clipboard_.is_watched());
}

}  // namespace
}  // namespace lumen::worker
