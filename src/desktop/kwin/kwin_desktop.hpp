// lumen/desktop/kwin: a virtual display of a KWin that somebody runs already, Plasma on Wayland. Its picture
// comes by zkde_screencast and PipeWire, its input goes by org_kde_kwin_fake_input: protocols that KWin keeps
// for programs whose .desktop file asks for them (docs/desktops.md).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "interface/desktop.hpp"

namespace lumen::kwin {

// Fails with
//   kwin.absent            no KWin there
//   kwin.bus               the session's bus does not answer
//   kwin.permission        KWin does not offer its protocols to this program
//   kwin.no-opengl         KWin draws without OpenGL, and would die of the question
//   kwin.no-virtual-output KWin does not make virtual outputs where it runs
//   kwin.timeout           no display within five seconds
// and what PipeWireCapture and WaylandConnection fail with; each says what to do. Changes nothing that
// outlives the connection.
Result<std::unique_ptr<Desktop>> create_kwin_desktop(const DesktopParams& params, DesktopEvents events,
                                                     EventLoop& loop, Logger& log);

// Blocks for two seconds at most and changes nothing. On a thread of its own or before the loop runs.
DesktopProbe probe_kwin(const DesktopPlace& place);

// For tests and for GPUs whose memory the CPU reads well: dmabufs with these modifiers are read as they are.
Result<std::unique_ptr<Desktop>> create_kwin_desktop_with_dmabufs(const DesktopParams& params,
                                                                  DesktopEvents events, EventLoop& loop,
                                                                  Logger& log,
                                                                  std::vector<std::uint64_t> modifiers);

}  // namespace lumen::kwin
