// Against the real Mutter and the real GNOME Shell, headless.
#include "desktop/mutter/mutter_desktop.hpp"

#include <filesystem>

#include "contract/desktop_contract.hpp"
#include "desktop/dbus/connection.hpp"
#include "desktop/testing/test_session.hpp"
#include "interface/clipboard.hpp"

namespace lumen::contract {
namespace {

using namespace std::chrono_literals;
using desktop_test::PrivateSession;

constexpr auto kDisplay = "wayland-mutter";

class MutterRig final : public DesktopRig {
 public:
  explicit MutterRig(std::string program) : program_{std::move(program)} { restart_compositor(); }

  Result<std::unique_ptr<Desktop>> create(const DesktopParams& wanted, const DesktopEvents& events,
                                          EventLoop& loop, Logger& log) override {
    auto params = wanted;
    params.place = place();
    params.pointer_drawn = pointer_drawn;
    return mutter::create_mutter_desktop(params, events, loop, log);
  }
  std::string client_socket() override { return session_.runtime_dir() + "/" + kDisplay; }
  // Its monitors, as it tells them.
  std::string snapshot() override {
    auto bus = dbus::Connection::open(session_.bus_address(), SteadyTime{}.now() + 5s);
    if (!bus) return "no bus";
    const auto reply = (*bus)->call({"org.gnome.Mutter.DisplayConfig", "/org/gnome/Mutter/DisplayConfig",
                                     "org.gnome.Mutter.DisplayConfig", "GetCurrentState"},
                                    SteadyTime{}.now() + 5s, "");
    if (!reply) return describe(reply.error());
    std::uint32_t serial = 0;
    sd_bus_message_read(reply->get(), "u", &serial);
    std::string names;
    sd_bus_message_enter_container(reply->get(), 'a', "((ssss)a(siiddada{sv})a{sv})");
    while (sd_bus_message_enter_container(reply->get(), 'r', "(ssss)a(siiddada{sv})a{sv}") > 0) {
      const char* connector = nullptr;
      sd_bus_message_enter_container(reply->get(), 'r', "ssss");
      sd_bus_message_read(reply->get(), "s", &connector);
      names += std::string{connector} + " ";
      sd_bus_message_skip(reply->get(), "sss");
      sd_bus_message_exit_container(reply->get());
      sd_bus_message_skip(reply->get(), "a(siiddada{sv})a{sv}");
      sd_bus_message_exit_container(reply->get());
    }
    return names;
  }
  void kill_compositor() override { compositor_->end(); }
  void restart_compositor() override {
    std::filesystem::remove(client_socket());
    std::filesystem::remove(client_socket() + ".lock");
    compositor_ =
        session_.start({program_, "--headless", "--wayland", "--no-x11", "--wayland-display", kDisplay},
                       {"XDG_CURRENT_DESKTOP=GNOME", "XDG_SESSION_TYPE=wayland"});
    // The bus is asked, as the socket is there before anything else.
    const bool up = desktop_test::eventually(
        [&] { return !mutter::probe_mutter(place()).refusal && is_shown(); }, std::chrono::seconds{20});
    if (!up) ADD_FAILURE() << program_ << " did not start: " << compositor_->log();
  }
  DesktopPlace place() const {
    return {.runtime_dir = session_.runtime_dir(),
            .wayland_socket = session_.runtime_dir() + "/" + kDisplay,
            .session_bus = session_.bus_address(),
            .pipewire_socket = session_.pipewire_socket()};
  }
  PrivateSession& session() { return session_; }

  bool pointer_drawn = false;

 private:
  bool is_shown() { return desktop_test::socket_answers(client_socket()); }

