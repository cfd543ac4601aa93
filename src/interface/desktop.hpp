// lumen/interface: a virtual display with its picture and its input. Depends on base and media only.
#pragma once

#include <functional>
#include <string>

#include "base/result.hpp"
#include "media/frames.hpp"
#include "media/input.hpp"
#include "media/mode.hpp"

namespace lumen {

// Why a desktop's picture stopped or changed; for the log, the client and the remedy.
struct DesktopEvents {
  std::function<void(const BorrowedFrame&)> on_frame;  // pixels are valid during the call only
  std::function<void()> on_window_mapped;              // an application shows something for the first time
  std::function<void(bool responding)> on_responding;  // the focused application stopped or resumed answering
};

// Contract (tests/contract/desktop_contract.hpp):
//  - Owner: the thread that drives fd()/dispatch(). All calls and all callbacks happen on it.
//  - The display has exactly the mode asked for; set_mode() changes it live: the next frames have the new
//    size, applications are told.
//  - Damage-driven: no callback while nothing changes. repaint() makes one happen.
//  - Destroying the desktop ends it and leaves nothing behind.
//  - Input is delivered before inject() returns; ReleaseAll releases every key and button.
class Desktop {
 public:
  virtual ~Desktop() = default;
  virtual std::string display_name() const = 0;  // "embedded compositor (wlroots 0.15.1, pixman)"
  virtual std::string capture_name() const = 0;  // "in process at commit"
  virtual int fd() const = 0;                    // readable: call dispatch()
  virtual void dispatch() = 0;                   // never blocks
  virtual Status set_mode(const Mode& mode) = 0;
  virtual void set_pointer_drawn(bool drawn) = 0;  // false: the picture has no pointer in it
  virtual void repaint() = 0;
  virtual void inject(const InputEvent& event) = 0;
};

}  // namespace lumen
