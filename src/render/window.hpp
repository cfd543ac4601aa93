// lumen/render: the client's window (SDL2), and a sink for machines without a display.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "interface/frame_renderer.hpp"

namespace lumen::render {

struct WindowParams {
  std::string title = "Lumen";
  std::uint32_t width = 1280, height = 720;  // first size; the picture is scaled to fit, keeping its shape
  bool fullscreen = false;
  std::function<void(std::string_view)> on_choice;  // told once how pictures are drawn: "x11, opengl"
};

// Fails with `window.no-display` when there is no X11 or Wayland display to open one on. Must be created and
// used on the main thread (SDL). Sends PointerMoveTo in picture coordinates, buttons, wheel (high
// resolution), keys as evdev codes by scancode, ReleaseAll when the window loses focus. Ctrl+Alt+Q closes,
// Ctrl+Alt+F toggles full screen, Ctrl+Alt+G toggles pointer capture (then PointerMoveBy): these
// combinations are not sent.
Result<std::unique_ptr<FrameRenderer>> create_window(const WindowParams& params);

// Accepts everything and shows nothing; poll() is always true.
std::unique_ptr<FrameRenderer> create_headless_sink();

}  // namespace lumen::render
