#include "client/shell/settings.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace lumen::client {
namespace {

std::string id_of(std::string_view text) {
  const auto parsed = parse_settings(text);
  return parsed ? "" : std::string{parsed.error().id};
}

TEST(ClientSettings, what_is_written_is_read_back) {
  const Settings settings{.mode = Mode{2560, 1440, 119'880},
                          .bitrate_kbps = 45'000,
                          .codec = Codec::av1,
                          .fullscreen = false,
                          .pacing = Pacing::display,
                          .sound = false,
                          .pointer_drawn = true,
                          .grab_keyboard = false,
                          .pointer_speed = 1.5F,
                          .clipboard = true,
                          .statistics = OverlayLevel::full,
                          .addresses = {"tv.local", "[2001:db8::1]:47989"}};
  const auto again = parse_settings(to_toml(settings));
  ASSERT_TRUE(again) << describe(again.error());
  EXPECT_EQ(*again, settings);
  EXPECT_EQ(*parse_settings(to_toml({})), Settings{});
}

TEST(ClientSettings, an_empty_file_is_the_defaults_and_so_is_none) {
  EXPECT_EQ(*parse_settings(""), Settings{});
  EXPECT_EQ(*load_settings("/nonexistent/client.toml"), Settings{});
  EXPECT_FALSE(Settings{}.clipboard) << "whose clipboard it is turns this on";
}

TEST(ClientSettings, mistakes_are_named_with_their_line) {
  EXPECT_EQ(id_of("mode = "), "settings.syntax");
  EXPECT_EQ(id_of("colour = 1"), "settings.unknown");
  for (const auto* text : {"mode = \"huge\"", "mode = 5", "bitrate_kbps = 7", "bitrate_kbps = 9999999999",
                           "bitrate_kbps = \"x\"", "codec = \"vp9\"", "codec = 1", "fullscreen = 1",
                           "pacing = \"never\"", "statistics = true", "pointer_speed = 0",
                           "pointer_speed = nan", "pointer_speed = \"fast\"", "clipboard = 1", "hosts = 1",
                           "hosts = [1]", "hosts = [\"a b\"]", "hosts = [\"\"]", "hosts = [\"a\\\"b\"]"}) {
    EXPECT_EQ(id_of(text), "settings.value") << text;
  }
  const auto parsed = parse_settings("sound = true\n\ncodec = \"vp9\"");
  EXPECT_NE(parsed.error().what.find("line 3"), std::string::npos) << parsed.error().what;
}

TEST(ClientSettings, hostile_files_are_refused_and_nothing_worse) {
  std::string many = "hosts = [";
  for (int i = 0; i < 1000; ++i) many += "\"a" + std::to_string(i) + "\",";
  EXPECT_EQ(id_of(many + "]"), "settings.value");
  EXPECT_EQ(id_of(std::string(60'000, '[')), "settings.syntax");
  EXPECT_EQ(id_of("mode = \"" + std::string(60'000, '1') + "\""), "settings.value");
  EXPECT_EQ(id_of(std::string("mode = \"\0\"", 10)), "settings.syntax");
}

TEST(ClientSettings, an_address_that_could_break_the_file_is_left_out) {
  Settings settings;
  settings.addresses = {"good", "ba\"d", "line\nbreak", "back\\slash"};
  EXPECT_EQ(parse_settings(to_toml(settings))->addresses, std::vector<std::string>{"good"});
}

TEST(ClientSettings, the_file_is_made_with_its_folder) {
  const auto folder = testing::TempDir() + "lumen-settings-test";
  std::filesystem::remove_all(folder);
  const auto path = folder + "/lumen/client.toml";
  Settings settings;
  settings.sound = false;
  ASSERT_TRUE(save_settings(path, settings));
  EXPECT_EQ(*load_settings(path), settings);
  std::ofstream{path} << "sound = 1\n";
  const auto broken = load_settings(path);
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().what.find(path), std::string::npos);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace lumen::client
