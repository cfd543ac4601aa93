// lumen/desktop/embedded: our own headless compositor (libwlroots) in this process: one output at exactly the
// mode asked for, frames handed out in process at commit, input by direct calls into its seat.
#pragma once

#include <memory>
#include <string>

#include "base/log.hpp"
#include "interface/desktop.hpp"

namespace lumen::embedded {

struct EmbeddedParams {
  Mode mode;
  std::string runtime_dir;  // where the Wayland socket goes; exists, mode 0700, owned by the caller
  std::string xkb_layout;   // empty: us
  bool xwayland = true;     // started lazily by the first X11 client; absent Xwayland is reported in the log
  bool pointer_drawn = false;
};

class EmbeddedDesktop : public Desktop {
 public:
  virtual int fd() const = 0;   // readable: call dispatch()
  virtual void dispatch() = 0;  // never blocks
  // Name of the Wayland socket inside runtime_dir ("wayland-0"), for WAYLAND_DISPLAY of the applications.
  virtual std::string wayland_display() const = 0;
  // ":1" or empty, for DISPLAY.
  virtual std::string x11_display() const = 0;
};

// `events` are called on the calling thread, from dispatch(); on_lost never. A frame's pixels must be read on
// that thread: only there is a client that truncates its memory caught. Fails with `desktop.start`,
// `desktop.mode` or `runtime.unsafe` and a remedy.
Result<std::unique_ptr<EmbeddedDesktop>> create_embedded_desktop(const EmbeddedParams& params,
                                                                 const DesktopEvents& events, Logger& log);

}  // namespace lumen::embedded
