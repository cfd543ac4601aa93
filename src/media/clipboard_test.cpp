#include "media/clipboard.hpp"

#include <gtest/gtest.h>

namespace lumen {
namespace {

using namespace std::chrono_literals;

// What arrives of it, and how many parts it took.
struct Journey {
  std::optional<std::string> text;
  int parts = 0;
  Duration took{};
};
Journey send(ClipboardSender& sender, ClipboardReceiver& receiver, Timestamp now) {
  Journey journey;
  const auto begun = now;
  while (const auto deadline = sender.next_deadline()) {
    now = std::max(now, *deadline);
    while (const auto part = sender.next(now)) {
      ++journey.parts;
      if (const auto taken = receiver.take(*part)) sender.taken(*taken, now);
      if (auto text = receiver.take_text()) journey.text = std::move(text);
    }
  }
  journey.took = now - begun;
  return journey;
}

TEST(Clipboard, text_of_any_size_arrives_whole) {
  ClipboardSender sender;
  ClipboardReceiver receiver;
  Timestamp now{1s};
  for (const std::size_t size :
       {std::size_t{1}, kMaxClipboardPart, kMaxClipboardPart + 1, kMaxClipboardBytes}) {
    const std::string text(size, 'x');
    sender.offer(text);
    const auto journey = send(sender, receiver, now += 10s);
    EXPECT_EQ(journey.text, text) << size;
    EXPECT_EQ(journey.parts, static_cast<int>((size + kMaxClipboardPart - 1) / kMaxClipboardPart));
    EXPECT_LT(journey.took, 1s);
  }
}

TEST(Clipboard, only_a_few_parts_are_under_way_and_none_too_soon) {
  ClipboardSender sender;
  sender.offer(std::string(kMaxClipboardBytes, 'x'));
  ASSERT_TRUE(sender.next(Timestamp{1s}));
  EXPECT_FALSE(sender.next(Timestamp{1s + 24ms}));
  ASSERT_TRUE(sender.next(Timestamp{1s + 25ms}));
  EXPECT_FALSE(sender.next(Timestamp{2s})) << "two are unanswered";
  sender.taken({1, kMaxClipboardPart}, Timestamp{2s});
  EXPECT_TRUE(sender.next(Timestamp{2s}));
}

TEST(Clipboard, the_newest_text_wins_and_the_same_is_not_sent_twice) {
  ClipboardSender sender;
  ClipboardReceiver receiver;
  sender.offer("old");
  sender.offer("new");
  EXPECT_EQ(send(sender, receiver, Timestamp{1s}).text, "new");
  sender.offer("new");
  EXPECT_EQ(sender.next_deadline(), std::nullopt);
  sender.offer("old");
  EXPECT_EQ(send(sender, receiver, Timestamp{2s}).text, "old");
}

TEST(Clipboard, what_came_from_the_other_end_is_not_sent_back) {
  ClipboardSender sender;
  sender.know("theirs");
  sender.offer("theirs");
  EXPECT_EQ(sender.next_deadline(), std::nullopt);
  sender.offer("ours");
  EXPECT_TRUE(sender.next_deadline());
}

TEST(Clipboard, a_text_that_nobody_takes_is_given_up) {
  ClipboardSender sender;
  ClipboardReceiver receiver;
  sender.offer("lost");
  ASSERT_TRUE(sender.next(Timestamp{1s}));
  sender.offer("next");
  EXPECT_FALSE(sender.next(Timestamp{5s}));
  EXPECT_EQ(sender.next_deadline(), Timestamp{6s});
  EXPECT_EQ(send(sender, receiver, Timestamp{6s}).text, "next");
}

TEST(Clipboard, a_text_that_was_given_up_may_be_sent_again) {
  ClipboardSender sender;
  ClipboardReceiver receiver;
  sender.offer("lost");
  ASSERT_TRUE(sender.next(Timestamp{1s}));
  EXPECT_FALSE(sender.next(Timestamp{6s}));
  sender.offer("lost");
  EXPECT_EQ(send(sender, receiver, Timestamp{7s}).text, "lost");
}

TEST(Clipboard, what_is_under_way_ends_when_the_other_end_sends_its_own) {
  ClipboardSender sender;
  sender.offer(std::string(kMaxClipboardPart * 3, 'x'));
  ASSERT_TRUE(sender.next(Timestamp{1s}));
  EXPECT_TRUE(sender.is_sending());
  sender.know("theirs");
  EXPECT_FALSE(sender.is_sending());
  EXPECT_FALSE(sender.next(Timestamp{2s}));
  EXPECT_EQ(sender.next_deadline(), std::nullopt);
}

TEST(Clipboard, false_answers_change_nothing) {
  ClipboardSender sender;
  sender.taken({0, 1}, Timestamp{1s});
  sender.offer(std::string(kMaxClipboardPart * 3, 'x'));
  ASSERT_TRUE(sender.next(Timestamp{1s}));
  ASSERT_TRUE(sender.next(Timestamp{2s}));
  sender.taken({1, kMaxClipboardPart * 3}, Timestamp{2s});  // more than was sent
  sender.taken({2, kMaxClipboardPart}, Timestamp{2s});      // another text
  EXPECT_FALSE(sender.next(Timestamp{2s + 1ms}));
}

TEST(Clipboard, parts_that_do_not_fit_are_refused) {
  const std::vector<std::byte> two(2, std::byte{'x'});
  EXPECT_TRUE(is_valid(ClipboardPart{1, 2, 0, two}));
  EXPECT_FALSE(is_valid(ClipboardPart{1, 0, 0, {}}));
  EXPECT_FALSE(is_valid(ClipboardPart{1, 2, 0, {}}));
  EXPECT_FALSE(is_valid(ClipboardPart{1, 2, 1, two}));
  EXPECT_FALSE(is_valid(ClipboardPart{1, 2, 0xFFFFFFFF, two}));
  EXPECT_FALSE(is_valid(ClipboardPart{1, kMaxClipboardBytes + 1, 0, two}));
  EXPECT_FALSE(
      is_valid(ClipboardPart{1, kMaxClipboardBytes, 0, std::vector<std::byte>(kMaxClipboardPart + 1)}));
  ClipboardReceiver receiver;
  EXPECT_FALSE(receiver.take({1, 4, 2, two})) << "the beginning is missing";
  EXPECT_TRUE(receiver.take({1, 4, 0, two}));
  EXPECT_FALSE(receiver.take({2, 4, 2, two})) << "of another text";
  EXPECT_FALSE(receiver.take({1, 5, 2, two})) << "of another size";
  EXPECT_EQ(receiver.take({1, 4, 2, two}), (ClipboardTaken{1, 4}));
  EXPECT_EQ(receiver.take_text(), "xxxx");
  EXPECT_EQ(receiver.take_text(), std::nullopt);
}

TEST(Clipboard, what_is_no_text_is_never_handed_on) {
  for (const auto* good : {"a", "ä€𝄞\n\t", "\xEF\xBB\xBF"}) EXPECT_TRUE(is_clipboard_text(good)) << good;
  for (const auto* bad :
       {"", "\xFF", "a\x80", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"})
    EXPECT_FALSE(is_clipboard_text(bad));
  EXPECT_FALSE(is_clipboard_text(std::string_view{"a\0b", 3}));
  EXPECT_FALSE(is_clipboard_text(std::string(kMaxClipboardBytes + 1, 'x')));
  ClipboardReceiver receiver;
  EXPECT_TRUE(receiver.take({1, 1, 0, {std::byte{0xFF}}}));
  EXPECT_EQ(receiver.take_text(), std::nullopt);
}

}  // namespace
}  // namespace lumen
