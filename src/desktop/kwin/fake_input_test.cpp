// Input into a real KWin, as a window there sees it.
#include "desktop/kwin/fake_input.hpp"

#include <linux/input-event-codes.h>

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "desktop/kwin/test_kwin.hpp"
#include "desktop/wayland/data_control.hpp"

namespace lumen::kwin {
namespace {

using ::testing::Contains;
using ::testing::IsSupersetOf;

class FakeInputTest : public ::testing::Test {
 protected:
  void SetUp() override {
    loop_ = EventLoop::create().value();
    auto connection = wayland::WaylandConnection::connect(
        kwin_.place().wayland_socket, *loop_, [](const Error& why) { ADD_FAILURE() << describe(why); });
    ASSERT_TRUE(connection) << describe(connection.error());
    connection_ = *std::move(connection);
    auto input = FakeInput::create(*connection_);
    ASSERT_TRUE(input) << describe(input.error());
    input_ = *std::move(input);
    input_->set_area(area_of(*connection_->outputs().at(0), true));
    client_ = TestClient::connect(kwin_.place().wayland_socket, [] {}, false);
    ASSERT_TRUE(client_);
    client_->listen_to_touch();
    client_->open_window({.fullscreen = true});
    ASSERT_TRUE(run_until([&] { return client_->activated && client_->configured_width == 1280; }))
        << kwin_.log();
    client_->draw(1);
    ASSERT_TRUE(run_until([&] { return client_->callbacks > 0 || has("focus"); }));
  }

