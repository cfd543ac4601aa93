// lumen/desktop/portal: what a portal's Response holds (a{sv}), read without belief, and whose it may be.
// Private to lumen/desktop/portal.
#pragma once

#include <systemd/sd-bus.h>

#include <string>
#include <string_view>

#include "desktop/portal/portal_session.hpp"

namespace lumen::portal {

// `message` stands at the results. Empty where there is no such text.
std::string read_session_handle(sd_bus_message* message);

// False where no stream is in them.
bool read_start_results(sd_bus_message* message, Grant& grant);

// Whether Mutter may stand behind the portal, by XDG_CURRENT_DESKTOP; it may where nothing is known.
bool may_be_mutter(std::string_view current_desktop);

}  // namespace lumen::portal