  const std::string program_;
  PrivateSession session_;
  std::unique_ptr<desktop_test::TestProcess> compositor_;
};

DesktopCase mutter_case() {
  return {.name = "mutter", .make_rig = [] { return std::make_unique<MutterRig>("mutter"); }};
}

INSTANTIATE_TEST_SUITE_P(Mutter, DesktopContract, testing::Values(mutter_case()), desktop_case_name);
INSTANTIATE_TEST_SUITE_P(Mutter, DesktopLossContract, testing::Values(mutter_case()), desktop_case_name);
INSTANTIATE_TEST_SUITE_P(Mutter, DesktopPairContract, testing::Values(mutter_case()), desktop_case_name);

TEST(MutterPointers, are_in_the_picture_where_that_was_asked_for_and_not_elsewhere) {
  for (const bool drawn : {true, false}) {
    auto loop = EventLoop::create().value();
    MutterRig rig{"mutter"};
    rig.pointer_drawn = drawn;
    DesktopScene scene{rig, *loop};
    ASSERT_NO_FATAL_FAILURE(scene.open({640, 480, 60'000}));
    ASSERT_NO_FATAL_FAILURE(scene.show_window());
    scene.desktop->inject(scene.to_pixel(300, 200));
    ASSERT_TRUE(scene.sees_at("enter", 300, 200, 1.0) || scene.sees_at("motion", 300, 200, 1.0));
    scene.client->set_cursor(16, 16, 0xFFFF0000, 0, 0);  // a window without one has none
    if (drawn) {
      EXPECT_TRUE(scene.run_until([&] { return scene.wrong_pixels() > 50; })) << "there is no pointer";
      EXPECT_LT(scene.wrong_pixels(), 5000U);
    } else {
      scene.client->draw(77);
      EXPECT_TRUE(scene.run_until([&] { return scene.shows_client(); })) << scene.what_is_wrong();
    }
  }
}

TEST(MutterClipboards, are_shared_but_neither_what_was_copied_before_nor_our_own) {
  auto loop = EventLoop::create().value();
  MutterRig rig{"mutter"};
  DesktopScene scene{rig, *loop};
  ASSERT_NO_FATAL_FAILURE(scene.open({640, 480, 60'000}));
  ASSERT_NO_FATAL_FAILURE(scene.show_window());
  auto* clipboard = scene.desktop->clipboard();
  ASSERT_NE(clipboard, nullptr);
  auto& app = *scene.client;
  scene.desktop->inject(Key{KEY_C, true});
  scene.desktop->inject(Key{KEY_C, false});
  ASSERT_TRUE(scene.sees("key 46 0"));
  const auto copy = [&](const std::string& text) {
    app.events.clear();
    app.offer_text(text);
    return scene.sees("selection");
  };
  ASSERT_TRUE(copy("before"));
  scene.run_for(50ms);
  std::vector<std::string> heard;
  clipboard->watch([&](std::string text) { heard.push_back(std::move(text)); });
  const auto large = "Grüße " + std::string(300'000, 'x');
  ASSERT_TRUE(copy(large));
  ASSERT_TRUE(scene.run_until([&] { return !heard.empty(); }));
  EXPECT_EQ(heard, std::vector<std::string>{large});
  const auto ours = "ours " + std::string(300'000, 'y');
  app.events.clear();
  ASSERT_TRUE(clipboard->set_text(ours));
  ASSERT_TRUE(scene.sees("selection"));
  app.request_paste();
  ASSERT_TRUE(scene.run_until([&] { return app.paste_done; }));
  EXPECT_EQ(app.pasted, ours);
  EXPECT_EQ(heard.size(), 1U);
}

TEST(MutterProbes, say_what_there_is_or_what_is_missing) {
  EXPECT_EQ(mutter::probe_mutter({}).refusal->id, "dbus.connect");
  PrivateSession empty;
  const DesktopPlace place{.session_bus = empty.bus_address(), .pipewire_socket = empty.pipewire_socket()};
  EXPECT_EQ(mutter::probe_mutter(place).refusal->id, "dbus.absent");
  MutterRig rig{"mutter"};
  const auto found = mutter::probe_mutter(rig.place());
  EXPECT_FALSE(found.refusal);
  EXPECT_EQ(found.name, "Mutter");
  EXPECT_EQ(found.abilities.max_refresh_mhz, 60'000U);
  auto without_pipewire = rig.place();
  without_pipewire.pipewire_socket = "/nonexistent";
  EXPECT_EQ(mutter::probe_mutter(without_pipewire).refusal->id, "pipewire.absent");
}

TEST(MutterMonitors, go_at_once_when_nobody_looks_any_more) {
  auto loop = EventLoop::create().value();
  MutterRig rig{"mutter"};
  DesktopScene scene{rig, *loop};
  ASSERT_EQ(rig.snapshot(), "");
  ASSERT_NO_FATAL_FAILURE(scene.open({640, 480, 60'000}));
  ASSERT_TRUE(scene.run_until([&] { return rig.snapshot() != ""; }));
  rig.session().kill_pipewire();
  EXPECT_TRUE(scene.run_until([&] { return scene.lost.size() == 1; }, 1s));
  EXPECT_TRUE(scene.run_until([&] { return rig.snapshot() == ""; }, 5s)) << rig.snapshot();
}

// GNOME Shell begins with its overview, where windows are small: a person leaves it with a key.
TEST(GnomeShells, show_a_window_pixel_for_pixel_follow_a_mode_and_take_keys) {
  auto loop = EventLoop::create().value();
  MutterRig rig{"gnome-shell"};
  DesktopScene scene{rig, *loop};
  ASSERT_NO_FATAL_FAILURE(scene.open({1280, 720, 60'000}));
  EXPECT_THAT(mutter::probe_mutter(rig.place()).name, testing::StartsWith("GNOME Shell 4"));
  scene.client = desktop_test::TestClient::connect(rig.client_socket(), [&] { scene.run_for(2ms); }, false);
  ASSERT_TRUE(scene.client);
  scene.client->open_window({.fullscreen = true});
  const auto shown_after_a_key = [&] {
    scene.desktop->inject(Key{KEY_ESC, true});
    scene.desktop->inject(Key{KEY_ESC, false});
    return scene.run_until([&] { return scene.shows_client(); }, 2s);
  };
  bool shown = false;
  for (int tries = 0; tries < 10 && !shown; ++tries) shown = shown_after_a_key();
  ASSERT_TRUE(shown) << scene.what_is_wrong();
  ASSERT_TRUE(scene.desktop->set_mode({1000, 600, 60'000}));
  EXPECT_TRUE(scene.run_until([&] { return scene.newest.width == 1000 && scene.shows_client(); }))
      << scene.what_is_wrong();
  scene.client->events.clear();
  scene.desktop->inject(Key{KEY_A, true});
  EXPECT_TRUE(scene.sees("key 30 1"));
  scene.desktop->inject(ReleaseAll{});
  EXPECT_TRUE(scene.sees("key 30 0"));
}

}  // namespace
}  // namespace lumen::contract
