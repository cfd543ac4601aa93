// lumen/render: the client's window (SDL2), and a sink for machines without a display.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "interface/client_window.hpp"

namespace lumen::render {

struct WindowParams {
  std::string title = "Lumen";
  std::uint32_t width = 1280, height = 720;  // first size; the picture is scaled to fit, keeping its shape
  bool fullscreen = false;
  WindowUse use = WindowUse::stream;
  Pacing pacing = Pacing::automatic;
  bool grab_keyboard = true;  // in full screen, Alt+Tab and the like reach the host's desktop
  float pointer_speed = 1;    // of a captured pointer
  std::function<void(std::string_view)> on_choice;  // told once how pictures are drawn: "x11, opengl"
  std::function<void(const Error&)> on_no_text;     // told once: there is no font, so scenes are not drawn
};

// Fails with `window.no-display` when there is no X11 or Wayland display to open one on; when `use` is
// screens, with `window.no-font`, too. Must be created and used on the main thread (SDL).
//
// Of a stream: sends PointerMoveTo in picture coordinates, buttons, wheel (high resolution), keys as evdev
// codes by scancode, ReleaseAll when the window loses focus, and pads. Ctrl+Alt+Q leaves, Ctrl+Alt+F toggles
// full screen, Ctrl+Alt+G toggles pointer capture (then PointerMoveBy), Ctrl+Alt+S asks for other figures:
// these combinations are not sent. A pad leaves by Select, Start and both shoulder buttons together.
Result<std::unique_ptr<ClientWindow>> create_window(const WindowParams& params);

// Accepts everything and shows nothing; poll() is always true.
std::unique_ptr<ClientWindow> create_headless_sink();

// Of the display that a window would open on; fails with `window.no-display`. Main thread.
Result<Mode> find_display_mode();
// How many pads there are now. Main thread.
std::size_t count_pads();

}  // namespace lumen::render
