// lumen/interface: a virtual display with its picture and its input. Depends on base and media only.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "media/frames.hpp"
#include "media/input.hpp"
#include "media/mode.hpp"
#include "media/pointer.hpp"

namespace lumen {

class Clipboard;
class DmabufImporter;
class RestoreJournal;

// A person's session on this machine: where its programs listen. Empty: there is none.
struct DesktopPlace {
  std::string runtime_dir;      // XDG_RUNTIME_DIR of the session
  std::string wayland_socket;   // absolute path
  std::string ipc_socket;       // sway's, absolute path
  std::string session_bus;      // D-Bus address
  std::string pipewire_socket;  // absolute path
  std::string current_desktop;  // XDG_CURRENT_DESKTOP, a hint only
};

// What a desktop takes and gives; told to people and to the client, never assumed.
struct DesktopAbilities {
  std::uint32_t max_refresh_mhz = 0;  // it draws no faster than this; 0: as asked
  bool any_mode = true;               // any size; false: those of an existing monitor only
  bool live_mode = true;              // set_mode() works
  bool removable = true;  // the display is gone after the session; false: it stays, and is used again
  bool touch = false, pen = false;  // taken as such
  bool text = false;                // characters that no key of the layout makes
  bool sub_pixel = false;           // fractions of a pixel arrive
  // set_pointer_drawn(false) takes it out of the picture, and on_pointer tells of it, drawn or not.
  bool pointer_apart = false;
};

// Called on the owner's thread, from the event loop; never from inside a call to the desktop.
struct DesktopEvents {
  std::function<void(const BorrowedFrame&)> on_frame;      // pixels are valid during the call only
  std::function<void(const BorrowedPointer&)> on_pointer;  // moved or looks otherwise; may also be as before
  std::function<void()> on_window_mapped;                  // something is shown for the first time
  std::function<void(bool responding)> on_responding;  // the focused application stopped or resumed answering
  // The compositor, its sound-and-picture server or the display went away: this desktop gives no more frames
  // and takes no input. Called once. The owner destroys it (not from inside this call) and may make another.
  std::function<void(const Error& why)> on_lost;
};

struct DesktopParams {
  Mode mode;
  double scale = 1;  // of the virtual display, 0.5…4: how large applications draw
  bool pointer_drawn = false;
  DesktopPlace place;
  std::string name = "Lumen";          // of the display, where it can bear one
  DmabufImporter* importer = nullptr;  // outlives the desktop; nullptr: its pictures come through memory
  RestoreJournal* journal =
      nullptr;  // outlives the desktop; nullptr: nothing that outlives a crash is changed
};

// How a desktop of some kind could be had here, found out without changing anything.
struct DesktopProbe {
  std::string backend;           // "wlroots", "kwin", "mutter", "portal", "gamescope", "private"
  std::string name;              // "sway 1.7 (wlroots)"; empty when nothing is there
  std::optional<Error> refusal;  // why not, and what to do; none: usable
  DesktopAbilities abilities;
};

// Contract (tests/contract/desktop_contract.hpp):
//  - Owner: the thread of the event loop that it was made with. All calls and all callbacks happen on it.
//  - The display has exactly the size asked for, and the rate as near as max_refresh_mhz lets it; mode()
//  tells.
//    set_mode() changes it live: the next frames have the new size, applications are told.
//  - Damage-driven: no callback while nothing changes. repaint() makes one happen.
//  - Input goes out before inject() returns, to this display only; ReleaseAll releases every key, button and
//    finger. What the desktop cannot take is dropped, as abilities() says.
//  - Destroying the desktop ends it, restores what was changed and leaves nothing behind.
//  - No call blocks longer than 100 ms, but the factory and the destructor: those 5 s.
class Desktop {
 public:
  virtual ~Desktop() = default;
  virtual std::string display_name() const = 0;  // "embedded compositor (wlroots 0.15.1, pixman)"
  virtual std::string capture_name() const = 0;  // "in process at commit"
  virtual DesktopAbilities abilities() const = 0;
  virtual Mode mode() const = 0;  // as it really is
  // "NAME=value": what an application needs to show itself here and find its session.
  virtual std::vector<std::string> environment() const = 0;
  virtual Status set_mode(const Mode& mode) = 0;
  virtual void set_pointer_drawn(bool drawn) = 0;  // false: the picture has no pointer in it, where it can be
  virtual void repaint() = 0;
  virtual void tell_pointer() {}  // on_pointer again, soon, where it is known
  virtual void inject(const InputEvent& event) = 0;
  // nullptr: it has none that could be shared, or none yet.
  virtual Clipboard* clipboard() { return nullptr; }
};

}  // namespace lumen
