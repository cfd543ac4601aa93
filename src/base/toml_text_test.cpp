#include "base/toml_text.hpp"

#include <gtest/gtest.h>

namespace lumen {
namespace {

TEST(TomlText, letters_of_all_languages_are_fit_in_texts_and_comments) {
  for (const auto* text :
       {"", "name = \"Büro\"", "name = 'Büro'  # für alle\n", "list = [\"ä\", 'ö',\n  \"ü\"]", "\"ß\" = 1",
        "table = { a = \"é\", b = \"\\\"ü\" }", "# ﹿ\nplain = 1\n"})
    EXPECT_EQ(line_unfit_for_toml(text), 0U) << text;
}

TEST(TomlText, elsewhere_their_line_is_told) {
  EXPECT_EQ(line_unfit_for_toml("ﹿ"), 1U);
  EXPECT_EQ(line_unfit_for_toml("a = 1\n\nname = Büro"), 3U);
  EXPECT_EQ(line_unfit_for_toml("a = \"x\" é"), 1U);
  EXPECT_EQ(line_unfit_for_toml("a = \"x\\\"é\n"), 0U) << "an escaped mark ends no text";
  EXPECT_EQ(line_unfit_for_toml("a = 'x\\'é\n"), 1U) << "there are none between single marks";
}

// What made toml++ look at them as parts of a word.
TEST(TomlText, nor_are_they_fit_where_a_text_begins_amid_a_word_or_goes_over_lines) {
  EXPECT_EQ(line_unfit_for_toml("hosts = [\"tv\",0\"390.ﹿ\"]"), 1U);
  EXPECT_EQ(line_unfit_for_toml("a = 2$='no.;ﹿ"), 1U);
  EXPECT_EQ(line_unfit_for_toml("a = \"\"\"\"b 0= \"ﹿ"), 1U);
  EXPECT_EQ(line_unfit_for_toml("a = '''\nﹿ'''"), 2U);
}

}  // namespace
}  // namespace lumen
