#include "client/shell/page.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "client/shell/pages.hpp"

namespace lumen::client {
namespace {

std::vector<HostEntry> hosts(std::size_t count) {
  std::vector<HostEntry> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back({.id = std::to_string(i),
                   .name = "host " + std::to_string(i),
                   .address = "192.0.2.1",
                   .reachable = i % 2 == 0,
                   .paired = i % 3 == 0});
  }
  return all;
}

std::vector<AppEntry> apps(std::size_t count) {
  std::vector<AppEntry> all;
  for (std::size_t i = 0; i < count; ++i)
    all.push_back({.id = std::to_string(i), .title = "App", .running = i == 2});
  return all;
}

std::vector<Page> every_page() {
  const auto host = hosts(1).front();
  const Error error{ErrorCode::unavailable, "x.y", std::string(400, 'a') + " b c", "do this"};
  return {hosts_page({}, true),
          hosts_page(hosts(1), false),
          hosts_page(hosts(40), false),
          apps_page(host, {}, true),
          apps_page(host, apps(3), false),
          apps_page(host, apps(60), false),
          host_menu_page(host, true),
          address_page("", ""),
          address_page("192.0.2.7", "no such"),
          enter_pin_page(host, "12", true),
          pairing_page(host, "1234", ""),
          pairing_page(host, "", "amber river"),
          pairing_page(host, "", ""),
          connecting_page(host, ""),
          error_page("Failed", error, true),
          error_page("Failed", error, false),
          confirm_page("Sure?", "because", "Yes"),
          settings_page({}, {}),
          settings_page({.mode = Mode{1920, 1080, 60'000}}, {3840, 2160, 60'000})};
}

TEST(Pages, every_control_is_reachable_by_arrows_alone) {
  for (const auto& page : every_page()) {
    SCOPED_TRACE(page.title);
    ASSERT_FALSE(page.controls.empty());
    std::set<ControlId> seen{page.controls.front().id};
    std::vector<ControlId> open{page.controls.front().id};
    while (!open.empty()) {
      const auto from = open.back();
      open.pop_back();
      for (const auto key : {ScreenKey::up, ScreenKey::down, ScreenKey::left, ScreenKey::right}) {
        if (const auto to = move_focus(page, from, key); seen.insert(to).second) open.push_back(to);
      }
    }
    EXPECT_EQ(seen.size(), page.controls.size());
  }
}

TEST(Pages, controls_have_different_numbers_and_do_not_overlap) {
  for (const auto& page : every_page()) {
    SCOPED_TRACE(page.title);
    for (std::size_t i = 0; i < page.controls.size(); ++i) {
      for (std::size_t j = i + 1; j < page.controls.size(); ++j) {
        const auto &a = page.controls[i], &b = page.controls[j];
        EXPECT_NE(a.id, b.id);
        const bool apart = a.box.x + a.box.width <= b.box.x || b.box.x + b.box.width <= a.box.x ||
                           a.box.y + a.box.height <= b.box.y || b.box.y + b.box.height <= a.box.y;
        EXPECT_TRUE(apart) << a.title << " and " << b.title;
      }
    }
  }
}

TEST(Pages, the_focused_control_is_on_the_screen_and_a_click_on_it_hits_it) {
  for (const auto& page : every_page()) {
    SCOPED_TRACE(page.title);
    for (const auto& control : page.controls) {
      const float y = control.box.center_y() - scroll_of(page, control.id);
      EXPECT_GE(y, 0);
      EXPECT_LE(y, kSceneHeight);
      EXPECT_EQ(hit(page, control.id, control.box.center_x(), y), control.id);
    }
  }
}

TEST(Pages, arrows_stay_where_nothing_is_in_that_direction) {
  const auto page = hosts_page(hosts(3), false);
  EXPECT_EQ(move_focus(page, kFirst, ScreenKey::up), kFirst);
  EXPECT_EQ(move_focus(page, kFirst, ScreenKey::left), kFirst);
  EXPECT_EQ(move_focus(page, kFirst, ScreenKey::right), kFirst + 1);
  EXPECT_EQ(move_focus(page, kFirst, ScreenKey::down), kAddHost);
}

TEST(Pages, a_focus_that_is_gone_goes_to_the_first_control) {
  EXPECT_EQ(valid_focus(hosts_page(hosts(2), false), kFirst + 7), kFirst);
  EXPECT_EQ(valid_focus(Page{}, 3), 0);
}

TEST(Pages, drawing_them_gives_something_to_see) {
  for (const auto& page : every_page()) {
    const auto scene = to_scene(page, page.controls.front().id, 1);
    EXPECT_TRUE(scene.background);
    EXPECT_GT(scene.items.size(), 5U);
  }
}

TEST(Wrap, breaks_at_spaces_and_never_gives_more_lines_than_wanted) {
  EXPECT_EQ(wrap("one two three", 8, 5), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(wrap("one\ntwo", 80, 5), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(wrap("a b c d", 1, 2).size(), 2U);
  EXPECT_TRUE(wrap("", 10, 2).empty());
}

TEST(SettingsPage, every_row_changes_something_and_comes_back) {
  const Settings before;
  for (const auto& control : settings_page(before, {}).controls) {
    if (control.look != Look::setting || control.title == "Refresh rate") continue;
    SCOPED_TRACE(control.title);
    const auto changed = change_setting(before, control.id, true);
    EXPECT_NE(changed, before);
    EXPECT_EQ(change_setting(changed, control.id, false), before);
  }
}

TEST(SettingsPage, resolutions_go_round_and_end_at_the_display_again) {
  Settings settings;
  std::set<std::uint32_t> heights;
  for (int i = 0; i < 5; ++i) {
    settings = change_setting(settings, kFirst, true);
    ASSERT_TRUE(settings.mode);
    heights.insert(settings.mode->height * 10'000 + settings.mode->width);
  }
  EXPECT_EQ(heights.size(), 5U);
  EXPECT_FALSE(change_setting(settings, kFirst, true).mode);
  settings.mode = Mode{1234, 567, 60'000};  // by hand
  EXPECT_FALSE(change_setting(settings, kFirst, true).mode);
}

}  // namespace
}  // namespace lumen::client
