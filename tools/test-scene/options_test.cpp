#include "options.hpp"

#include <getopt.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace lumen::scene {
namespace {

Result<Options> parse(std::initializer_list<std::string> arguments) {
  std::vector<std::string> texts{"lumen-test-scene"};
  texts.insert(texts.end(), arguments);
  std::vector<char*> argv;
  argv.reserve(texts.size() + 1);
  for (auto& text : texts) argv.push_back(text.data());
  argv.push_back(nullptr);
  optind = 0;  // glibc: start anew
  return parse_options(static_cast<int>(texts.size()), argv.data());
}

TEST(SceneOptions, nothing_given_means_one_frame_per_callback) {
  const auto options = parse({});
  ASSERT_TRUE(options);
  EXPECT_FALSE(options->rate_hz || options->still || options->exit_after || options->hang_after);
  EXPECT_EQ(options->app_id, "lumen-test-scene");
}

TEST(SceneOptions, everything_given_arrives) {
  const auto options = parse({"--rate", "59.94", "--still", "--app-id", "game", "--print-events",
                              "--exit-after=1.5", "--exit-status", "3", "--hang-after", "2"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->rate_hz, 59.94);
  EXPECT_TRUE(options->still && options->print_events);
  EXPECT_EQ(options->app_id, "game");
  EXPECT_EQ(options->exit_after, std::chrono::milliseconds{1500});
  EXPECT_EQ(options->hang_after, std::chrono::seconds{2});
  EXPECT_EQ(options->exit_status, 3);
}

TEST(SceneOptions, what_makes_no_sense_is_refused) {
  for (const auto& bad : {std::vector<std::string>{"--rate", "0"},
                          {"--rate", "fast"},
                          {"--rate", "nan"},
                          {"--exit-after", "-1"},
                          {"--exit-status", "256"},
                          {"--rate"},
                          {"--wat"},
                          {"stray"}}) {
    const auto options = bad.size() == 2 ? parse({bad[0], bad[1]}) : parse({bad[0]});
    ASSERT_FALSE(options) << bad[0];
    EXPECT_EQ(options.error().id, "scene.option");
  }
}

}  // namespace
}  // namespace lumen::scene
