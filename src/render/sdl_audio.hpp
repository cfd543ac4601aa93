// lumen/render: SDL's audio subsystem, counted by SDL. Private to lumen/render.
#pragma once

#include <SDL2/SDL.h>

namespace lumen::render {

inline constexpr int kRateHz = 48'000;

// To be destroyed by the thread that made it.
class SdlAudio {
 public:
  SdlAudio() : started_{SDL_InitSubSystem(SDL_INIT_AUDIO) == 0} {}
  SdlAudio(const SdlAudio&) = delete;
  SdlAudio& operator=(const SdlAudio&) = delete;
  ~SdlAudio() {
    if (started_) SDL_QuitSubSystem(SDL_INIT_AUDIO);
    SDL_TLSCleanup();  // what SDL keeps for a thread that it did not start itself
  }
  bool started() const { return started_; }

 private:
  bool started_;
};

}  // namespace lumen::render
