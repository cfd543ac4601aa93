#include "tools/impairment/schedule.hpp"

#include <gtest/gtest.h>

namespace lumen::impairment {
namespace {

using std::chrono::milliseconds;

Change change(std::string_view text) {
  const auto parsed = parse_change(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(Change{});
}

TEST(Schedule, a_statement_says_when_where_and_what) {
  EXPECT_EQ(change("5s down rate 10mbit"),
            (Change{.at = milliseconds{5000}, .up = false, .property = Property::rate, .value = 10e6}));
  EXPECT_EQ(change("up loss 5%"), (Change{.down = false, .property = Property::loss, .value = 0.05}));
  EXPECT_EQ(change("1.5s blackout 300ms"),
            (Change{.at = milliseconds{1500}, .property = Property::blackout, .value = 3e8}));
  EXPECT_EQ(change("  delay\t20ms "), (Change{.property = Property::delay, .value = 20e6}));
  EXPECT_EQ(change("runs 8"), (Change{.property = Property::runs, .value = 8}));
  EXPECT_EQ(change("rate 0"), (Change{.property = Property::rate, .value = 0}));
  EXPECT_EQ(change("250us move"), (Change{.at = std::chrono::microseconds{250}, .property = Property::move}));
}

TEST(Schedule, a_queue_is_a_time_or_an_amount) {
  EXPECT_EQ(change("queue 50ms"), (Change{.property = Property::queue_time, .value = 50e6}));
  EXPECT_EQ(change("queue 256k"), (Change{.property = Property::queue_bytes, .value = 262'144}));
}

TEST(Schedule, what_makes_no_sense_is_refused_with_a_remedy) {
  for (const auto* bad :
       {"", "5s", "loss", "loss 5", "loss 101%", "loss -1%", "loss nan%", "sideways loss 5%", "burst 0",
        "burst 8ms", "delay 20", "rate fast", "rate 1e30gbit", "move 3s", "delay 1ms 2ms", "queue 5%",
        "down up loss 1%", "blackout"}) {
    const auto parsed = parse_change(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().id, "impair.statement");
    EXPECT_FALSE(parsed.error().remedy.empty()) << bad;
  }
}

TEST(Schedule, a_file_has_comments_and_empty_lines_and_its_errors_name_the_line) {
  const auto parsed = parse_schedule("# a bad evening\ndown loss 2%\n\n  5s move  # the train\n");
  ASSERT_TRUE(parsed);
  ASSERT_EQ(parsed->size(), 2U);
  EXPECT_EQ((*parsed)[1].property, Property::move);
  const auto bad = parse_schedule("loss 1%\nloss\n");
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().what.find("line 2"), std::string::npos);
}

}  // namespace
}  // namespace lumen::impairment
