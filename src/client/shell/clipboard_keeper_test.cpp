#include "client/shell/clipboard_keeper.hpp"

#include <gtest/gtest.h>

#include "client/shell/feedback.hpp"

#include <vector>

namespace lumen::client {
namespace {

class Stream final : public ClientStream {
 public:
  void send_input(const InputEvent&) override {}
  void send_pad(const PadEvent&) override {}
  std::optional<PadFeedback> take_feedback() override { return feedback; }
  StreamCounters counters() const override { return {}; }
  StreamFacts facts() const override { return {}; }
  std::string notice() const override { return {}; }
  Status verdict() const override { return {}; }
  bool shares_clipboard() const override { return shares; }
  std::uint32_t clipboard_begun() const override { return begun; }
  void send_clipboard(std::string text) override { sent.push_back(std::move(text)); }
  std::optional<std::string> take_clipboard() override { return std::exchange(came, std::nullopt); }

  bool shares = true;
  std::uint32_t begun = 0;
  std::optional<PadFeedback> feedback;  // never ends
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
  void feed_back(const PadFeedback&) override { ++fed_back; }
  bool has_focus() const override { return focused; }
  bool take_clipboard_news() override { return focused && std::exchange(news, false); }
  std::string clipboard() override {
    ++reads;
    return text;
  }
  void set_clipboard(const std::string& now) override { text = now; }
  Mode display_mode() const override { return {}; }
  PresentFigures present_figures() const override { return {}; }

  bool news = true, focused = true;
  int reads = 0;
  std::size_t fed_back = 0;
  std::string text = "ours";
};

class ClipboardKeeperTest : public testing::Test {
 protected:
  void step() { keeper_.step(stream_, window_, *log_); }
  Stream stream_;
  Window window_;
  ClipboardKeeper keeper_{true};
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

TEST_F(ClipboardKeeperTest, does_nothing_unless_the_person_here_wants_it) {
  keeper_ = ClipboardKeeper{};
  stream_.came = "theirs";
  step();
  EXPECT_EQ(window_.reads, 0);
  EXPECT_EQ(window_.text, "ours");
  EXPECT_TRUE(stream_.sent.empty());
}

TEST_F(ClipboardKeeperTest, leaves_the_clipboard_alone_while_the_window_has_not_the_keyboard) {
  window_.focused = false;
  stream_.begun = 1;
  stream_.came = "theirs";
  step();
  EXPECT_EQ(window_.reads, 0);
  EXPECT_EQ(window_.text, "ours");
  window_.focused = true;
  step();
  EXPECT_EQ(window_.text, "theirs");
}

TEST_F(ClipboardKeeperTest, says_what_is_copied_here_again_to_a_desktop_that_is_new) {
  step();
  stream_.begun = 1;
  step();
  step();
  EXPECT_EQ(stream_.sent, (std::vector<std::string>{"ours", "ours"}));
}

TEST_F(ClipboardKeeperTest, keeps_what_is_too_long_or_nothing) {
  window_.text.assign(kMaxClipboardBytes + 1, 'x');
  step();
  window_.text.clear();
  window_.news = true;
  step();
  EXPECT_TRUE(stream_.sent.empty());
}

TEST(PassFeedback, a_host_that_never_stops_asking_holds_nothing_up) {
  Stream stream;
  Window window;
  stream.feedback = PadRumble{};
  pass_feedback(stream, window);
  EXPECT_EQ(window.fed_back, PadFeedbackBox::kMost);
}

}  // namespace
}  // namespace lumen::client
