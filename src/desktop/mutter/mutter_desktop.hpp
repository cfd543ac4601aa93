// lumen/desktop/mutter: a virtual monitor in a person's GNOME session, by Mutter's own D-Bus interfaces, and
// its picture through PipeWire. Nobody is asked: who may speak on the session's bus may do this.
#pragma once

#include <memory>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "interface/desktop.hpp"

namespace lumen::mutter {

// Blocks for at most 5 s. Uses the place's session bus and PipeWire. Fails with `dbus.…`, `mutter.…`,
// `pipewire.…`, `capture.…` or `desktop.mode`. `loop` and `log` outlive the desktop.
Result<std::unique_ptr<Desktop>> create_mutter_desktop(const DesktopParams& params, DesktopEvents events,
                                                       EventLoop& loop, Logger& log);

// Blocks for at most 2 s, changes nothing. A refusal says what is missing.
DesktopProbe probe_mutter(const DesktopPlace& place);

}  // namespace lumen::mutter
