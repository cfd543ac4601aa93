// The contract of interface/desktop.hpp as test suites. A backend's test says
//   INSTANTIATE_TEST_SUITE_P(Sway, DesktopContract, testing::Values(DesktopCase{…}), desktop_case_name);
// and the same for DesktopLossContract (its compositor can be killed) and DesktopPairContract (several
// displays of one compositor at once).
#pragma once

#include <linux/input-event-codes.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/desktop_rig.hpp"

namespace lumen::contract {

inline constexpr std::array<std::uint16_t, 5> kButtons{BTN_LEFT, BTN_RIGHT, BTN_MIDDLE, BTN_SIDE, BTN_EXTRA};
inline constexpr std::array<std::uint16_t, 6> kKeys{KEY_A,        KEY_ENTER, KEY_F12,
                                                    KEY_RIGHTALT, KEY_102ND, KEY_VOLUMEUP};

class DesktopTestBase : public testing::TestWithParam<DesktopCase> {
 protected:
  void SetUp() override {
    auto loop = EventLoop::create();
    ASSERT_TRUE(loop);
    loop_ = *std::move(loop);
    rig_ = GetParam().make_rig();
    ASSERT_TRUE(rig_);
    scene_ = std::make_unique<DesktopScene>(*rig_, *loop_);
  }
  void open() { scene_->open(GetParam().mode); }
  void open_with_window() {
    ASSERT_NO_FATAL_FAILURE(open());
    ASSERT_NO_FATAL_FAILURE(scene_->show_window());
  }

  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<DesktopRig> rig_;
  std::unique_ptr<DesktopScene> scene_;
};
class DesktopContract : public DesktopTestBase {};
class DesktopLossContract : public DesktopTestBase {};
class DesktopPairContract : public DesktopTestBase {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(DesktopContract);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(DesktopLossContract);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(DesktopPairContract);

TEST_P(DesktopContract, a_window_is_seen_at_exactly_the_mode_asked_for_and_pixel_for_pixel) {
  ASSERT_NO_FATAL_FAILURE(open_with_window());
  const auto mode = scene_->desktop->mode();
  EXPECT_EQ(mode.width, GetParam().mode.width);
  EXPECT_EQ(mode.height, GetParam().mode.height);
  const auto limit = scene_->desktop->abilities().max_refresh_mhz;
  EXPECT_EQ(mode.refresh_mhz,
            limit == 0 ? GetParam().mode.refresh_mhz : std::min(limit, GetParam().mode.refresh_mhz));
  EXPECT_GE(scene_->windows, 1);
  EXPECT_FALSE(scene_->desktop->display_name().empty());
  EXPECT_FALSE(scene_->desktop->capture_name().empty());
  for (std::uint32_t seed = 100; seed < 105; ++seed) {
    scene_->client->draw(seed);
    EXPECT_TRUE(scene_->run_until([&] { return scene_->shows_client(); })) << scene_->what_is_wrong();
  }
  EXPECT_LE(scene_->newest.presented, scene_->newest.arrived);
  EXPECT_GE(scene_->newest.presented, scene_->newest.arrived - std::chrono::seconds{1});
}

TEST_P(DesktopContract, its_mode_changes_live_and_windows_follow) {
  ASSERT_NO_FATAL_FAILURE(open_with_window());
  if (!scene_->desktop->abilities().live_mode) {
    EXPECT_FALSE(scene_->desktop->set_mode(GetParam().other_mode));
    return;
  }
  for (const auto& mode : {GetParam().other_mode, GetParam().mode}) {
    const auto set = scene_->desktop->set_mode(mode);
    ASSERT_TRUE(set) << describe(set.error());
    EXPECT_TRUE(scene_->run_until([&] {
      return scene_->newest.width == mode.width && scene_->newest.height == mode.height &&
             scene_->shows_client();
    })) << scene_->what_is_wrong();
    EXPECT_EQ(scene_->desktop->mode().width, mode.width);
  }
}

TEST_P(DesktopContract, an_impossible_mode_is_refused_and_changes_nothing) {
  ASSERT_NO_FATAL_FAILURE(open_with_window());
  EXPECT_FALSE(scene_->desktop->set_mode({0, 0, 60'000}));
  EXPECT_FALSE(scene_->desktop->set_mode({100'000, 720, 60'000}));
  scene_->client->draw(55);
  EXPECT_TRUE(scene_->run_until([&] { return scene_->shows_client(); })) << scene_->what_is_wrong();
  EXPECT_EQ(scene_->newest.width, GetParam().mode.width);
}

TEST_P(DesktopContract, nothing_comes_while_nothing_changes_and_repaint_makes_one_come) {
  ASSERT_NO_FATAL_FAILURE(open_with_window());
  scene_->run_for(std::chrono::milliseconds{300});
  const int before = scene_->frames;
  scene_->run_for(std::chrono::milliseconds{500});
  EXPECT_LE(scene_->frames, before + 1);
  const int settled = scene_->frames;
  scene_->desktop->repaint();
  EXPECT_TRUE(scene_->run_until([&] { return scene_->frames > settled; }));
  EXPECT_TRUE(scene_->shows_client());
}

TEST_P(DesktopContract, the_pointer_goes_where_it_is_told_and_by_what_it_is_told) {
  ASSERT_NO_FATAL_FAILURE(open_with_window());
  auto& desktop = *scene_->desktop;
  desktop.inject(scene_->to_pixel(300, 200));
  desktop.inject(scene_->to_pixel(100, 50));
  EXPECT_TRUE(scene_->sees_at("motion", 100, 50, 1.0)) << testing::PrintToString(scene_->client->events);
  const auto far = desktop.mode();
  desktop.inject(scene_->to_pixel(far.width - 1, far.height - 1));
  EXPECT_TRUE(scene_->sees_at("motion", far.width - 1, far.height - 1, 1.0))
      << testing::PrintToString(scene_->client->events);
  desktop.inject(scene_->to_pixel(100, 50));
  scene_->run_for(std::chrono::milliseconds{50});
  scene_->client->events.clear();
  desktop.inject(PointerMoveBy{10.5F, -3.25F});
  EXPECT_TRUE(scene_->sees_at("motion", 110.5, 46.75, desktop.abilities().sub_pixel ? 0.6 : 1.5))
      << testing::PrintToString(scene_->client->events);
}

TEST_P(DesktopContract, the_pointer_is_told_of_where_it_says_that_it_is) {
  ASSERT_NO_FATAL_FAILURE(open_with_window());
  auto& desktop = *scene_->desktop;
  desktop.inject(scene_->to_pixel(300, 200));
  desktop.inject(scene_->to_pixel(100, 50));
  ASSERT_TRUE(scene_->sees_at("motion", 100, 50, 1.0)) << testing::PrintToString(scene_->client->events);
  scene_->client->set_cursor(16, 12, 0xFFFF0000, 8, 6);
  desktop.tell_pointer();
  if (!desktop.abilities().pointer_apart) {
    scene_->run_for(std::chrono::milliseconds{100});
    EXPECT_FALSE(scene_->pointer);
    return;
  }
  ASSERT_TRUE(scene_->run_until([&] {
    return scene_->pointer && scene_->pointer->visible && scene_->pointer->x == 100 &&
           scene_->pointer->y == 50;
  }));
  if (!GetParam().looks_of_applications) return;
  EXPECT_TRUE(scene_->run_until([&] {
    return scene_->pointer && scene_->pointer->visible && scene_->pointer->width == 16 &&
           scene_->pointer->height == 12 && scene_->pointer->hotspot_x == 8 && scene_->pointer->x == 100 &&
           scene_->pointer->y == 50;
  }));
  EXPECT_EQ(scene_->pointer_pixels.size(), 16U * 12 * 4);
  scene_->client->hide_cursor();
  EXPECT_TRUE(scene_->run_until([&] { return !scene_->pointer->visible; }));
}

TEST_P(DesktopContract, fractions_of_a_pixel_add_up) {
  ASSERT_NO_FATAL_FAILURE(open_with_window());
  scene_->desktop->inject(scene_->to_pixel(100, 50));
  scene_->run_for(std::chrono::milliseconds{50});
  scene_->client->events.clear();
  for (int i = 0; i < 80; ++i) scene_->desktop->inject(PointerMoveBy{0.25F, 0.5F});
  EXPECT_TRUE(scene_->sees_at("motion", 120, 90, 1.5)) << testing::PrintToString(scene_->client->events);
}

TEST_P(DesktopContract, buttons_and_both_wheels_arrive) {
  ASSERT_NO_FATAL_FAILURE(open_with_window());
  auto& desktop = *scene_->desktop;
  desktop.inject(scene_->to_pixel(100, 50));
  for (const std::uint16_t button : kButtons) {
    desktop.inject(PointerButton{button, true});
    EXPECT_TRUE(scene_->sees("button " + std::to_string(button) + " 1")) << button;
    desktop.inject(PointerButton{button, false});
    EXPECT_TRUE(scene_->sees("button " + std::to_string(button) + " 0")) << button;
  }
  const auto scrolls = [&](double axis, bool positive) {
    return scene_->sees_numbers("axis", [=](const std::vector<double>& numbers) {
      return numbers.size() == 2 && numbers[0] == axis && numbers[1] != 0 && (numbers[1] > 0) == positive;
    });
  };
  desktop.inject(Scroll{.vertical_v120 = 120});
  EXPECT_TRUE(scrolls(0, true)) << testing::PrintToString(scene_->client->events);
  scene_->client->events.clear();
  desktop.inject(Scroll{.vertical_v120 = -120});
  EXPECT_TRUE(scrolls(0, false)) << testing::PrintToString(scene_->client->events);
  desktop.inject(Scroll{.horizontal_v120 = 120});
  EXPECT_TRUE(scrolls(1, true)) << testing::PrintToString(scene_->client->events);
}

TEST_P(DesktopContract, keys_arrive_as_what_they_are_from_the_first_one_on) {
  ASSERT_NO_FATAL_FAILURE(open_with_window());
  auto& desktop = *scene_->desktop;
  for (const std::uint16_t key : kKeys) {
    desktop.inject(Key{key, true});
    EXPECT_TRUE(scene_->sees("key " + std::to_string(key) + " 1")) << key;
    desktop.inject(Key{key, false});
    EXPECT_TRUE(scene_->sees("key " + std::to_string(key) + " 0")) << key;
  }
}

TEST_P(DesktopContract, characters_are_typed_where_it_says_that_they_are) {
  ASSERT_NO_FATAL_FAILURE(open_with_window());
  auto& desktop = *scene_->desktop;
  const std::u32string text = U"aZ1€ß你";
  for (const auto each : text) desktop.inject(Character{each});
  const auto typed_all = [&] { return scene_->client->typed == "aZ1€ß你"; };
  if (desktop.abilities().text) {
    EXPECT_TRUE(scene_->run_until(typed_all, std::chrono::seconds{5})) << scene_->client->typed;
  } else {  // what the layout's keys make is typed by all
    const auto typed_keys = [&] { return scene_->client->typed.starts_with("aZ1"); };
    EXPECT_TRUE(scene_->run_until(typed_keys, std::chrono::seconds{5})) << scene_->client->typed;
  }
  // Keys mean what they did before.
  scene_->client->typed.clear();
  desktop.inject(Key{KEY_B, true});
  desktop.inject(Key{KEY_B, false});
  // Behind what else the layout could make of the text, which may still be on its way.
  EXPECT_TRUE(
      scene_->run_until([&] { return scene_->client->typed.ends_with("b"); }, std::chrono::seconds{5}))
      << scene_->client->typed;
}

TEST_P(DesktopContract, fingers_arrive_where_it_says_that_they_do) {
  ASSERT_NO_FATAL_FAILURE(open_with_window());
  auto& desktop = *scene_->desktop;
  if (desktop.abilities().touch) scene_->client->listen_to_touch();
  scene_->run_for(std::chrono::milliseconds{50});
  const auto at = scene_->to_pixel(200, 100), then = scene_->to_pixel(220, 130);
  desktop.inject(Touch{.phase = TouchPhase::down, .id = 7, .x = at.x, .y = at.y});
  desktop.inject(Touch{.phase = TouchPhase::move, .id = 7, .x = then.x, .y = then.y});
  desktop.inject(Touch{.phase = TouchPhase::up, .id = 7});
  if (!desktop.abilities().touch) return;  // it must not come to harm by them
  EXPECT_TRUE(scene_->sees_at("down", 200, 100, 1.0)) << testing::PrintToString(scene_->client->events);
  EXPECT_TRUE(scene_->sees_at("move", 220, 130, 1.0)) << testing::PrintToString(scene_->client->events);
}

TEST_P(DesktopContract, release_all_leaves_nothing_held) {
  ASSERT_NO_FATAL_FAILURE(open_with_window());
  auto& desktop = *scene_->desktop;
  desktop.inject(scene_->to_pixel(100, 50));
  desktop.inject(Key{KEY_LEFTSHIFT, true});
  desktop.inject(Key{KEY_A, true});
  desktop.inject(PointerButton{BTN_LEFT, true});
  ASSERT_TRUE(scene_->sees("key 30 1"));
  ASSERT_TRUE(scene_->sees("button 272 1"));
  desktop.inject(ReleaseAll{});
  EXPECT_TRUE(scene_->sees("key 30 0"));
  EXPECT_TRUE(scene_->sees("key 42 0"));
  EXPECT_TRUE(scene_->sees("button 272 0"));
  desktop.inject(ReleaseAll{});  // of nothing: harmless
  desktop.inject(Key{KEY_B, true});
  EXPECT_TRUE(scene_->sees("key 48 1"));
}

TEST_P(DesktopContract, afterwards_everything_is_as_before) {
  // Where a display cannot be removed, the first one stays and is used again.
  ASSERT_NO_FATAL_FAILURE(open());
  if (!scene_->desktop->abilities().removable) scene_->close();
  scene_->desktop.reset();
  const auto before = rig_->snapshot();
  for (int i = 0; i < 3; ++i) {
    ASSERT_NO_FATAL_FAILURE(open_with_window());
    scene_->close();
    EXPECT_TRUE(scene_->run_until([&] { return rig_->snapshot() == before; }, std::chrono::seconds{5}))
        << "before: " << before << "\nafter: " << rig_->snapshot();
    EXPECT_TRUE(scene_->journal.entries.empty());
  }
}

// For the table in docs/desktops.md: tools/desktops_table.py reads it.
TEST_P(DesktopContract, what_it_offers_is_written_down) {
  ASSERT_NO_FATAL_FAILURE(open());
  const char* named = std::getenv("LUMEN_DESKTOP_RESULTS");  // NOLINT(concurrency-mt-unsafe)
  const std::string folder = named != nullptr ? named : testing::TempDir() + "lumen-desktop-results";
  const auto offers = scene_->desktop->abilities();
  std::filesystem::create_directories(folder);
  std::ofstream file{folder + "/" + GetParam().name + ".txt"};
  file << "desktop=" << scene_->desktop->display_name() << "\ncapture=" << scene_->desktop->capture_name()
       << "\nmax_refresh_mhz=" << offers.max_refresh_mhz << "\nany_mode=" << offers.any_mode
       << "\nlive_mode=" << offers.live_mode << "\nremovable=" << offers.removable
       << "\ntouch=" << offers.touch << "\npen=" << offers.pen << "\ntext=" << offers.text
       << "\nsub_pixel=" << offers.sub_pixel << "\npointer_apart=" << offers.pointer_apart << "\n";
  EXPECT_TRUE(file.flush());
}

TEST_P(DesktopLossContract, a_compositor_that_dies_is_told_once_and_the_next_one_is_used) {
  ASSERT_NO_FATAL_FAILURE(open_with_window());
  rig_->kill_compositor();
  EXPECT_TRUE(scene_->run_until([&] { return !scene_->lost.empty(); }, std::chrono::seconds{2}));
  auto& desktop = *scene_->desktop;
  desktop.inject(Key{KEY_A, true});
  desktop.inject(ReleaseAll{});
  desktop.repaint();
  static_cast<void>(desktop.set_mode(GetParam().other_mode));
  scene_->run_for(std::chrono::milliseconds{50});
  EXPECT_EQ(scene_->lost.size(), 1U) << testing::PrintToString(scene_->lost);
  scene_->close();
  rig_->restart_compositor();
  EXPECT_NO_FATAL_FAILURE(open_with_window());
}

TEST_P(DesktopPairContract, two_displays_at_once_show_and_take_each_its_own) {
  ASSERT_NO_FATAL_FAILURE(open_with_window());
  DesktopScene other{*rig_, *loop_};
  ASSERT_NO_FATAL_FAILURE(other.open(GetParam().other_mode));
  ASSERT_NO_FATAL_FAILURE(other.show_window());
  const auto both = [&](const std::function<bool()>& done) {
    return scene_->run_until([&] {
      other.run_for(std::chrono::milliseconds{2});
      return done();
    });
  };
  scene_->client->draw(900);
  other.client->draw(901);
  EXPECT_TRUE(both([&] { return scene_->shows_client() && other.shows_client(); }))
      << scene_->what_is_wrong() << "; " << other.what_is_wrong();
  scene_->client->events.clear();
  other.client->events.clear();
  scene_->desktop->inject(scene_->to_pixel(120, 80));
  EXPECT_TRUE(scene_->sees_pointer_at(120, 80, 1.0)) << testing::PrintToString(scene_->client->events);
  other.desktop->inject(other.to_pixel(60, 40));
  EXPECT_TRUE(other.sees_pointer_at(60, 40, 1.0)) << testing::PrintToString(other.client->events);
  other.close();
  scene_->client->draw(902);
  EXPECT_TRUE(scene_->run_until([&] { return scene_->shows_client(); })) << scene_->what_is_wrong();
}

}  // namespace lumen::contract
