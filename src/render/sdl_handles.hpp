// lumen/render: SDL objects have owners.
#pragma once

#include <SDL2/SDL.h>

#include <memory>

namespace lumen::render {

struct SdlDelete {
  void operator()(SDL_Window* it) const { SDL_DestroyWindow(it); }
  void operator()(SDL_Renderer* it) const { SDL_DestroyRenderer(it); }
  void operator()(SDL_Texture* it) const { SDL_DestroyTexture(it); }
  void operator()(SDL_Surface* it) const { SDL_FreeSurface(it); }
  void operator()(SDL_Cursor* it) const { SDL_FreeCursor(it); }
};

template <class T>
using SdlHandle = std::unique_ptr<T, SdlDelete>;

}  // namespace lumen::render
