// lumen/interface: the client's window: a stream's picture, or screens that a person walks through, or
// figures over the picture. Depends on base and media only.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "interface/frame_renderer.hpp"
#include "interface/scene.hpp"
#include "interface/screen_input.hpp"
#include "media/mode.hpp"
#include "media/pad.hpp"
#include "media/pointer.hpp"

namespace lumen {

enum class WindowUse : std::uint8_t {
  stream,   // input goes to the host: InputEvent and PadEvent
  screens,  // input is for the client: ScreenInput; no picture is shown
};

// Asked for by a key combination (or by one of a pad's) while a stream is shown.
enum class WindowCommand : std::uint8_t {
  leave,            // the stream
  next_statistics,  // off, compact, full
};

// How pictures meet the display's refresh.
enum class Pacing : std::uint8_t {
  automatic,  // display in full screen, immediate else: a desktop's compositor does not tear
  display,    // the newest picture is drawn just before each refresh: never torn
  immediate,  // as soon as it comes
};

struct PresentFigures {
  std::uint64_t presented = 0;
  Duration draw_time{};  // of the last picture: upload and drawing commands, without waiting for the display
  Timestamp presented_at;  // of the last picture: the call that shows it returned
};

// Contract: as FrameRenderer. Nothing here blocks for longer than a refresh of the display.
class ClientWindow : public FrameRenderer {
 public:
  struct Events {
    InputFn on_input;                                   // WindowUse::stream
    std::function<void(const PadEvent&)> on_pad;        // WindowUse::stream
    std::function<void(const ScreenInput&)> on_screen;  // WindowUse::screens
    std::function<void(WindowCommand)> on_command;      // WindowUse::stream; none: leaving closes the window
  };
  using FrameRenderer::poll;
  // Everything that waits; all of `events` may be empty. False once the window was closed.
  virtual bool poll(const Events& events) = 0;

  // Whatever is held is let go of, and the pointer is released. Pads say hello again to a stream.
  virtual void set_use(WindowUse use) = 0;
  // Drawn over the picture from now on; nullptr: nothing. The window shares it, nobody changes it.
  virtual void set_scene(std::shared_ptr<const Scene> scene) = 0;
  // Whether it is time to take and present a picture; else when to ask again. Meant for loops that poll.
  virtual Timestamp next_present(Timestamp now) const = 0;
  virtual void set_fullscreen(bool fullscreen) = 0;
  virtual bool is_fullscreen() const = 0;
  virtual void set_pacing(Pacing pacing) = 0;
  // To the pad in that slot, if there is one and it can.
  virtual void feed_back(const PadFeedback& feedback) = 0;
  // Whether the keyboard is this window's.
  virtual bool has_focus() const { return false; }
  // True once after somebody may have copied something else than set_clipboard() did, and the window has the
  // keyboard: at the begin of WindowUse::stream, when it gets the focus, and while it has it.
  virtual bool take_clipboard_news() { return false; }
  // Text of this computer's clipboard; empty: there is none.
  virtual std::string clipboard() { return {}; }
  virtual void set_clipboard(const std::string& /*text*/) {}
  // The host's pointer, as it is now; until the first one it is taken to be in the picture.
  virtual void set_pointer(const PointerView& /*pointer*/) {}
  // Of the display that the window is on.
  virtual Mode display_mode() const = 0;
  virtual PresentFigures present_figures() const = 0;
};

}  // namespace lumen
