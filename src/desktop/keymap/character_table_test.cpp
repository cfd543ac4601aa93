#include "desktop/keymap/character_table.hpp"

#include <linux/input-event-codes.h>

#include <set>

#include <gtest/gtest.h>

#include "desktop/keymap/layout.hpp"

namespace lumen::keymap {
namespace {

TEST(CharacterTable, gives_characters_keys_that_make_them) {
  CharacterTable table;
  const std::u32string text = U"ß€你🙂éЖ\"\\ \t{";
  const char* const utf8[] = {"ß", "€", "你", "🙂", "é", "Ж", "\"", "\\", " ", "\t", "{"};
  std::vector<std::uint16_t> codes;
  for (const auto each : text) {
    const auto place = table.find(each);
    ASSERT_TRUE(place);
    EXPECT_TRUE(place->is_new);
    codes.push_back(place->evdev_code);
  }
  const auto keymap = Layout::parse(table.keymap());
  ASSERT_TRUE(keymap);
  for (std::size_t i = 0; i < codes.size(); ++i) EXPECT_EQ(keymap->typed_by({codes[i]}), utf8[i]);
}

TEST(CharacterTable, keeps_the_key_of_a_character_that_it_knows) {
  CharacterTable table;
  const auto first = table.find(U'ß');
  table.find(U'€');
  const auto again = table.find(U'ß');
  ASSERT_TRUE(first && again);
  EXPECT_EQ(again->evdev_code, first->evdev_code);
  EXPECT_FALSE(again->is_new);
}

TEST(CharacterTable, replaces_the_character_that_was_not_typed_longest) {
  CharacterTable table;
  const auto capacity = static_cast<char32_t>(table.capacity());
  EXPECT_GE(capacity, 100U);
  for (char32_t i = 0; i < capacity; ++i) table.find(0x4E00 + i);
  const auto kept = table.find(0x4E00);
  const auto taken = table.find(U'ß');
  ASSERT_TRUE(kept && taken);
  EXPECT_FALSE(kept->is_new);
  EXPECT_TRUE(taken->is_new);
  EXPECT_NE(taken->evdev_code, kept->evdev_code);
  EXPECT_FALSE(table.find(0x4E00)->is_new);
  EXPECT_TRUE(table.find(0x4E01)->is_new);
  const auto keymap = Layout::parse(table.keymap());
  ASSERT_TRUE(keymap);
  EXPECT_EQ(keymap->typed_by({taken->evdev_code}), "ß");
}

TEST(CharacterTable, uses_no_key_that_acts_by_its_place) {
  CharacterTable table;
  std::set<int> codes;
  for (char32_t i = 0; i < table.capacity(); ++i) codes.insert(table.find(0x4E00 + i)->evdev_code);
  EXPECT_EQ(codes.size(), table.capacity());
  for (const int code : {KEY_ESC, KEY_ENTER, KEY_LEFTCTRL, KEY_F4, KEY_DELETE, KEY_POWER, KEY_LEFTMETA}) {
    EXPECT_EQ(codes.count(code), 0U) << code;
  }
  EXPECT_GE(*codes.begin(), KEY_1);
  EXPECT_LE(*codes.rbegin(), 247);
}

TEST(CharacterTable, refuses_what_is_no_character) {
  CharacterTable table;
  for (const char32_t bad : {U'\0', U'\x1B', U'\x7F', U'\x9F', char32_t{0xD800}, char32_t{0x11'0000}}) {
    EXPECT_FALSE(table.find(bad));
  }
}

}  // namespace
}  // namespace lumen::keymap