  bool run_until(const std::function<bool()>& done) {
    return eventually([&] {
      loop_->call_at(Clock::now(), [this] { loop_->stop(); });
      loop_->run();
      client_->pump();
      return done();
    });
  }
  bool has(const std::string& event) const {
    return std::ranges::find(client_->events, event) != client_->events.end();
  }
  bool sees(const std::string& event) {
    return run_until([&] { return has(event); });
  }
  // By the first thing that the window hears of it, or a later one.
  bool sees_pointer(const std::string& place) {
    return run_until([&] { return has("motion " + place) || has("enter " + place); });
  }
  static PointerMoveTo at(std::uint32_t x, std::uint32_t y) {
    const auto position = [](std::uint32_t pixel, std::uint32_t side) {
      return static_cast<std::uint16_t>((std::uint64_t{pixel} * 65'535 + (side - 1) / 2) / (side - 1));
    };
    return {position(x, 1280), position(y, 720)};
  }
  auto events() const { return ::testing::PrintToString(client_->events); }

  TestKWin kwin_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<wayland::WaylandConnection> connection_;
  std::unique_ptr<FakeInput> input_;
  std::unique_ptr<TestClient> client_;
};

TEST_F(FakeInputTest, moves_the_pointer_to_the_pixel) {
  input_->inject(at(321, 123));
  EXPECT_TRUE(sees_pointer("321 123")) << events();
  input_->inject(at(1270, 710));
  EXPECT_TRUE(sees_pointer("1270 710")) << events();
}

TEST_F(FakeInputTest, adds_up_fractions_of_pixels) {
  input_->inject(at(100, 50));
  for (int i = 0; i < 80; ++i) input_->inject(PointerMoveBy{0.25F, 0.5F});
  EXPECT_TRUE(sees_pointer("120 90")) << events();
}

TEST_F(FakeInputTest, begins_in_the_middle_where_the_pointer_is_unknown) {
  input_->inject(PointerMoveBy{10, -3});
  EXPECT_TRUE(sees_pointer("650 357")) << events();
}

TEST_F(FakeInputTest, presses_buttons_turns_wheels_and_types) {
  input_->inject(at(100, 50));
  ASSERT_TRUE(sees_pointer("100 50")) << events();
  for (std::uint16_t button = BTN_LEFT; button <= BTN_EXTRA; ++button) {
    input_->inject(PointerButton{button, true});
    input_->inject(PointerButton{button, false});
  }
  input_->inject(Scroll{120, 0});
  input_->inject(Scroll{0, -240});
  input_->inject(Key{KEY_LEFTSHIFT, true});
  input_->inject(Key{KEY_A, true});
  input_->inject(Key{KEY_A, false});
  input_->inject(Key{KEY_LEFTSHIFT, false});
  EXPECT_TRUE(sees("key 42 0")) << events();
  EXPECT_THAT(client_->events, IsSupersetOf({"button 272 1", "button 272 0", "button 273 1", "button 274 1",
                                             "button 275 1", "button 276 0", "axis 0 15", "axis 1 -30"}));
  EXPECT_EQ(client_->typed, "A");
}

TEST_F(FakeInputTest, types_the_characters_that_the_layout_has_and_drops_the_others) {
  ASSERT_TRUE(run_until([&] {  // what comes before KWin has told its keymap is dropped
    input_->inject(Character{U'x'});
    return has("key 45 0");
  }));
  for (const char32_t each : std::u32string{U"aZ1€你?\n"}) input_->inject(Character{each});
  EXPECT_TRUE(sees("key 28 0")) << events();
  EXPECT_THAT(client_->typed, ::testing::HasSubstr("xaZ1?"));
}

TEST_F(FakeInputTest, touches_and_cancels) {
  const auto down = at(600, 400), then = at(640, 410);
  input_->inject(Touch{TouchPhase::down, 7, down.x, down.y});
  input_->inject(Touch{TouchPhase::down, 7, down.x, down.y});  // twice: once
  input_->inject(Touch{TouchPhase::move, 7, then.x, then.y});
  input_->inject(Touch{TouchPhase::move, 8, then.x, then.y});  // nobody's
  input_->inject(Touch{TouchPhase::up, 7, 0, 0});
  EXPECT_TRUE(run_until([&] {
    return std::ranges::any_of(client_->events, [](const auto& e) { return e.starts_with("up "); });
  })) << events();
  EXPECT_THAT(client_->events, Contains(::testing::StartsWith("down 7 600")));
  EXPECT_THAT(client_->events, Contains(::testing::MatchesRegex("move 7 (640|639.99.*) (410|409.99.*)")));
  input_->inject(Touch{TouchPhase::down, 7, down.x, down.y});
  input_->inject(Touch{TouchPhase::cancel, 7, 0, 0});
  EXPECT_TRUE(sees("cancel")) << events();
}

TEST_F(FakeInputTest, releases_all_that_is_held_also_when_it_goes) {
  input_->inject(at(100, 50));
  ASSERT_TRUE(sees_pointer("100 50")) << events();
  input_->inject(Key{KEY_A, true});
  input_->inject(Key{KEY_A, true});
  input_->inject(PointerButton{BTN_LEFT, true});
  input_->inject(ReleaseAll{});
  EXPECT_TRUE(sees("key 30 0")) << events();
  EXPECT_TRUE(sees("button 272 0")) << events();
  EXPECT_EQ(std::ranges::count(client_->events, "key 30 1"), 1);
  input_->inject(Key{KEY_B, true});
  ASSERT_TRUE(sees("key 48 1"));
  input_.reset();
  EXPECT_TRUE(sees("key 48 0")) << events();
}

TEST_F(FakeInputTest, sends_nothing_by_position_while_the_output_is_not_there) {
  input_->set_area({});
  input_->inject(at(100, 50));
  input_->inject(PointerMoveBy{5, 5});
  input_->inject(Touch{TouchPhase::down, 1, 100, 100});
  input_->inject(Key{KEY_A, true});
  ASSERT_TRUE(sees("key 30 1"));
  EXPECT_TRUE(std::ranges::none_of(client_->events, [](const auto& e) {
    return e.starts_with("motion") || e.starts_with("down");
  })) << events();
}

class KWinClipboard : public FakeInputTest {};

TEST_F(KWinClipboard, is_shared_but_neither_what_was_copied_before_nor_our_own) {
  const auto clipboard = wayland::DataControl::create(*connection_, *loop_);
  ASSERT_NE(clipboard, nullptr);
  const auto copy = [&](const std::string& text) {
    client_->events.clear();
    client_->offer_text(text);
    return sees("selection");
  };
  input_->inject(Key{KEY_C, true});
  input_->inject(Key{KEY_C, false});
  ASSERT_TRUE(sees("key 46 0"));
  ASSERT_TRUE(copy("before"));
  ASSERT_TRUE(connection_->roundtrip(std::chrono::seconds{5}));
  std::vector<std::string> heard;
  clipboard->watch([&](std::string text) { heard.push_back(std::move(text)); });
  const auto large = "Grüße " + std::string(300'000, 'x');
  ASSERT_TRUE(copy(large));
  ASSERT_TRUE(run_until([&] { return !heard.empty(); }));
  EXPECT_EQ(heard, std::vector<std::string>{large});
  const auto ours = "ours " + std::string(300'000, 'y');
  client_->events.clear();
  ASSERT_TRUE(clipboard->set_text(ours));
  ASSERT_TRUE(sees("selection"));
  client_->request_paste();
  ASSERT_TRUE(run_until([&] { return client_->paste_done; }));
  EXPECT_EQ(client_->pasted, ours);
  EXPECT_EQ(heard.size(), 1U);
}

}  // namespace
}  // namespace lumen::kwin
