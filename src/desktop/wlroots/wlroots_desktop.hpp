// lumen/desktop/wlroots: a display on a desktop that runs on wlroots (sway and others): an output that nobody
// sees, pictures by wlr-screencopy, input by virtual pointer and keyboard.
#pragma once

#include <memory>
#include <string_view>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "interface/desktop.hpp"

namespace lumen::wlroots {

// Contract of interface/desktop.hpp. Uses place.wayland_socket, .runtime_dir and, for sway, .ipc_socket.
// `loop` and `log` outlive it. Fails with a reason and a remedy: `desktop.mode`, `desktop.scale`, `wayland.*`
// and `ipc.*` when nobody answers, `wlroots.*` when the compositor cannot do it, `restore.write`.
Result<std::unique_ptr<Desktop>> create_wlroots_desktop(const DesktopParams& params, DesktopEvents events,
                                                        EventLoop& loop, Logger& log);

// Within three seconds, without changing anything.
DesktopProbe probe_wlroots(const DesktopPlace& place);

// Undoes an entry that the journal has of "wlroots", after a crash. Success: it is undone, or there is
// nothing left to undo (the compositor is gone, another session uses the output).
Status undo_wlroots(std::string_view change, const DesktopPlace& place, Logger& log);

}  // namespace lumen::wlroots
