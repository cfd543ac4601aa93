#include "desktop/portal/portal_desktop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "desktop/portal/portal_answers.hpp"
#include "desktop/portal/test_portal.hpp"
#include "desktop/testing/test_client.hpp"
#include "desktop/testing/test_session.hpp"

namespace lumen::portal {
namespace {

using namespace std::chrono_literals;
using desktop_test::test_pixel;
using testing::HasSubstr;

Timestamp now() { return SteadyTime{}.now(); }

class PortalDesktops : public testing::Test {
 protected:
  void offer(FakeParams params = {}) {
    params.bus_address = session_.bus_address();
    params.pipewire_socket = session_.pipewire_socket();
    portal_ = std::make_unique<FakePortal>(params);
  }
  DesktopPlace place() const {
    return {.runtime_dir = session_.runtime_dir(),
            .session_bus = session_.bus_address(),
            .pipewire_socket = session_.pipewire_socket()};
  }
  std::string token_file() const { return session_.runtime_dir() + "/state/portal-token"; }
  std::string token() const {
    std::string text;
    std::getline(std::ifstream{token_file()}, text);
    return text;
  }
  Result<std::unique_ptr<Desktop>> create(Duration patience = 4s) {
    DesktopParams params;
    params.mode = {800, 600, 60'000};
    params.place = place();
    DesktopEvents events;
    events.on_frame = [this](const BorrowedFrame& frame) {
      ++frames_;
      width_ = frame.width;
      std::memcpy(&first_pixel_, frame.pixels + 4, 4);
    };
    events.on_pointer = [this](const BorrowedPointer& pointer) {
      pointer_ = pointer;
      pointer_pixels_.assign(pointer.pixels.begin(), pointer.pixels.end());
    };
    events.on_lost = [this](const Error& why) { lost_.emplace_back(why.id); };
    return create_portal_desktop(params, {.token_file = token_file(), .consent_within = patience}, events,
                                 *loop_, *log_);
  }
  void open() {
    auto made = create();
    ASSERT_TRUE(made) << describe(made.error());
    desktop_ = *std::move(made);
  }
  bool shows(std::uint32_t seed) {
    return run_until([&] {
      portal_->push(seed);
      return frames_ > 0 && (first_pixel_ & 0xFFFFFFU) == test_pixel(seed, 1, 0);
    });
  }
  bool run_until(const std::function<bool()>& done, Duration limit = 5s) {
    const auto end = now() + limit;
    while (!done()) {
      if (now() >= end) return false;
      loop_->call_at(now() + 5ms, [this] { loop_->stop(); });
      loop_->run();
    }
    return true;
  }
  // The one question of this name.
  std::string question(const std::string& member) const {
    for (const auto& each : portal_->asked()) {
      if (each.starts_with(member + " ")) return each;
    }
    return {};
  }

  desktop_test::PrivateSession session_;
  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  std::shared_ptr<Logger> log_ = make_null_logger();
  std::unique_ptr<FakePortal> portal_;
  int frames_ = 0;
  std::uint32_t width_ = 0, first_pixel_ = 0;
  std::optional<BorrowedPointer> pointer_;  // without its pixels
  std::vector<std::byte> pointer_pixels_;
  std::vector<std::string> lost_;
  std::unique_ptr<Desktop> desktop_;
};

TEST_F(PortalDesktops, a_shared_monitor_is_seen_as_it_is_and_steered) {
  offer();
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_EQ(desktop_->mode().width, 640U);
  EXPECT_FALSE(desktop_->abilities().any_mode);
  EXPECT_TRUE(desktop_->abilities().touch);
  EXPECT_EQ(desktop_->set_mode({1000, 500, 60'000}).error().id, "portal.mode");
  EXPECT_TRUE(shows(7));
  desktop_->inject(PointerMoveTo{65'535, 65'535});
  desktop_->inject(Key{30, true});
  desktop_->inject(Scroll{120, 0});
  desktop_->inject(ReleaseAll{});
  EXPECT_TRUE(run_until([&] { return portal_->was_asked("NotifyKeyboardKeycode 30 0"); }));
  EXPECT_TRUE(portal_->was_asked("NotifyKeyboardKeycode 30 1"));
  EXPECT_TRUE(portal_->was_asked("NotifyPointerAxisDiscrete 0 1"));
  const auto asked = portal_->asked();
  EXPECT_TRUE(std::ranges::any_of(asked, [](const auto& each) {
    return each.starts_with("NotifyPointerMotionAbsolute") && each.ends_with(" 639 359");
  })) << testing::PrintToString(asked);
}

TEST_F(PortalDesktops, the_pointer_comes_beside_the_picture_where_the_portal_can) {
  offer();
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_THAT(question("SelectSources"), HasSubstr(" cursor_mode=4"));
  EXPECT_TRUE(desktop_->abilities().pointer_apart);
  ASSERT_TRUE(shows(7));
  const desktop_test::SourcePush::Pointer red{
      .x = 2, .y = 1, .hotspot_x = 2, .hotspot_y = 1, .width = 8, .height = 4, .argb = 0xFFFF0000};
  EXPECT_TRUE(run_until([&] {
    portal_->push_pointer(8, red);
    return pointer_ && pointer_->visible && pointer_->x == 2 &&
           (first_pixel_ & 0xFFFFFFU) == test_pixel(8, 1, 0);
  }));
  EXPECT_EQ(pointer_->width, 8U);
  EXPECT_EQ(pointer_->hotspot_y, 1);
  ASSERT_EQ(pointer_pixels_.size(), 8U * 4 * 4);
  EXPECT_EQ(pointer_pixels_[2], std::byte{0xFF});
  pointer_.reset();
  desktop_->tell_pointer();
  EXPECT_TRUE(run_until([&] { return pointer_ && pointer_->y == 1; }));
  desktop_->set_pointer_drawn(true);
  EXPECT_TRUE(run_until([&] { return (first_pixel_ & 0xFFFFFFU) == 0xFF0000; }));
  desktop_->set_pointer_drawn(false);
  EXPECT_TRUE(run_until([&] { return (first_pixel_ & 0xFFFFFFU) == test_pixel(8, 1, 0); }));
}

TEST_F(PortalDesktops, the_pointer_stays_in_the_picture_where_the_portal_knows_no_other_way) {
  offer({.cursor_modes = 3});
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_FALSE(desktop_->abilities().pointer_apart);
  EXPECT_THAT(question("SelectSources"), HasSubstr(" cursor_mode=1"));
  desktop_->tell_pointer();
  EXPECT_TRUE(shows(7));
  EXPECT_FALSE(pointer_);
}

TEST_F(PortalDesktops, a_virtual_monitor_has_the_mode_asked_for_and_changes_it) {
  offer({.source_types = 7});
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_THAT(question("SelectSources"), HasSubstr(" types=4"));
  EXPECT_EQ(desktop_->mode(), (Mode{800, 600, 60'000}));
  EXPECT_TRUE(desktop_->abilities().any_mode);
  EXPECT_TRUE(shows(1));
  ASSERT_TRUE(desktop_->set_mode({1000, 500, 60'000}));
  EXPECT_TRUE(run_until([&] { return desktop_->mode().width == 1000; }));
  EXPECT_TRUE(shows(2));
  EXPECT_EQ(width_, 1000U);
}

TEST_F(PortalDesktops, the_consent_is_kept_privately_and_each_token_serves_once) {
  offer();
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_THAT(question("SelectDevices"), HasSubstr(" persist_mode=2"));
  EXPECT_EQ(question("SelectDevices").find("restore_token"), std::string::npos);
  EXPECT_EQ(token(), "token-1");
  struct stat about{};
  ASSERT_EQ(stat(token_file().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
  desktop_.reset();
  EXPECT_TRUE(
      desktop_test::eventually([&] { return portal_->was_asked("Close org.freedesktop.portal.Session"); }));
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_TRUE(std::ranges::any_of(portal_->asked(), [](const auto& each) {
    return each.find("restore_token=token-1") != std::string::npos;
  }));
  EXPECT_EQ(token(), "token-2");
}

TEST_F(PortalDesktops, a_token_that_others_could_have_read_is_not_used) {
  std::filesystem::create_directories(session_.runtime_dir() + "/state");
  std::ofstream{token_file()} << "stolen";
  std::filesystem::permissions(token_file(), std::filesystem::perms{0644});
  offer();
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_EQ(question("SelectDevices").find("stolen"), std::string::npos);
}

TEST_F(PortalDesktops, without_input_the_screen_alone_is_asked_for) {
  offer({.device_types = 0});
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_EQ(question("SelectDevices"), "");
  EXPECT_THAT(question("SelectSources"), HasSubstr(" persist_mode=2"));
  desktop_->inject(Key{30, true});
  EXPECT_TRUE(shows(3));
}

TEST_F(PortalDesktops, devices_that_were_not_granted_are_not_used) {
  offer({.granted_devices = 2});
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_FALSE(desktop_->abilities().touch);
  desktop_->inject(Key{30, true});
  desktop_->inject(Touch{.phase = TouchPhase::down, .id = 1});
  desktop_->inject(PointerButton{272, true});
  EXPECT_TRUE(run_until([&] { return portal_->was_asked("NotifyPointerButton 272 1"); }));
  EXPECT_FALSE(portal_->was_asked("NotifyKeyboard"));
  EXPECT_FALSE(portal_->was_asked("NotifyTouch"));
}

TEST_F(PortalDesktops, a_person_who_says_no_is_understood) {
  offer({.response = 1});
  const auto made = create();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().id, "portal.refused");
  EXPECT_EQ(made.error().code, ErrorCode::denied);
  EXPECT_FALSE(made.error().remedy.empty());
  EXPECT_EQ(token(), "");
  EXPECT_TRUE(
      desktop_test::eventually([&] { return portal_->was_asked("Close org.freedesktop.portal.Session"); }));
}

TEST_F(PortalDesktops, a_question_that_nobody_answers_is_taken_back) {
  offer({.answers = false});
  const auto began = now();
  const auto made = create(500ms);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().id, "portal.unanswered");
  EXPECT_LT(now() - began, 3s);
  EXPECT_TRUE(run_until([&] { return portal_->was_asked("Close org.freedesktop.portal.Request"); }));
}

TEST_F(PortalDesktops, a_portal_that_dies_meanwhile_does_not_keep_us_waiting) {
  offer({.dies_at_start = true});
  const auto began = now();
  const auto made = create();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().id, "portal.closed");
  EXPECT_LT(now() - began, 3s);
}

TEST_F(PortalDesktops, an_end_of_sharing_and_a_portal_that_dies_are_told_once) {
  offer();
  ASSERT_NO_FATAL_FAILURE(open());
  portal_->end_session();
  EXPECT_TRUE(run_until([&] { return !lost_.empty(); }, 1s));
  portal_->die();
  desktop_->inject(Key{30, true});
  run_until([] { return false; }, 50ms);
  EXPECT_EQ(lost_, std::vector<std::string>{"portal.closed"});
}

TEST_F(PortalDesktops, pipewire_that_dies_is_told) {
  offer();
  ASSERT_NO_FATAL_FAILURE(open());
  session_.kill_pipewire();
  EXPECT_TRUE(run_until([&] { return lost_.size() == 1; }, 1s));
}

TEST(PortalDesktopNames, gnome_alone_is_mutters) {
  for (const auto* mutters : {"", "GNOME", "ubuntu:GNOME", "GNOME-Classic:GNOME"})
    EXPECT_TRUE(may_be_mutter(mutters)) << mutters;
  for (const auto* other : {"KDE", "sway", "GNOMEish", "Hyprland:wlroots"})
    EXPECT_FALSE(may_be_mutter(other)) << other;
}

TEST_F(PortalDesktops, probing_says_what_there_is_and_asks_nobody) {
  EXPECT_EQ(probe_portal(place()).refusal->id, "dbus.absent");
  EXPECT_EQ(probe_portal({}).refusal->id, "dbus.connect");
  offer({.source_types = 7});
  const auto found = probe_portal(place());
  EXPECT_FALSE(found.refusal);
  EXPECT_EQ(found.name, "xdg-desktop-portal (ScreenCast 4)");
  EXPECT_TRUE(found.abilities.any_mode);
  EXPECT_TRUE(portal_->asked().empty());
}

}  // namespace
}  // namespace lumen::portal
