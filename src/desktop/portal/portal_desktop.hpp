// lumen/desktop/portal: the desktop that a person shares through xdg-desktop-portal, whatever its compositor.
// The person is asked on the screen; the consent may be kept for the next time.
#pragma once

#include <memory>
#include <string>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "interface/desktop.hpp"

namespace lumen::portal {

struct PortalParams {
  // Where the consent is kept, 0600, its folder made when needed; empty: asked for each time. Whoever can
  // read it and speaks on this person's bus needs no consent.
  std::string token_file;
  // How long the person may take. The default is what a Desktop's factory may block; a program that only
  // fetches the consent takes longer.
  Duration consent_within = std::chrono::milliseconds{4500};
};

// Fails with `portal.refused`, `portal.unanswered`, `portal.…`, `dbus.…`, `capture.…`. `loop` and `log`
// outlive the desktop. Where the portal offers virtual monitors, one of exactly the mode asked for is made;
// otherwise an existing monitor is shared as it is, mode() tells how.
Result<std::unique_ptr<Desktop>> create_portal_desktop(const DesktopParams& params,
                                                       const PortalParams& portal, DesktopEvents events,
                                                       EventLoop& loop, Logger& log);

// Blocks for at most 2 s and asks nobody.
DesktopProbe probe_portal(const DesktopPlace& place);

}  // namespace lumen::portal
