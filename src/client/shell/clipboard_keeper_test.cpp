#include "client/shell/clipboard_keeper.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace lumen::client {
namespace {

class Stream final : public ClientStream {
 public:
  void send_input(const InputEvent&) override {}
  void send_pad(const PadEvent&) override {}
  std::optional<PadFeedback> take_feedback() override { return std::nullopt; }
  StreamCounters counters() const override { return {}; }
  StreamFacts facts() const override { return {}; }
  std::string notice() const override { return {}; }
  Status verdict() const override { return {}; }
  bool shares_clipboard() const override { return shares; }
  void send_clipboard(std::string text) override { sent.push_back(std::move(text)); }
  std::optional<std::string> take_clipboard() override { return std::exchange(came, std::nullopt); }

  bool shares = true;
  std::vector<std::string> sent;
  std::optional<std::string> came;
};

class Window final : public ClientWindow {
 public:
  Status present(const PictureView&) override { return {}; }
  void set_message(std::string_view) override {}
  bool poll(const InputFn&) override { return true; }
  bool poll(const Events&) override { return true; }
  void set_use(WindowUse) override {}
  void set_scene(std::shared_ptr<const Scene>) override {}
  Timestamp next_present(Timestamp now) const override { return now; }
  void set_fullscreen(bool) override {}
  bool is_fullscreen() const override { return false; }
  void set_pacing(Pacing) override {}
  void feed_back(const PadFeedback&) override {}
  bool take_clipboard_news() override { return std::exchange(news, false); }
  std::string clipboard() override {
    ++reads;
    return text;
  }
  void set_clipboard(const std::string& now) override { text = now; }
  Mode display_mode() const override { return {}; }
  PresentFigures present_figures() const override { return {}; }

  bool news = true;
  int reads = 0;
  std::string text = "ours";
};

class ClipboardKeeperTest : public testing::Test {
 protected:
  void step() { keeper_.step(stream_, window_, *log_); }
  Stream stream_;
  Window window_;
  ClipboardKeeper keeper_;
  std::shared_ptr<Logger> log_ = make_null_logger();
};

TEST_F(ClipboardKeeperTest, sends_what_was_copied_here_once) {
  step();
  step();
  EXPECT_EQ(stream_.sent, std::vector<std::string>{"ours"});
}

TEST_F(ClipboardKeeperTest, brings_what_was_copied_there) {
  window_.news = false;
  stream_.came = "theirs";
  step();
  EXPECT_EQ(window_.text, "theirs");
  EXPECT_EQ(window_.reads, 0);
}

TEST_F(ClipboardKeeperTest, reads_nothing_that_is_not_shared_and_sends_it_once_it_is) {
  stream_.shares = false;
  step();
  EXPECT_EQ(window_.reads, 0);
  stream_.shares = true;
  step();
  EXPECT_EQ(stream_.sent, std::vector<std::string>{"ours"});
}

TEST_F(ClipboardKeeperTest, keeps_what_is_too_long_or_nothing) {
  window_.text.assign(kMaxClipboardBytes + 1, 'x');
  step();
  window_.text.clear();
  window_.news = true;
  step();
  EXPECT_TRUE(stream_.sent.empty());
}

}  // namespace
}  // namespace lumen::client
