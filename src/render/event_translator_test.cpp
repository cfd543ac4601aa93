#include "render/event_translator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/input-event-codes.h>

#include <vector>

namespace lumen::render {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

SDL_Event motion(int x, int y, int dx = 0, int dy = 0) {
  SDL_Event event{};
  event.type = SDL_MOUSEMOTION;
  event.motion.x = x;
  event.motion.y = y;
  event.motion.xrel = dx;
  event.motion.yrel = dy;
  return event;
}

SDL_Event button(std::uint8_t number, bool pressed) {
  SDL_Event event{};
  event.type = pressed ? SDL_MOUSEBUTTONDOWN : SDL_MOUSEBUTTONUP;
  event.button.button = number;
  return event;
}

SDL_Event wheel(float right, float up) {
  SDL_Event event{};
  event.type = SDL_MOUSEWHEEL;
  event.wheel.preciseX = right;
  event.wheel.preciseY = up;
  return event;
}

SDL_Event key(SDL_Scancode scancode, bool pressed, int modifiers = 0, bool repeat = false) {
  SDL_Event event{};
  event.type = pressed ? SDL_KEYDOWN : SDL_KEYUP;
  event.key.repeat = repeat ? 1 : 0;
  event.key.keysym.scancode = scancode;
  const bool letter = scancode >= SDL_SCANCODE_A && scancode <= SDL_SCANCODE_Z;
  event.key.keysym.sym = letter ? SDLK_a + (scancode - SDL_SCANCODE_A) : SDLK_UNKNOWN;
  event.key.keysym.mod = static_cast<Uint16>(modifiers);
  return event;
}

class EventTranslation : public ::testing::Test {
 protected:
  EventTranslation() { events_.set_picture_area({0, 0, 100, 100}); }

  Command handle(const SDL_Event& event) { return events_.handle(event, collect_); }
  void flush() { events_.flush(collect_); }

  std::vector<InputEvent> sent_;
  EventTranslator events_;

 private:
  EventTranslator::InputFn collect_ = [this](const InputEvent& event) { sent_.push_back(event); };
};

TEST_F(EventTranslation, motion_is_merged_until_something_else_happens) {
  handle(motion(10, 10));
  handle(motion(50, 20));
  EXPECT_THAT(sent_, IsEmpty());
  handle(button(SDL_BUTTON_LEFT, true));
  const auto at = to_picture(50, 20, {0, 0, 100, 100});
  EXPECT_THAT(sent_, ElementsAre(InputEvent{at}, InputEvent{PointerButton{BTN_LEFT, true}}));
  flush();
  EXPECT_EQ(sent_.size(), 2U);
}

TEST_F(EventTranslation, captured_motion_adds_up) {
  events_.set_captured(true);
  handle(motion(10, 10, 3, -1));
  handle(motion(10, 10, 4, -2));
  flush();
  EXPECT_THAT(sent_, ElementsAre(InputEvent{PointerMoveBy{7, -3}}));
}

TEST_F(EventTranslation, no_position_is_sent_before_a_picture_is_shown) {
  events_.set_picture_area({});
  handle(motion(10, 10));
  flush();
  EXPECT_THAT(sent_, IsEmpty());
}

TEST_F(EventTranslation, buttons_and_wheel_arrive) {
  handle(button(SDL_BUTTON_X1, true));
  handle(button(SDL_BUTTON_X1, false));
  handle(wheel(0, -0.5F));
  EXPECT_THAT(sent_, ElementsAre(InputEvent{PointerButton{BTN_SIDE, true}},
                                 InputEvent{PointerButton{BTN_SIDE, false}}, InputEvent{Scroll{60, 0}}));
}

TEST_F(EventTranslation, unknown_buttons_and_keys_are_dropped) {
  handle(button(17, true));
  handle(key(SDL_SCANCODE_UNKNOWN, true));
  EXPECT_THAT(sent_, IsEmpty());
}

TEST_F(EventTranslation, key_repeats_are_left_to_the_desktop) {
  handle(key(SDL_SCANCODE_W, true));
  handle(key(SDL_SCANCODE_W, true, 0, true));
  handle(key(SDL_SCANCODE_W, false));
  EXPECT_THAT(sent_, ElementsAre(InputEvent{Key{KEY_W, true}}, InputEvent{Key{KEY_W, false}}));
}

TEST_F(EventTranslation, combinations_are_obeyed_and_not_sent) {
  constexpr int kBoth = KMOD_LCTRL | KMOD_LALT | KMOD_NUM;  // locks do not matter
  EXPECT_EQ(handle(key(SDL_SCANCODE_Q, true, kBoth)), Command::leave);
  EXPECT_EQ(handle(key(SDL_SCANCODE_F, true, kBoth)), Command::toggle_fullscreen);
  EXPECT_EQ(handle(key(SDL_SCANCODE_G, true, kBoth)), Command::toggle_capture);
  // Released after the modifiers: still not sent.
  EXPECT_EQ(handle(key(SDL_SCANCODE_G, false, 0)), Command::none);
  EXPECT_THAT(sent_, IsEmpty());
  handle(key(SDL_SCANCODE_G, true));
  EXPECT_THAT(sent_, ElementsAre(InputEvent{Key{KEY_G, true}}));
}

TEST_F(EventTranslation, other_modifiers_make_it_an_ordinary_key) {
  EXPECT_EQ(handle(key(SDL_SCANCODE_Q, true, KMOD_LCTRL)), Command::none);
  EXPECT_EQ(handle(key(SDL_SCANCODE_Q, true, KMOD_LCTRL | KMOD_LALT | KMOD_LSHIFT)), Command::none);
  EXPECT_EQ(handle(key(SDL_SCANCODE_T, true, KMOD_LCTRL | KMOD_LALT)), Command::none);
  EXPECT_EQ(sent_.size(), 3U);
}

TEST_F(EventTranslation, losing_focus_releases_everything_after_what_came_before) {
  handle(motion(1, 1));
  SDL_Event lost{};
  lost.type = SDL_WINDOWEVENT;
  lost.window.event = SDL_WINDOWEVENT_FOCUS_LOST;
  handle(lost);
  ASSERT_EQ(sent_.size(), 2U);
  EXPECT_EQ(sent_[1], InputEvent{ReleaseAll{}});
}

}  // namespace
}  // namespace lumen::render
