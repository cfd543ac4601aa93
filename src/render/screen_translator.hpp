// lumen/render: SDL events to steps through screens. Touches no window, so that tests can feed it.
#pragma once

#include <SDL2/SDL_events.h>

#include <functional>

#include "interface/screen_input.hpp"
#include "render/input_mapping.hpp"

namespace lumen::render {

enum class ScreenCommand : std::uint8_t { none, close, toggle_fullscreen };

// Owner: the window's thread.
class ScreenTranslator {
 public:
  using ScreenFn = std::function<void(const ScreenInput&)>;

  // In the units of SDL's mouse events.
  void set_window_size(Size window) { window_ = window; }
  ScreenCommand handle(const SDL_Event& event, const ScreenFn& on_screen) const;

 private:
  void point(std::int32_t x, std::int32_t y, bool clicked, const ScreenFn& on_screen) const;
  static ScreenCommand key(const SDL_Keysym& key, const ScreenFn& on_screen);

  Size window_;
};

}  // namespace lumen::render
