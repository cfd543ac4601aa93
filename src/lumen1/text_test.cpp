#include "lumen1/text.hpp"

#include <gtest/gtest.h>

namespace lumen::lumen1 {
namespace {

TEST(PlainText, accepts_utf8_of_every_length) {
  EXPECT_TRUE(is_plain_text(""));
  EXPECT_TRUE(is_plain_text("libx264 ultrafast"));
  EXPECT_TRUE(is_plain_text("größer → 𝄞"));
  EXPECT_TRUE(is_plain_text("\xC2\xA0\xDF\xBF"));
  EXPECT_TRUE(is_plain_text("\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF"));
  EXPECT_TRUE(is_plain_text("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"));
}

TEST(PlainText, refuses_what_is_not_utf8) {
  for (const char* bad :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2 ", "\xE0\x9F\xBF", "\xE2\x82", "\xED\xA0\x80",
        "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "ok\xE2\x82"}) {
    EXPECT_FALSE(is_plain_text(bad)) << testing::PrintToString(bad);
  }
}

TEST(PlainText, refuses_control_characters) {
  for (const char* bad : {"\n", "\x1B[2J", "\x7F", "\xC2\x80", "\xC2\x9B", "a\tb"})
    EXPECT_FALSE(is_plain_text(bad));
  EXPECT_FALSE(is_plain_text(std::string_view{"\0", 1}));
}

TEST(PlainText, making_text_plain_keeps_what_is_and_marks_the_rest) {
  EXPECT_EQ(to_plain_text("größer\n\xFF.", 100), "größer??.");
}

TEST(PlainText, text_is_cut_between_characters) {
  EXPECT_EQ(to_plain_text("aö", 3), "aö");
  EXPECT_EQ(to_plain_text("aö", 2), "a");
  EXPECT_EQ(to_plain_text("aö", 0), "");
}

}  // namespace
}  // namespace lumen::lumen1
