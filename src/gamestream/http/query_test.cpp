#include "gamestream/http/query.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace lumen::gamestream {
namespace {

TEST(Query, values_are_decoded_and_a_plus_is_a_plus) {
  const auto query = Query::parse("a=x%20y%26%C3%a4&b=1+2&c&d=&=e&&f=%3d=").value();
  EXPECT_EQ(query.find("a"), "x y&\xC3\xA4");
  EXPECT_EQ(query.find("b"), "1+2");
  EXPECT_EQ(query.find("c"), "");
  EXPECT_EQ(query.find("d"), "");
  EXPECT_EQ(query.find(""), "e");
  EXPECT_EQ(query.find("f"), "==");
  EXPECT_EQ(query.find("g"), std::nullopt);
  EXPECT_EQ(query.size(), 6U);
}

TEST(GameStream1, s7_names_match_in_any_case_and_the_first_of_a_name_wins) {
  const auto query = Query::parse("UniqueID=1&uniqueid=2&%52ikey=3").value();
  EXPECT_EQ(query.find("uniqueid"), "1");
  EXPECT_EQ(query.find("RIKEY"), "3");
}

TEST(Query, broken_percent_signs_and_excess_are_refused) {
  for (const auto* bad : {"a=%", "a=%2", "a=%2g", "%=1", "a=%%20"}) {
    EXPECT_EQ(Query::parse(bad).error().id, "gamestream.query") << bad;
  }
  std::string many;
  for (std::size_t i = 0; i < kMaxParameters; ++i) many += "a&";
  EXPECT_TRUE(Query::parse(many).has_value());
  EXPECT_FALSE(Query::parse(many + "a").has_value());
  EXPECT_TRUE(Query::parse(std::string(kMaxQueryBytes, 'a')).has_value());
  EXPECT_FALSE(Query::parse(std::string(kMaxQueryBytes + 1, 'a')).has_value());
}

TEST(Query, nothing_is_left_where_it_was_moved_from) {
  auto from = Query::parse("rikey=00").value();
  const auto to = std::move(from);
  EXPECT_EQ(to.find("rikey"), "00");
  EXPECT_EQ(from.size(), 0U);  // NOLINT(bugprone-use-after-move)
}

RC_GTEST_PROP(Query, what_is_encoded_is_decoded, (const std::string& value, const std::string& other)) {
  const auto query = Query::parse(encode_parameter("a", value) + "&" + encode_parameter("b", other)).value();
  RC_ASSERT(query.find("a") == value);
  RC_ASSERT(query.find("B") == other);
}

}  // namespace
}  // namespace lumen::gamestream
