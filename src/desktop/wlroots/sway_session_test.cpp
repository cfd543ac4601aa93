// What sessions do to a person's sway, and what they leave there.
#include <linux/input-event-codes.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "contract/desktop_rig.hpp"
#include "desktop/testing/test_sway.hpp"
#include "desktop/wlroots/sway_ipc.hpp"
#include "desktop/wlroots/wlroots_desktop.hpp"
#include "interface/clipboard.hpp"

namespace lumen::wlroots {
namespace {

using namespace std::chrono_literals;
using contract::DesktopScene;
using contract::MemoryJournal;
using desktop_test::SwayProcess;

constexpr Mode kMode{1280, 720, 60'000};

class SharedSway final : public contract::DesktopRig {
 public:
  explicit SharedSway(const SwayProcess& sway) : place{sway.place()} {}
  Result<std::unique_ptr<Desktop>> create(const DesktopParams& wanted, const DesktopEvents& events,
                                          EventLoop& loop, Logger& log) override {
    auto params = wanted;
    params.place = place;
    params.scale = scale;
    return create_wlroots_desktop(params, events, loop, log);
  }
  std::string client_socket() override { return place.wayland_socket; }
  std::string snapshot() override { return {}; }
  DesktopPlace place;
  double scale = 1;
};

class SwaySession : public ::testing::Test {
 protected:
  void SetUp() override {
    sway_ =
        SwayProcess::start({.config = {"output HEADLESS-1 mode 1600x900@60Hz", "seat * hide_cursor 100"}});
    ASSERT_NE(sway_, nullptr);
    rig_ = std::make_unique<SharedSway>(*sway_);
    scene_ = std::make_unique<DesktopScene>(*rig_, *loop_);
  }
  std::vector<SwayOutput> outputs() const {
    return *SwayIpc::connect(sway_->place().ipc_socket)->outputs(1s);
  }
  DesktopParams params(RestoreJournal* journal = nullptr) const {
    return {.mode = kMode, .place = rig_->place, .journal = journal};
  }
  Status undo(const std::string& change) { return undo_wlroots(change, rig_->place, *log_); }
  // A session that ends without notice; what its journal says then.
  std::string crash(const DesktopPlace& place);

  std::unique_ptr<EventLoop> loop_ = *EventLoop::create();
  std::shared_ptr<Logger> log_ = make_null_logger();
  std::unique_ptr<SwayProcess> sway_;
  std::unique_ptr<SharedSway> rig_;
  std::unique_ptr<DesktopScene> scene_;
};

std::string SwaySession::crash(const DesktopPlace& place) {
  std::array<int, 2> fds{};
  EXPECT_EQ(::pipe(fds.data()), 0);
  const UniqueFd from{fds[0]}, to{fds[1]};
  const pid_t child = ::fork();
  if (child == 0) {
    MemoryJournal journal;
    const auto loop = EventLoop::create();
    auto wanted = params(&journal);
    wanted.place = place;
    auto desktop = create_wlroots_desktop(wanted, {}, **loop, *log_);
    const auto change =
        desktop && journal.entries.size() == 1 ? journal.entries.begin()->second : std::string{};
    static_cast<void>(!::write(to.get(), change.data(), change.size()));
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  std::array<char, 4096> text{};
  const auto count = ::read(from.get(), text.data(), text.size());
  const std::string entry{text.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
  EXPECT_TRUE(entry.starts_with("wlroots: "));
  return entry.substr(std::min<std::size_t>(9, entry.size()));
}

TEST_F(SwaySession, an_output_that_cannot_be_removed_is_used_again) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_NO_FATAL_FAILURE(scene_->open(kMode));
    EXPECT_EQ(outputs().size(), 2U);
    EXPECT_EQ(outputs()[1].width, 1280);
    EXPECT_TRUE(outputs()[1].focused);
    const bool removable = scene_->desktop->abilities().removable;
    scene_->close();
    EXPECT_EQ(outputs().size(), removable ? 1U : 2U);
    EXPECT_TRUE(outputs()[0].focused);
    if (!removable) {
      EXPECT_EQ(outputs()[1].width, 64);
    }
  }
}

TEST_F(SwaySession, never_takes_an_output_that_was_there_before) {
  std::ofstream{rig_->place.runtime_dir + "/lumen-output-HEADLESS-1"} << "1 1";  // of another compositor
  ASSERT_NO_FATAL_FAILURE(scene_->open(kMode));
  EXPECT_EQ(outputs()[0].width, 1600);
  EXPECT_EQ(outputs().size(), 2U);
}

TEST_F(SwaySession, two_at_once_have_an_output_each_and_a_third_takes_what_is_free) {
  DesktopScene other{*rig_, *loop_}, third{*rig_, *loop_};
  ASSERT_NO_FATAL_FAILURE(scene_->open(kMode));
  ASSERT_NO_FATAL_FAILURE(other.open({800, 600, 60'000}));
  ASSERT_EQ(outputs().size(), 3U);
  EXPECT_EQ(outputs()[1].width, 1280);
  EXPECT_EQ(outputs()[2].width, 800);
  scene_->close();
  ASSERT_NO_FATAL_FAILURE(third.open({1000, 600, 60'000}));
  EXPECT_EQ(outputs().size(), 3U);
  EXPECT_EQ(outputs()[2].width, 800);
}

TEST_F(SwaySession, windows_go_to_the_person_even_if_another_session_had_the_focus) {
  DesktopScene other{*rig_, *loop_};
  ASSERT_NO_FATAL_FAILURE(scene_->open(kMode));
  ASSERT_NO_FATAL_FAILURE(other.open({800, 600, 60'000}));  // the first one's output has the focus
  ASSERT_NO_FATAL_FAILURE(other.show_window());
  scene_->close();
  other.desktop.reset();
  EXPECT_EQ(SwayIpc::connect(rig_->place.ipc_socket)->windows_on("HEADLESS-1", 1s)->size(), 1U);
  EXPECT_TRUE(outputs()[0].focused);
}

TEST_F(SwaySession, windows_that_outlive_it_go_to_the_person) {
  ASSERT_NO_FATAL_FAILURE(scene_->open(kMode));
  ASSERT_NO_FATAL_FAILURE(scene_->show_window());
  auto ipc = *SwayIpc::connect(rig_->place.ipc_socket);
  ASSERT_EQ(ipc.windows_on("HEADLESS-2", 1s)->size(), 1U);
  scene_->desktop.reset();
  EXPECT_EQ(ipc.windows_on("HEADLESS-1", 1s)->size(), 1U);
  EXPECT_EQ(ipc.windows_on("HEADLESS-2", 1s)->size(), 0U);
}

TEST_F(SwaySession, tells_within_a_second_that_sway_was_killed) {
  ASSERT_NO_FATAL_FAILURE(scene_->open(kMode));
  sway_->process().kill(SIGKILL);
  EXPECT_TRUE(scene_->run_until([&] { return !scene_->lost.empty(); }, 1s));
  scene_->close();
  EXPECT_TRUE(scene_->journal.entries.empty());
}

TEST_F(SwaySession, tells_nothing_from_inside_the_factory) {
  bool inside = true;
  int frames = 0, early = 0;
  DesktopEvents events;
  events.on_frame = [&](const BorrowedFrame&) { inside ? ++early : ++frames; };
  events.on_window_mapped = [&] { early += inside ? 1 : 0; };
  rig_->place.ipc_socket.clear();  // where the first picture counts as a window
  const auto desktop = create_wlroots_desktop(params(), events, *loop_, *log_);
  inside = false;
  ASSERT_TRUE(desktop);
  EXPECT_TRUE(scene_->run_until([&] { return frames > 0; }));
  EXPECT_EQ(early, 0);
}

TEST_F(SwaySession, no_call_waits_for_a_sway_that_hangs) {
  ASSERT_NO_FATAL_FAILURE(scene_->open(kMode));
  sway_->process().kill(SIGSTOP);
  auto begin = Clock::now();
  EXPECT_TRUE(scene_->desktop->set_mode({1000, 600, 60'000}));  // for when it has time again
  EXPECT_LT(Clock::now() - begin, 150ms);
  begin = Clock::now();
  for (int i = 0; i < 1000; ++i) scene_->desktop->inject(PointerMoveBy{1, 1});
  scene_->desktop->repaint();
  EXPECT_LT(Clock::now() - begin, 150ms);
  begin = Clock::now();
  scene_->close();
  EXPECT_LT(Clock::now() - begin, 5s);
  EXPECT_EQ(scene_->journal.entries.size(), 1U);  // it is not given back: that is for later
  EXPECT_TRUE(scene_->lost.empty());
  sway_->process().kill(SIGCONT);
  EXPECT_TRUE(undo(scene_->journal.entries.begin()->second.substr(9)));
  EXPECT_EQ(outputs()[1].width, 64);
}

TEST_F(SwaySession, has_the_mode_that_its_output_really_has) {
  ASSERT_NO_FATAL_FAILURE(scene_->open(kMode));
  constexpr Mode kLater{1000, 600, 60'000};
  sway_->process().kill(SIGSTOP);
  EXPECT_TRUE(scene_->desktop->set_mode(kLater));
  EXPECT_TRUE(scene_->run_until([&] { return scene_->desktop->mode() == kMode; }));  // not so far
  sway_->process().kill(SIGCONT);
  EXPECT_TRUE(scene_->run_until([&] { return scene_->desktop->mode() == kLater; }));
  ASSERT_TRUE(SwayIpc::connect(rig_->place.ipc_socket)->command("output HEADLESS-2 mode 1100x700", 1s));
  EXPECT_TRUE(scene_->run_until([&] { return scene_->desktop->mode().width == 1100; }));
}

TEST_F(SwaySession, input_during_a_short_hang_arrives_after_it) {
  ASSERT_NO_FATAL_FAILURE(scene_->open(kMode));
  ASSERT_NO_FATAL_FAILURE(scene_->show_window());
  scene_->desktop->inject(scene_->to_pixel(100, 50));
  scene_->run_for(50ms);
  scene_->client->events.clear();
  sway_->process().kill(SIGSTOP);
  for (int i = 0; i < 1000; ++i) scene_->desktop->inject(PointerMoveBy{0.5F, 0.25F});
  scene_->desktop->inject(Key{KEY_A, true});
  scene_->desktop->inject(Key{KEY_A, false});
  sway_->process().kill(SIGCONT);
  EXPECT_TRUE(scene_->sees_at("motion", 600, 300, 1)) << scene_->client->events.size();
  EXPECT_TRUE(scene_->sees("key 30 0"));
  EXPECT_TRUE(scene_->lost.empty());
}

TEST_F(SwaySession, that_crashed_is_undone_by_its_journal) {
  const auto change = crash(rig_->place);
  ASSERT_EQ(outputs().size(), 2U);
  EXPECT_EQ(outputs()[1].width, 1280);
  ASSERT_TRUE(undo(change));
  EXPECT_EQ(outputs()[1].width, 64);
  EXPECT_TRUE(outputs()[0].focused);
  EXPECT_TRUE(undo(change));  // once more: harmless
}

TEST_F(SwaySession, that_crashed_leaves_an_output_that_the_next_one_uses) {
  const auto change = crash(rig_->place);
  ASSERT_NO_FATAL_FAILURE(scene_->open({1000, 600, 60'000}));
  EXPECT_EQ(outputs().size(), 2U);
  EXPECT_TRUE(undo(change));
  EXPECT_EQ(outputs()[1].width, 1000);  // it is in use: left alone
}

TEST_F(SwaySession, that_crashed_before_it_knew_its_output_is_undone_too) {
  auto ipc = *SwayIpc::connect(rig_->place.ipc_socket);
  ASSERT_TRUE(ipc.command("create_output", 1s));
  const auto change = R"({"sway":")" + ipc.peer() + R"(","beside":["HEADLESS-1"],"focused":"HEADLESS-1"})";
  ASSERT_TRUE(undo(change));
  EXPECT_EQ(outputs()[0].width, 1600);
  EXPECT_EQ(outputs()[1].width, 64);
}

TEST_F(SwaySession, entries_of_another_sway_or_no_entries_at_all_undo_nothing) {
  EXPECT_TRUE(undo(R"({"sway":"1 1","output":"HEADLESS-1","focused":""})"));
  EXPECT_EQ(outputs()[0].width, 1600);
  EXPECT_FALSE(undo("nonsense"));
  EXPECT_FALSE(undo(R"({"managed":7})"));
  sway_->process().end();
  EXPECT_TRUE(undo(R"({"sway":"1 1","output":"HEADLESS-1","focused":""})"));
}

class BrokenJournal final : public RestoreJournal {
 public:
  Result<EntryId> write(std::string_view, std::string_view) override {
    return fail(ErrorCode::resource_exhausted, "restore.write", "the disk is full");
  }
  void erase(EntryId) override {}
};

TEST_F(SwaySession, changes_nothing_that_it_cannot_write_down_first) {
  BrokenJournal journal;
  const auto made = create_wlroots_desktop(params(&journal), {}, *loop_, *log_);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().id, "restore.write");
  EXPECT_EQ(outputs().size(), 1U);
}

// Of a session that begins while sway hangs, from the moment on when something is to be changed.
class StoppingJournal final : public RestoreJournal {
 public:
  explicit StoppingJournal(desktop_test::TestProcess& sway) : sway_{sway} {}
  Result<EntryId> write(std::string_view backend, std::string_view change) override {
    sway_.kill(SIGSTOP);
    return entries.write(backend, change);
  }
  void erase(EntryId id) override { entries.erase(id); }
  MemoryJournal entries;

 private:
  desktop_test::TestProcess& sway_;
};

TEST_F(SwaySession, remembers_what_a_sway_that_hangs_may_do_yet) {
  StoppingJournal journal{sway_->process()};
  const auto made = create_wlroots_desktop(params(&journal), {}, *loop_, *log_);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().id, "ipc.timeout");
  ASSERT_EQ(journal.entries.entries.size(), 1U);
  sway_->process().kill(SIGCONT);
  EXPECT_TRUE(undo(journal.entries.entries.begin()->second.substr(9)));
  EXPECT_EQ(outputs()[0].width, 1600);
  for (std::size_t i = 1; i < outputs().size(); ++i) EXPECT_EQ(outputs()[i].width, 64);
}

TEST_F(SwaySession, a_pointer_that_is_moved_by_pixels_stays_on_its_display) {
  ASSERT_NO_FATAL_FAILURE(scene_->open(kMode));
  ASSERT_NO_FATAL_FAILURE(scene_->show_window());
  scene_->desktop->inject(scene_->to_pixel(100, 50));
  for (int i = 0; i < 50; ++i) scene_->desktop->inject(PointerMoveBy{-100, 0});
  scene_->desktop->inject(PointerMoveBy{7, 9});
  EXPECT_TRUE(scene_->sees_at("motion", 7, 59, 0.6)) << testing::PrintToString(scene_->client->events);
}

TEST_F(SwaySession, small_steps_of_a_fine_wheel_add_up_to_clicks) {
  ASSERT_NO_FATAL_FAILURE(scene_->open(kMode));
  ASSERT_NO_FATAL_FAILURE(scene_->show_window());
  scene_->desktop->inject(scene_->to_pixel(100, 50));
  scene_->run_for(50ms);
  scene_->client->events.clear();
  for (int i = 0; i < 3; ++i) scene_->desktop->inject(Scroll{.vertical_v120 = 40});
  EXPECT_TRUE(scene_->sees("clicks 0 1"));
  EXPECT_EQ(std::ranges::count(scene_->client->events, "axis 0 5"), 3);
}

TEST_F(SwaySession, characters_come_whatever_is_held) {
  ASSERT_NO_FATAL_FAILURE(scene_->open(kMode));
  ASSERT_NO_FATAL_FAILURE(scene_->show_window());
  auto& desktop = *scene_->desktop;
  desktop.inject(Key{KEY_LEFTSHIFT, true});
  for (const auto each : std::u32string{U"a/ж"}) desktop.inject(Character{each});
  desktop.inject(Key{KEY_X, true});
  desktop.inject(Key{KEY_X, false});
  desktop.inject(Key{KEY_LEFTSHIFT, false});
  for (const auto each : std::u32string{U"A\t"}) desktop.inject(Character{each});
  EXPECT_TRUE(scene_->run_until([&] { return scene_->client->typed == "a/жXA\t"; }, 5s))
      << scene_->client->typed;
}

TEST_F(SwaySession, a_whole_text_in_many_scripts_is_typed_without_a_mistake) {
  ASSERT_NO_FATAL_FAILURE(scene_->open(kMode));
  ASSERT_NO_FATAL_FAILURE(scene_->show_window());
  std::u32string text;
  for (char32_t i = 0; i < 100; ++i) text += {0x4E00 + i, U'a' + i % 26, 0x400 + i % 80};
  for (const auto each : text) scene_->desktop->inject(Character{each});
  const auto expected = [&] {
    std::string utf8;
    for (const char32_t each : text) {
      if (each < 0x80) {
        utf8 += static_cast<char>(each);
      } else if (each < 0x800) {
        utf8 += {static_cast<char>(0xC0 | (each >> 6U)), static_cast<char>(0x80 | (each & 0x3FU))};
      } else {
        utf8 += {static_cast<char>(0xE0 | (each >> 12U)), static_cast<char>(0x80 | ((each >> 6U) & 0x3FU)),
                 static_cast<char>(0x80 | (each & 0x3FU))};
      }
    }
    return utf8;
  }();
  EXPECT_TRUE(scene_->run_until([&] { return scene_->client->typed.size() >= expected.size(); }, 20s));
  EXPECT_EQ(scene_->client->typed, expected);
}

TEST_F(SwaySession, tells_what_was_drawn_where) {
  ASSERT_NO_FATAL_FAILURE(scene_->open(kMode));
  ASSERT_NO_FATAL_FAILURE(scene_->show_window());
  scene_->run_for(300ms);
  const int before = scene_->frames;
  scene_->client->draw_part(0xFF0000, 100, 100, 32, 32);
  ASSERT_TRUE(scene_->run_until([&] { return scene_->frames > before; }));
  EXPECT_GE(scene_->newest.damage, 1U);
  EXPECT_EQ(scene_->newest.pixels[110U * 1280 + 110], 0xFF0000U);
}

TEST_F(SwaySession, applications_are_as_large_as_the_scale_says) {
  rig_->scale = 2;
  ASSERT_NO_FATAL_FAILURE(scene_->open(kMode));
  scene_->client =
      desktop_test::TestClient::connect(rig_->client_socket(), [this] { scene_->run_for(1ms); }, false);
  ASSERT_TRUE(scene_->client);
  scene_->client->open_window({.fullscreen = true, .output_width = 1280, .output_height = 720});
  ASSERT_TRUE(scene_->run_until(
      [&] { return scene_->client->configured_width == 640 && scene_->client->activated; }));
  scene_->desktop->inject(scene_->to_pixel(300, 200));
  scene_->desktop->inject(scene_->to_pixel(200, 100));
  EXPECT_TRUE(scene_->sees_at("motion", 100, 50, 0.6)) << testing::PrintToString(scene_->client->events);
  scene_->desktop->inject(PointerMoveBy{20, 10});  // pixels of the display
  EXPECT_TRUE(scene_->sees_at("motion", 110, 55, 0.6)) << testing::PrintToString(scene_->client->events);
}

TEST_F(SwaySession, its_clipboard_is_shared_but_neither_what_was_copied_before_nor_our_own) {
  ASSERT_NO_FATAL_FAILURE(scene_->open(kMode));
  auto* clipboard = scene_->desktop->clipboard();
  ASSERT_NE(clipboard, nullptr);
  ASSERT_NO_FATAL_FAILURE(scene_->show_window());
  auto& app = *scene_->client;
  scene_->desktop->inject(Key{KEY_C, true});
  scene_->desktop->inject(Key{KEY_C, false});
  ASSERT_TRUE(scene_->run_until([&] { return !app.typed.empty(); }));
  app.offer_text("before");
  ASSERT_TRUE(scene_->run_until([&] { return !app.events.empty() && app.events.back() == "selection"; }));
  std::vector<std::string> heard;
  clipboard->watch([&](std::string text) { heard.push_back(std::move(text)); });
  const auto large = "Grüße " + std::string(300'000, 'x');
  app.offer_text(large);
  ASSERT_TRUE(scene_->run_until([&] { return !heard.empty(); }));
  EXPECT_EQ(heard, std::vector<std::string>{large});
  const auto ours = "ours " + std::string(300'000, 'y');
  app.events.clear();
  ASSERT_TRUE(clipboard->set_text(ours));
  ASSERT_TRUE(scene_->run_until([&] { return !app.events.empty() && app.events.back() == "selection"; }));
  app.request_paste();
  ASSERT_TRUE(scene_->run_until([&] { return app.paste_done; }));
  EXPECT_EQ(app.pasted, ours);
  clipboard->watch({});
  const auto typed = app.typed.size();
  scene_->desktop->inject(Key{KEY_C, true});  // who copies names an input that is younger than the last copy
  scene_->desktop->inject(Key{KEY_C, false});
  ASSERT_TRUE(scene_->run_until([&] { return app.typed.size() > typed; }));
  app.events.clear();
  app.offer_text("unheard");
  ASSERT_TRUE(scene_->run_until([&] { return !app.events.empty() && app.events.back() == "selection"; }));
  scene_->run_for(100ms);
  EXPECT_EQ(heard.size(), 1U);
}

TEST_F(SwaySession, is_found_and_what_is_missing_is_named) {
  const auto found = probe_wlroots(rig_->place);
  EXPECT_EQ(found.backend, "wlroots");
  EXPECT_TRUE(found.name.starts_with("sway ")) << found.name;
  EXPECT_FALSE(found.refusal);
  EXPECT_TRUE(found.abilities.text);
  EXPECT_FALSE(found.abilities.touch);
  EXPECT_EQ(outputs().size(), 1U);
  auto elsewhere = rig_->place;
  elsewhere.wayland_socket = "/nowhere";
  const auto missing = probe_wlroots(elsewhere);
  ASSERT_TRUE(missing.refusal);
  EXPECT_EQ(missing.refusal->id, "wayland.connect");
  EXPECT_TRUE(missing.name.empty());
}

TEST_F(SwaySession, names_what_applications_need) {
  ASSERT_NO_FATAL_FAILURE(scene_->open(kMode));
  const auto set = scene_->desktop->environment();
  EXPECT_TRUE(std::ranges::count(set, "XDG_RUNTIME_DIR=" + rig_->place.runtime_dir));
  EXPECT_TRUE(std::ranges::count(
      set, "WAYLAND_DISPLAY=" + rig_->place.wayland_socket.substr(rig_->place.runtime_dir.size() + 1)));
  EXPECT_TRUE(std::ranges::count(set, "SWAYSOCK=" + rig_->place.ipc_socket));
}

// As on a compositor of wlroots' kind that is not sway: its headless output gets another mode for a while.
class ManagedSession : public SwaySession {
 protected:
  void SetUp() override {
    SwaySession::SetUp();
    rig_->place.ipc_socket.clear();
  }
};

TEST_F(ManagedSession, uses_a_headless_output_that_is_there_and_gives_it_back_as_it_was) {
  EXPECT_FALSE(probe_wlroots(rig_->place).refusal);
  ASSERT_NO_FATAL_FAILURE(scene_->open(kMode));
  ASSERT_NO_FATAL_FAILURE(scene_->show_window());
  EXPECT_EQ(outputs()[0].width, 1280);
  EXPECT_EQ(scene_->journal.entries.size(), 1U);
  ASSERT_TRUE(scene_->desktop->set_mode({1000, 600, 60'000}));
  EXPECT_TRUE(scene_->run_until([&] { return scene_->newest.width == 1000 && scene_->shows_client(); }));
  scene_->close();
  EXPECT_EQ(outputs()[0].width, 1600);
  EXPECT_EQ(outputs()[0].refresh_mhz, 60'000);
  EXPECT_TRUE(scene_->journal.entries.empty());
}

TEST_F(ManagedSession, leaves_a_sway_alone_that_is_another_compositor) {
  const auto another = SwayProcess::start();
  ASSERT_NE(another, nullptr);
  rig_->place.ipc_socket = another->place().ipc_socket;
  EXPECT_FALSE(probe_wlroots(rig_->place).name.starts_with("sway"));
  ASSERT_NO_FATAL_FAILURE(scene_->open(kMode));
  EXPECT_EQ(outputs()[0].width, 1280);
  EXPECT_EQ(SwayIpc::connect(another->place().ipc_socket)->outputs(1s)->size(), 1U);
  for (const auto& set : scene_->desktop->environment()) EXPECT_FALSE(set.starts_with("SWAYSOCK")) << set;
}

TEST_F(ManagedSession, has_no_output_for_a_second_one) {
  ASSERT_NO_FATAL_FAILURE(scene_->open(kMode));
  const auto second = create_wlroots_desktop(params(), {}, *loop_, *log_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().id, "wlroots.no-output");
  EXPECT_EQ(outputs()[0].width, 1280);
}

TEST_F(ManagedSession, that_crashed_is_undone_by_its_journal) {
  const auto change = crash(rig_->place);
  EXPECT_EQ(outputs()[0].width, 1280);
  auto of_another = change;
  of_another.insert(of_another.find(std::to_string(sway_->process().pid()) + " "), "9");
  EXPECT_TRUE(undo(of_another));
  EXPECT_EQ(outputs()[0].width, 1280);
  sway_->process().kill(SIGSTOP);
  EXPECT_FALSE(undo(change));  // it hangs, and is not gone
  sway_->process().kill(SIGCONT);
  ASSERT_TRUE(undo(change));
  EXPECT_EQ(outputs()[0].width, 1600);
  sway_->process().end();
  EXPECT_TRUE(undo(change));
}

}  // namespace
}  // namespace lumen::wlroots
