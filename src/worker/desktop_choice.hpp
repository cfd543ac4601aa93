// lumen/worker: the kinds of desktop that this build can show, which of them are here, and in what order to
// try them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "interface/desktop.hpp"
#include "link/messages.hpp"

namespace lumen::worker {

// A kind of desktop that a person runs.
struct DesktopBackend {
  std::string name;
  std::function<DesktopProbe(const DesktopPlace&)> probe;  // at most 2 s, changes nothing
  std::function<Result<std::unique_ptr<Desktop>>(const DesktopParams&, const DesktopEvents&, EventLoop&,
                                                 Logger&)>
      create;
  // Undoes what its journal entry says. Success also when there is nothing left to undo. May be empty.
  std::function<Status(std::string_view change, const DesktopPlace&, Logger&)> undo;
};

// Those of this build, in the order of preference: a desktop's own interfaces before the portal's.
std::vector<DesktopBackend> desktop_backends();

// Asks the person at the desk, through the portal, to share the desktop, and keeps the answer for later
// sessions. Blocks, `within` at most. Fails as portal::create_portal_desktop() does, or with
// `desktop.absent`.
Status ask_for_consent(const std::vector<DesktopPlace>& places, Duration within, EventLoop& loop,
                       Logger& log);

// The same, and what else a session changes: those whose `undo` a journal's entries may need.
std::vector<DesktopBackend> undoers();

struct DesktopCandidate {
  const DesktopBackend* backend = nullptr;  // of the list that was given
  DesktopPlace place;
  DesktopProbe probe;
};

// Asks every backend at every place: usable ones in the order of preference, then those that refuse, each
// once per backend and name.
std::vector<DesktopCandidate> find_desktops(const std::vector<DesktopBackend>& backends,
                                            const std::vector<DesktopPlace>& places);

// What `use` leaves of them. "auto": the usable ones, perhaps none. A backend's name: its usable ones, or why
// there is none: `desktop.unknown`, `desktop.absent`, or the backend's own refusal. "private": none.
Result<std::vector<DesktopCandidate>> choose_desktops(std::vector<DesktopCandidate> found,
                                                      const std::vector<DesktopBackend>& backends,
                                                      const std::string& use);

}  // namespace lumen::worker
