#include "render/screen_translator.hpp"

#include <SDL2/SDL.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace lumen::render {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Translated : public testing::Test {
 protected:
  ScreenCommand feed(const SDL_Event& event) {
    return translator_.handle(event, [this](const ScreenInput& input) { told_.push_back(input); });
  }
  ScreenCommand key(SDL_Keycode code, Uint16 modifiers = 0) {
    SDL_Event event{};
    event.type = SDL_KEYDOWN;
    event.key.keysym.sym = code;
    event.key.keysym.mod = modifiers;
    return feed(event);
  }
  void text(const char* utf8) {
    SDL_Event event{};
    event.type = SDL_TEXTINPUT;
    std::strncpy(static_cast<char*>(event.text.text), utf8, sizeof event.text.text - 1);
    feed(event);
  }

  ScreenTranslator translator_;
  std::vector<ScreenInput> told_;
};

TEST_F(Translated, keys_of_a_keyboard_and_of_a_remote_control) {
  for (const auto code :
       {SDLK_UP, SDLK_RETURN, SDLK_KP_ENTER, SDLK_SELECT, SDLK_ESCAPE, SDLK_AC_BACK, SDLK_TAB})
    key(code);
  key(SDLK_TAB, KMOD_LSHIFT);
  EXPECT_THAT(told_, ElementsAre(ScreenPress{ScreenKey::up}, ScreenPress{ScreenKey::accept},
                                 ScreenPress{ScreenKey::accept}, ScreenPress{ScreenKey::accept},
                                 ScreenPress{ScreenKey::back}, ScreenPress{ScreenKey::back},
                                 ScreenPress{ScreenKey::next}, ScreenPress{ScreenKey::previous}));
}

TEST_F(Translated, typed_text_comes_by_its_characters) {
  text("a é€");
  EXPECT_THAT(told_, ElementsAre(ScreenText{U'a'}, ScreenText{U' '}, ScreenText{U'é'}, ScreenText{U'€'}));
}

TEST_F(Translated, broken_text_is_left_out) {
  text("\xC3");
  text("\x80zz");
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(Translated, the_pointer_is_told_in_the_scenes_units) {
  translator_.set_window_size({960, 540});
  SDL_Event event{};
  event.type = SDL_MOUSEBUTTONDOWN;
  event.button.button = SDL_BUTTON_LEFT;
  event.button.x = 480;
  event.button.y = 270;
  feed(event);
  event.button.button = SDL_BUTTON_RIGHT;
  feed(event);
  EXPECT_THAT(told_, ElementsAre(ScreenPoint{960, 540, true}, ScreenPress{ScreenKey::back}));
}

TEST_F(Translated, a_pointer_that_rests_focuses_nothing) {
  translator_.set_window_size({960, 540});
  SDL_Event event{};
  event.type = SDL_MOUSEMOTION;
  feed(event);
  EXPECT_THAT(told_, IsEmpty());
  event.motion.xrel = 3;
  feed(event);
  EXPECT_THAT(told_, ElementsAre(ScreenPoint{0, 0, false}));
}

TEST_F(Translated, the_window_keeps_what_is_its_own) {
  EXPECT_EQ(key(SDLK_q, KMOD_LCTRL), ScreenCommand::close);
  EXPECT_EQ(key(SDLK_F11), ScreenCommand::toggle_fullscreen);
  EXPECT_EQ(key(SDLK_RETURN, KMOD_LALT), ScreenCommand::toggle_fullscreen);
  EXPECT_THAT(told_, IsEmpty());
}

}  // namespace
}  // namespace lumen::render
