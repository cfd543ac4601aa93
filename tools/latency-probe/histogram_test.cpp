#include "tools/latency-probe/histogram.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lumen::probe {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(Histogram, has_a_panel_for_each_that_has_values_and_says_the_quantiles) {
  const auto svg = to_svg({{"Drawn to decoded", "ms", {{"lumen/1", {5, 6, 7}}, {"GameStream", {18, 20}}}},
                           {"Nothing", "ms", {{"lumen/1", {}}}},
                           {"Key to pixel", "ms", {{"lumen/1", {14}}}}});
  EXPECT_EQ(count(svg, "<g "), 2U);
  EXPECT_EQ(count(svg, "</g>"), 2U);
  EXPECT_EQ(count(svg, "fill-opacity"), 3U);
  EXPECT_THAT(svg, HasSubstr("lumen/1: p50 6.00, p95 7.00"));
  EXPECT_THAT(svg, HasSubstr("viewBox=\"0 0 900 600\""));
  EXPECT_THAT(svg, Not(HasSubstr("Nothing")));
}

TEST(Histogram, text_is_escaped) {
  const auto svg = to_svg({{"a < b & c", "ms", {{"<script>", {1}}}}});
  EXPECT_THAT(svg, HasSubstr("a &lt; b &amp; c"));
  EXPECT_THAT(svg, Not(HasSubstr("<script>")));
}

TEST(Histogram, one_wild_value_does_not_flatten_the_rest) {
  std::vector<double> values(5000, 5.0);
  values.push_back(4000);
  const auto svg = to_svg({{"t", "ms", {{"s", values}}}});
  EXPECT_THAT(svg, Not(HasSubstr(">4000<")));  // no such tick
  EXPECT_THAT(svg, HasSubstr("max 4000.00"));
}

TEST(Histogram, odd_values_are_drawn_somewhere) {
  const auto svg = to_svg({{"t", "ms", {{"s", {0, 0, -3}}}}});
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
}

TEST(Histogram, of_nothing_is_still_a_picture) { EXPECT_THAT(to_svg({}), HasSubstr("</svg>")); }

}  // namespace
}  // namespace lumen::probe
