// lumen/render: SDL events to input events. Touches no window, so that tests can feed it.
#pragma once

#include <SDL2/SDL_events.h>

#include <bitset>
#include <optional>

#include "interface/frame_renderer.hpp"
#include "render/input_mapping.hpp"

namespace lumen::render {

// What a key combination asks of the window itself.
enum class Command : std::uint8_t { none, leave, toggle_fullscreen, toggle_capture, next_statistics };

// Owner: the window's thread. Pointer motion is merged until something else happens or flush(): a fast mouse
// sends thousands of events a second, the desktop draws far fewer frames.
class EventTranslator {
 public:
  using InputFn = FrameRenderer::InputFn;

  // Where the picture is in the window, in the units of SDL's mouse events. Empty: nothing is shown yet and
  // positions mean nothing.
  void set_picture_area(const Rect& area) { area_ = area; }
  void set_captured(bool captured) { captured_ = captured; }
  bool captured() const { return captured_; }
  // Captured motion is multiplied by it; what is less than a pixel of the desktop is sent as it is.
  void set_pointer_speed(float speed) { pointer_speed_ = speed; }

  Command handle(const SDL_Event& event, const InputFn& on_input);
  void flush(const InputFn& on_input);

 private:
  void move(const SDL_MouseMotionEvent& event);
  Command key(const SDL_KeyboardEvent& event, const InputFn& on_input);

  Rect area_;
  bool captured_ = false;
  float pointer_speed_ = 1;
  std::optional<PointerMoveTo> move_to_;
  std::optional<PointerMoveBy> move_by_;
  WheelAccumulator wheel_;
  std::bitset<SDL_NUM_SCANCODES> kept_;  // pressed as part of a combination: their release is not sent either
};

}  // namespace lumen::render
