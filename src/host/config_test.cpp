#include "host/config.hpp"

#include <gtest/gtest.h>

namespace lumen::host {
namespace {

TEST(Config, three_brackets_are_a_mistake_and_not_the_end) {
  EXPECT_EQ(parse_config("\n  [[[app").error().id, "config.syntax");
  EXPECT_NE(parse_config("\n[[[").error().what.find("line 2"), std::string::npos);
}

TEST(Config, lumen_is_served_everywhere_unless_told) {
  EXPECT_TRUE(parse_config("").value().lumen.enabled);
  const auto config = parse_config("[lumen]\nenabled = false\nbind = \"127.0.0.1\"\nport = 5000\n").value();
  EXPECT_FALSE(config.lumen.enabled);
  EXPECT_EQ(config.lumen.bind, "127.0.0.1");
  EXPECT_EQ(config.lumen.port, 5000);
  EXPECT_EQ(parse_config("[lumen]\nport = 0\n").error().id, "config.value");
  EXPECT_EQ(parse_config("[lumen]\nports = 1\n").error().id, "config.unknown");
}

TEST(HostConfig, nothing_written_means_the_defaults) {
  const auto config = parse_config("").value();
  EXPECT_TRUE(config.gamestream.enabled);
  EXPECT_EQ(config.gamestream.port, 47'989);
  EXPECT_TRUE(config.apps.empty());
  EXPECT_TRUE(read_config("/nonexistent/host.toml"));
}

TEST(HostConfig, everything_can_be_written) {
  const auto config = parse_config(R"(
name = "living-room"
[desktop]
use = "kwin"
scale = 1.5
[gamestream]
enabled = false
bind = "::"
port = 50000
encryption = "require"
codecs = ["h264", "av1"]
pads = "dualshock4"
[[app]]
title = "A & B"
command = "steam -bigpicture 'two words'"
working_dir = "/srv"
art = "/srv/a.png"
before = ["echo one", "echo two"]
after = ["echo three"]
environment = { X = "1" }
desktop = "auto"
)")
                          .value();
  EXPECT_EQ(config.name, "living-room");
  EXPECT_FALSE(config.gamestream.enabled);
  EXPECT_EQ(config.gamestream.bind, "::");
  EXPECT_EQ(config.gamestream.port, 50'000);
  EXPECT_EQ(config.gamestream.encryption, EncryptionPolicy::require);
  EXPECT_EQ(config.gamestream.codecs, (std::vector{Codec::h264, Codec::av1}));
  EXPECT_EQ(config.gamestream.pads, PadModel::dualshock4);
  EXPECT_EQ(config.desktop.use, "kwin");
  EXPECT_EQ(config.desktop.scale, 1.5);
  ASSERT_EQ(config.apps.size(), 1U);
  EXPECT_EQ(config.apps[0].desktop, "auto");
  const auto& app = config.apps[0];
  EXPECT_EQ(app.title, "A & B");
  EXPECT_EQ(app.id, app_id("A & B"));
  EXPECT_EQ(app.command, (std::vector<std::string>{"steam", "-bigpicture", "two words"}));
  EXPECT_EQ(app.working_dir, "/srv");
  EXPECT_EQ(app.art, "/srv/a.png");
  EXPECT_EQ(app.before.size(), 2U);
  EXPECT_EQ(app.after, (std::vector<std::vector<std::string>>{{"echo", "three"}}));
  EXPECT_EQ(app.environment, (std::vector<std::pair<std::string, std::string>>{{"X", "1"}}));
}

TEST(HostConfig, pads_are_shown_as_what_suits_them_unless_it_says_otherwise) {
  const auto pads_of = [](const char* text) { return parse_config(text).value().gamestream.pads; };
  EXPECT_EQ(pads_of(""), std::nullopt);
  EXPECT_EQ(pads_of("[gamestream]\npads = \"auto\""), std::nullopt);
  EXPECT_EQ(pads_of("[gamestream]\npads = \"switch\""), PadModel::switch_pro);
  EXPECT_EQ(parse_config("[lumen]\npads = \"xbox\"").value().lumen.pads, PadModel::xbox);
}

struct Wrong {
  const char* text;
  const char* id;
};
class WrongConfig : public testing::TestWithParam<Wrong> {};

TEST_P(WrongConfig, is_refused_with_its_line) {
  const auto config = parse_config(GetParam().text);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().id, GetParam().id);
  EXPECT_NE(describe(config.error()).find("line"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongConfig,
    testing::Values(
        Wrong{"name = ", "config.syntax"}, Wrong{"[desktop]\nuse = \"cde\"", "config.value"},
        Wrong{"[desktop]\nscale = 9", "config.value"}, Wrong{"[desktop]\nscale = nan", "config.value"},
        Wrong{"desktop = 1", "config.value"}, Wrong{"[desktop]\nsize = 9", "config.unknown"},
        Wrong{"nmae = \"x\"", "config.unknown"}, Wrong{"name = 5", "config.value"},
        Wrong{"gamestream = 1", "config.value"}, Wrong{"[gamestream]\nport = 80", "config.value"},
        Wrong{"[gamestream]\nport = \"47989\"", "config.value"},
        Wrong{"[gamestream]\nenabled = 1", "config.value"},
        Wrong{"[gamestream]\nencryption = true", "config.value"},
        Wrong{"[gamestream]\npads = \"n64\"", "config.value"},
        Wrong{"[gamestream]\npads = true", "config.value"}, Wrong{"[lumen]\npads = 3", "config.value"},
        Wrong{"[gamestream]\ncodecs = \"hevc\"", "config.value"},
        Wrong{"[gamestream]\ncodecs = [\"vp9\"]", "config.value"},
        Wrong{"[[app]]\ntitle = \"x\"", "config.value"}, Wrong{"[[app]]\ncommand = \"x\"", "config.value"},
        Wrong{"[[app]]\ntitle = \"x\"\ncommand = \"'x\"", "config.value"},
        Wrong{"[[app]]\ntitle = \"x\"\ncommand = \" \"", "config.value"},
        Wrong{"[[app]]\ntitle = \"x\"\ncommand = \"y\"\nart = \"a.png\"", "config.value"},
        Wrong{"[[app]]\ntitle = \"x\"\ncommand = \"y\"\nbefore = \"z\"", "config.value"},
        Wrong{"[[app]]\ntitle = \"x\\u0001\"\ncommand = \"y\"", "config.value"},
        Wrong{"[[app]]\ntitle = \"x\"\ncommand = \"y\"\nenvironment = { A = 1 }", "config.value"},
        Wrong{"[[app]]\ntitle = \"Desktop\"\ncommand = \"y\"", "config.app-twice"},
        Wrong{"[[app]]\ntitle = \"x\"\ncommand = \"y\"\n[[app]]\ntitle = \"x\"\ncommand = \"z\"",
              "config.app-twice"}));

TEST(GameStream1, s36_app_ids_are_stable_and_fit_31_bits) {
  EXPECT_EQ(app_id("Desktop"), 1679907923U);  // FNV-1a; clients keep it
  EXPECT_NE(app_id("Desktop"), app_id("Steam"));
  for (const char* title : {"", "a", "Steam", "\xff\xff"}) {
    EXPECT_GE(app_id(title), 1U);
    EXPECT_LE(app_id(title), 2'147'483'647U);
  }
}

}  // namespace
}  // namespace lumen::host
