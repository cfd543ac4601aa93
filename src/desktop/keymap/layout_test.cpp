// What keys of a few layouts make, as tables: a key by its place (evdev), what is held, the character.
#include "desktop/keymap/layout.hpp"

#include <linux/input-event-codes.h>

#include <ostream>
#include <vector>

#include <gmock/gmock.h>

namespace lumen::keymap {
namespace {

enum class Held { nothing, shift, alt_gr, shift_alt_gr };

struct Row {
  std::uint16_t code;
  Held held;
  const char* character;  // UTF-8; empty: none
};

struct Table {
  const char* layout;
  std::vector<Row> rows;
};
void PrintTo(const Table& table, std::ostream* out) { *out << table.layout; }

std::uint32_t mask_of(const Layout& layout, Held held) {
  const auto shift = layout.modifier("Shift"), third = layout.modifier("Mod5");
  switch (held) {
    case Held::nothing:
      return 0;
    case Held::shift:
      return shift;
    case Held::alt_gr:
      return third;
    case Held::shift_alt_gr:
      break;
  }
  return shift | third;
}

class LayoutTable : public ::testing::TestWithParam<Table> {};

TEST_P(LayoutTable, keys_make_the_characters_that_are_printed_on_them) {
  const auto layout = Layout::compile(GetParam().layout);
  ASSERT_TRUE(layout);
  for (const auto& row : GetParam().rows) {
    EXPECT_EQ(layout->typed_by({row.code, mask_of(*layout, row.held)}), row.character)
        << "key " << row.code << " held " << static_cast<int>(row.held);
  }
}

TEST_P(LayoutTable, survives_being_text) {
  const auto layout = Layout::compile(GetParam().layout);
  ASSERT_TRUE(layout);
  const auto again = Layout::parse(layout->text());
  ASSERT_TRUE(again);
  for (const auto& row : GetParam().rows) {
    EXPECT_EQ(again->typed_by({row.code, mask_of(*again, row.held)}), row.character) << "key " << row.code;
  }
}

INSTANTIATE_TEST_SUITE_P(Layouts, LayoutTable,
                         ::testing::Values(Table{"us",
                                                 {{KEY_Q, Held::nothing, "q"},
                                                  {KEY_W, Held::shift, "W"},
                                                  {KEY_Y, Held::nothing, "y"},
                                                  {KEY_Z, Held::nothing, "z"},
                                                  {KEY_1, Held::shift, "!"},
                                                  {KEY_2, Held::shift, "@"},
                                                  {KEY_3, Held::shift, "#"},
                                                  {KEY_MINUS, Held::shift, "_"},
                                                  {KEY_LEFTBRACE, Held::nothing, "["},
                                                  {KEY_BACKSLASH, Held::shift, "|"},
                                                  {KEY_SEMICOLON, Held::nothing, ";"},
                                                  {KEY_APOSTROPHE, Held::shift, "\""},
                                                  {KEY_GRAVE, Held::nothing, "`"},
                                                  {KEY_102ND, Held::nothing, "<"},
                                                  {KEY_SLASH, Held::shift, "?"},
                                                  {KEY_SPACE, Held::nothing, " "}}},
                                           Table{"de",
                                                 {{KEY_Q, Held::alt_gr, "@"},
                                                  {KEY_Y, Held::nothing, "z"},
                                                  {KEY_Z, Held::shift, "Y"},
                                                  {KEY_E, Held::alt_gr, "€"},
                                                  {KEY_2, Held::shift, "\""},
                                                  {KEY_3, Held::shift, "§"},
                                                  {KEY_7, Held::shift, "/"},
                                                  {KEY_7, Held::alt_gr, "{"},
                                                  {KEY_MINUS, Held::nothing, "ß"},
                                                  {KEY_MINUS, Held::alt_gr, "\\"},
                                                  {KEY_MINUS, Held::shift_alt_gr, "¿"},
                                                  {KEY_EQUAL, Held::nothing, ""},  // dead acute
                                                  {KEY_LEFTBRACE, Held::nothing, "ü"},
                                                  {KEY_SEMICOLON, Held::shift, "Ö"},
                                                  {KEY_APOSTROPHE, Held::nothing, "ä"},
                                                  {KEY_BACKSLASH, Held::nothing, "#"},
                                                  {KEY_102ND, Held::alt_gr, "|"},
                                                  {KEY_SLASH, Held::nothing, "-"}}},
                                           Table{"fr",
                                                 {{KEY_Q, Held::nothing, "a"},
                                                  {KEY_A, Held::shift, "Q"},
                                                  {KEY_W, Held::nothing, "z"},
                                                  {KEY_Z, Held::nothing, "w"},
                                                  {KEY_M, Held::nothing, ","},
                                                  {KEY_SEMICOLON, Held::nothing, "m"},
                                                  {KEY_1, Held::nothing, "&"},
                                                  {KEY_1, Held::shift, "1"},
                                                  {KEY_2, Held::nothing, "é"},
                                                  {KEY_9, Held::nothing, "ç"},
                                                  {KEY_0, Held::alt_gr, "@"},
                                                  {KEY_E, Held::alt_gr, "€"},
                                                  {KEY_LEFTBRACE, Held::nothing, ""},  // dead circumflex
                                                  {KEY_APOSTROPHE, Held::nothing, "ù"},
                                                  {KEY_COMMA, Held::nothing, ";"},
                                                  {KEY_SLASH, Held::nothing, "!"}}},
                                           Table{"jp",
                                                 {{KEY_Q, Held::nothing, "q"},
                                                  {KEY_2, Held::shift, "\""},
                                                  {KEY_6, Held::shift, "&"},
                                                  {KEY_7, Held::shift, "'"},
                                                  {KEY_MINUS, Held::shift, "="},
                                                  {KEY_EQUAL, Held::nothing, "^"},
                                                  {KEY_YEN, Held::nothing, "\\"},
                                                  {KEY_YEN, Held::shift, "|"},
                                                  {KEY_LEFTBRACE, Held::nothing, "@"},
                                                  {KEY_RIGHTBRACE, Held::nothing, "["},
                                                  {KEY_SEMICOLON, Held::shift, "+"},
                                                  {KEY_APOSTROPHE, Held::nothing, ":"},
                                                  {KEY_BACKSLASH, Held::nothing, "]"},
                                                  {KEY_RO, Held::nothing, "\\"},
                                                  {KEY_RO, Held::shift, "_"}}}),
                         [](const ::testing::TestParamInfo<Table>& it) {
                           return std::string{it.param.layout};
                         });

TEST(Layout, finds_the_simplest_key_for_a_character) {
  const auto us = Layout::compile("us"), de = Layout::compile("de"), fr = Layout::compile("fr");
  ASSERT_TRUE(us && de && fr);
  EXPECT_EQ(us->stroke_for(U'a'), (Stroke{KEY_A, 0}));
  EXPECT_EQ(us->stroke_for(U'A'), (Stroke{KEY_A, us->modifier("Shift")}));
  EXPECT_EQ(us->stroke_for(U'\n'), (Stroke{KEY_ENTER, 0}));
  EXPECT_EQ(us->stroke_for(U'\t'), (Stroke{KEY_TAB, 0}));
  EXPECT_EQ(us->stroke_for(U'7'), (Stroke{KEY_7, 0}));
  EXPECT_EQ(us->stroke_for(U'ß'), std::nullopt);
  EXPECT_EQ(de->stroke_for(U'ß'), (Stroke{KEY_MINUS, 0}));
  EXPECT_EQ(de->stroke_for(U'€'), (Stroke{KEY_E, de->modifier("Mod5")}));
  EXPECT_EQ(fr->stroke_for(U'7'), (Stroke{KEY_7, fr->modifier("Shift")}));
  EXPECT_EQ(fr->stroke_for(U'\x1B'), std::nullopt);
}

TEST(Layout, every_stroke_types_what_it_is_for) {
  for (const char* names : {"us", "de", "fr", "jp", "us,ru"}) {
    const auto layout = Layout::compile(names);
    ASSERT_TRUE(layout);
    for (char32_t character = 0x20; character < 0x80; ++character) {
      const auto stroke = layout->stroke_for(character);
      if (!stroke) continue;
      EXPECT_EQ(layout->typed_by(*stroke), std::string(1, static_cast<char>(character))) << names;
    }
  }
  const auto two = Layout::compile("us,ru");
  const auto stroke = two->stroke_for(U'ж');
  ASSERT_TRUE(stroke);
  EXPECT_EQ(stroke->layout, 1U);
  EXPECT_EQ(two->typed_by(*stroke), "ж");
}

TEST(Layout, refuses_names_that_are_none) {
  for (const char* names : {"", "nowhere", "../../etc/passwd", "us;rm", "a b"}) {
    const auto layout = Layout::compile(names);
    ASSERT_FALSE(layout) << names;
    EXPECT_EQ(layout.error().id, "keymap.layout");
  }
}

TEST(Layout, refuses_text_that_is_no_keymap) {
  for (const auto& text : {std::string{}, std::string{"xkb_keymap {"}, std::string(2U << 20U, 'x')}) {
    const auto layout = Layout::parse(text);
    ASSERT_FALSE(layout);
    EXPECT_EQ(layout.error().id, "keymap.text");
  }
}

TEST(KeyState, tells_which_modifiers_held_keys_make) {
  const auto layout = Layout::compile("de");
  ASSERT_TRUE(layout);
  KeyState state{*layout};
  EXPECT_FALSE(state.update(KEY_A, true));
  EXPECT_TRUE(state.update(KEY_LEFTSHIFT, true));
  EXPECT_EQ(state.modifiers().depressed, layout->modifier("Shift"));
  EXPECT_FALSE(state.update(KEY_RIGHTSHIFT, true));
  EXPECT_FALSE(state.update(KEY_LEFTSHIFT, false));
  EXPECT_TRUE(state.update(KEY_RIGHTSHIFT, false));
  EXPECT_EQ(state.modifiers(), Modifiers{});
  EXPECT_TRUE(state.update(KEY_RIGHTALT, true));
  EXPECT_EQ(state.modifiers().depressed, layout->modifier("Mod5"));
  state.update(KEY_RIGHTALT, false);
  EXPECT_TRUE(state.update(KEY_CAPSLOCK, true));
  state.update(KEY_CAPSLOCK, false);
  EXPECT_EQ(state.modifiers().locked, layout->modifier("Lock"));
}

}  // namespace
}  // namespace lumen::keymap
