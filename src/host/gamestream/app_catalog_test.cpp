#include "host/gamestream/app_catalog.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "host/gamestream/test_folder.hpp"

namespace lumen::host {
namespace {

AppEntry entry(const char* title, std::string art = {}) {
  return {.id = app_id(title), .title = title, .command = {"true"}, .art = std::move(art)};
}

TEST(AppCatalog, desktop_is_always_there_and_first) {
  const auto catalog = AppCatalog::create({"weston"}, {entry("Steam")}).value();
  ASSERT_EQ(catalog.list().apps().size(), 2U);
  EXPECT_EQ(catalog.list().apps()[0].title, "Desktop");
  EXPECT_TRUE(catalog.list().apps()[0].desktop);
  EXPECT_EQ(catalog.find(app_id("Desktop"))->command, std::vector<std::string>{"weston"});
  EXPECT_EQ(catalog.find(app_id("Steam"))->title, "Steam");
  EXPECT_EQ(catalog.find(1), nullptr);
}

TEST(GameStream1, s37_every_app_has_a_picture_that_clients_show) {
  const test::Folder folder;
  std::ofstream{folder.path + "/bad.png"} << "not a picture";
  const auto log = make_null_logger();
  const auto catalog = AppCatalog::create({"weston"}, {entry("None"), entry("Bad", folder.path + "/bad.png"),
                                                       entry("Gone", folder.path + "/gone.png")})
                           .value();
  const auto usual = catalog.art(app_id("Desktop"), *log);
  EXPECT_TRUE(gamestream::check_box_art(as_view(usual)));
  for (const char* title : {"None", "Bad", "Gone"})
    EXPECT_EQ(catalog.art(app_id(title), *log), usual) << title;
}

TEST(AppCatalog, an_app_brings_its_own_picture) {
  const test::Folder folder;
  const auto log = make_null_logger();
  const auto bare = AppCatalog::create({"weston"}, {}).value();
  auto picture = bare.art(0, *log);
  picture += "more";  // still a PNG of that size
  std::ofstream{folder.path + "/own.png", std::ios::binary} << picture;
  const auto catalog = AppCatalog::create({"weston"}, {entry("Own", folder.path + "/own.png")}).value();
  EXPECT_EQ(catalog.art(app_id("Own"), *log), picture);
}

}  // namespace
}  // namespace lumen::host
