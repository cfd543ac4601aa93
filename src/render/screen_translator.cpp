#include "render/screen_translator.hpp"

#include <SDL2/SDL.h>

#include <optional>
#include <string_view>

#include "render/canvas.hpp"

namespace lumen::render {
namespace {

std::optional<ScreenKey> key_of(const SDL_Keysym& key) {
  switch (key.sym) {
    case SDLK_UP:
      return ScreenKey::up;
    case SDLK_DOWN:
      return ScreenKey::down;
    case SDLK_LEFT:
      return ScreenKey::left;
    case SDLK_RIGHT:
      return ScreenKey::right;
    case SDLK_RETURN:
    case SDLK_KP_ENTER:
    case SDLK_SELECT:
      return ScreenKey::accept;
    case SDLK_ESCAPE:
    case SDLK_AC_BACK:
      return ScreenKey::back;
    case SDLK_F1:
    case SDLK_MENU:
    case SDLK_APPLICATION:
      return ScreenKey::menu;
    case SDLK_DELETE:
      return ScreenKey::options;
    case SDLK_BACKSPACE:
      return ScreenKey::erase;
    case SDLK_TAB:
      return (key.mod & KMOD_SHIFT) != 0 ? ScreenKey::previous : ScreenKey::next;
    default:
      return std::nullopt;
  }
}

// The UTF-8 of a person's keyboard; what is none is left out.
void decode(std::string_view utf8, const ScreenTranslator::ScreenFn& on_screen) {
  for (std::size_t i = 0; i < utf8.size();) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    const std::size_t bytes = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 0;
    if (bytes == 0 || i + bytes > utf8.size()) return;
    char32_t code = bytes == 1 ? lead : lead & (0x7FU >> bytes);
    for (std::size_t next = 1; next < bytes; ++next)
      code = code << 6U | (static_cast<unsigned char>(utf8[i + next]) & 0x3FU);
    on_screen(ScreenText{code});
    i += bytes;
  }
}

}  // namespace

ScreenCommand ScreenTranslator::handle(const SDL_Event& event, const ScreenFn& on_screen) const {
  switch (event.type) {
    case SDL_KEYDOWN:
      return key(event.key.keysym, on_screen);
    case SDL_TEXTINPUT:
      decode(static_cast<const char*>(event.text.text), on_screen);
      return ScreenCommand::none;
    case SDL_MOUSEMOTION:
      // A window that opens under a resting pointer hears of it, too; nobody pointed there.
      if (event.motion.xrel == 0 && event.motion.yrel == 0) return ScreenCommand::none;
      point(event.motion.x, event.motion.y, false, on_screen);
      return ScreenCommand::none;
    case SDL_MOUSEBUTTONDOWN:
      if (event.button.button == SDL_BUTTON_LEFT) point(event.button.x, event.button.y, true, on_screen);
      if (event.button.button == SDL_BUTTON_RIGHT || event.button.button == SDL_BUTTON_X1)
        on_screen(ScreenPress{ScreenKey::back});
      return ScreenCommand::none;
    case SDL_MOUSEWHEEL:
      on_screen(ScreenScroll{-event.wheel.preciseY});
      return ScreenCommand::none;
    default:
      return ScreenCommand::none;
  }
}

void ScreenTranslator::point(std::int32_t x, std::int32_t y, bool clicked, const ScreenFn& on_screen) const {
  if (window_.width == 0 || window_.height == 0) return;
  const auto place = place_scene(window_);
  on_screen(ScreenPoint{(static_cast<float>(x) - place.left) / place.scale,
                        (static_cast<float>(y) - place.top) / place.scale, clicked});
}

ScreenCommand ScreenTranslator::key(const SDL_Keysym& key, const ScreenFn& on_screen) {
  const bool ctrl = (key.mod & KMOD_CTRL) != 0, alt = (key.mod & KMOD_ALT) != 0;
  if (ctrl && key.sym == SDLK_q) return ScreenCommand::close;
  if (key.sym == SDLK_F11 || (ctrl && alt && key.sym == SDLK_f) || (alt && key.sym == SDLK_RETURN))
    return ScreenCommand::toggle_fullscreen;
  if (const auto pressed = key_of(key)) on_screen(ScreenPress{*pressed});
  return ScreenCommand::none;
}

}  // namespace lumen::render
