// lumen/worker: what `lumen-session --desktops` and `--restore` print, and `--consent`.
#pragma once

#include <string>

#include "base/log.hpp"

namespace lumen::worker {

// Every desktop that a session could show here, the one that "auto" would take first, as lines for people or
// as one JSON object. Returns the exit status, 0.
int print_desktops(bool json);

// Has the person at the desk asked to share it. 0: shared, and remembered where the portal can.
int ask_to_share(Logger& log);

// Undoes what dead sessions left changed, as written down in `folder`. 0: nothing is left to undo; 1:
// something is, and the log says why.
int restore_desktops(const std::string& folder, Logger& log);

}  // namespace lumen::worker
