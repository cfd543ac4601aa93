#include "gamestream/control/text_assembler.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "gamestream/control/messages.hpp"
#include "gamestream/control/test_vectors.hpp"

namespace lumen::gamestream::control {
namespace {

std::u32string add(TextAssembler& assembler, std::string_view bytes) {
  std::array<char32_t, 64> out{};
  return {out.data(), assembler.add(bytes, out)};
}

std::u32string alone(std::string_view bytes) {
  TextAssembler assembler;
  return add(assembler, bytes);
}

TEST(GameStream3, c29_code_points_of_every_length_come_through) {
  EXPECT_EQ(alone("h\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), U"h\u00E9\u20AC\U0001F600");
}

TEST(GameStream3, c29_surrogate_halves_of_two_packets_are_joined) {
  TextAssembler assembler;
  std::u32string text;
  for (const auto& vector : test::vectors("ex/utf8_cesu8")) {
    const auto message = parse_client_message(vector.type(), vector.payload());
    text += add(assembler, std::get<TextInput>(std::get<InputPacket>(*message)).text());
  }
  EXPECT_EQ(text, U"\U0001F600");
}

TEST(GameStream3, c29_lone_surrogates_are_dropped) {
  EXPECT_EQ(alone("\xED\xA0\xBD"), U"");
  EXPECT_EQ(alone("\xED\xB8\x80"), U"");
  EXPECT_EQ(alone("\xED\xA0\xBDx\xED\xB8\x80y"), U"xy");
}

TEST(GameStream3, c29_ill_formed_text_is_dropped) {
  EXPECT_EQ(alone("\xFF"
                  "a"),
            U"a");
  EXPECT_EQ(alone("\xC3"), U"");                  // cut off
  EXPECT_EQ(alone("\xC3x"), U"x");                // no continuation
  EXPECT_EQ(alone("\xC0\x80"), U"");              // overlong: NUL of modified UTF-8
  EXPECT_EQ(alone("\xE0\x80\xAF"), U"");          // overlong
  EXPECT_EQ(alone("\xF0\x80\x80\xAF"), U"");      // overlong
  EXPECT_EQ(alone("\xF4\x90\x80\x80"), U"");      // above U+10FFFF
  EXPECT_EQ(alone("\xF8\x88\x80\x80\x80"), U"");  // five bytes
}

TEST(GameStream3, c29_control_characters_are_dropped_but_tab_and_newline) {
  EXPECT_EQ(alone(std::string_view{"a\0b\x1B\t\n\x7F\xC2\x85z", 10}), U"ab\t\nz");
}

TEST(TextAssembler, no_more_is_written_than_there_is_room_for) {
  TextAssembler assembler;
  std::array<char32_t, 2> out{};
  EXPECT_EQ(assembler.add("abc", out), 2U);
}

}  // namespace
}  // namespace lumen::gamestream::control
