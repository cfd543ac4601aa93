#include "worker/desktop_choice.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "desktop/kwin/kwin_desktop.hpp"
#include "desktop/mutter/mutter_desktop.hpp"
#include "desktop/portal/portal_desktop.hpp"
#include "desktop/wlroots/wlroots_desktop.hpp"
#include "worker/desktop_places.hpp"
#include "worker/sound_focus.hpp"

namespace lumen::worker {

namespace {

constexpr Duration kProbesWithin = std::chrono::seconds{4};  // together; a session waits for them

DesktopProbe not_asked(const std::string& backend) {
  return {.backend = backend,
          .name = {},
          .refusal = Error{ErrorCode::timed_out, "desktop.slow", "another desktop took too long to answer",
                           "End the one that hangs: lumen-host doctor", 0},
          .abilities = {}};
}

// The consent is kept beside the host's other state.
Result<std::unique_ptr<Desktop>> create_portal_desktop(const DesktopParams& params,
                                                       const DesktopEvents& events, EventLoop& loop,
                                                       Logger& log) {
  const auto environment = process_environment();
  auto state = environment("XDG_STATE_HOME");
  if (state.empty()) state = environment("HOME") + "/.local/state";
  return portal::create_portal_desktop(params, {.token_file = state + "/lumen/portal-consent"}, events, loop,
                                       log);
}

}  // namespace

std::vector<DesktopBackend> desktop_backends() {
  return {
      {.name = "kwin", .probe = kwin::probe_kwin, .create = kwin::create_kwin_desktop, .undo = {}},
      {.name = "mutter", .probe = mutter::probe_mutter, .create = mutter::create_mutter_desktop, .undo = {}},
      {.name = "wlroots",
       .probe = wlroots::probe_wlroots,
       .create = wlroots::create_wlroots_desktop,
       .undo = wlroots::undo_wlroots},
      // Last: somebody has to be at the desk, the first time.
      {.name = "portal", .probe = portal::probe_portal, .create = create_portal_desktop, .undo = {}},
  };
}

std::vector<DesktopBackend> undoers() {
  auto all = desktop_backends();
  all.push_back({.name = std::string{kSoundFocusName}, .probe = {}, .create = {}, .undo = undo_sound_focus});
  return all;
}

std::vector<DesktopCandidate> find_desktops(const std::vector<DesktopBackend>& backends,
                                            const std::vector<DesktopPlace>& places) {
  std::vector<DesktopCandidate> found;
  const auto until = SteadyTime{}.now() + kProbesWithin;
  for (const auto& backend : backends) {
    for (const auto& place : places) {
      if (SteadyTime{}.now() >= until) {
        found.push_back({&backend, place, not_asked(backend.name)});
        break;
      }
      DesktopCandidate candidate{&backend, place, backend.probe(place)};
      const bool told = std::ranges::any_of(found, [&](const DesktopCandidate& other) {
        return candidate.probe.refusal && other.probe.refusal && other.backend == candidate.backend &&
               other.probe.name == candidate.probe.name;
      });
      if (!told) found.push_back(std::move(candidate));
    }
  }
  std::ranges::stable_partition(found, [](const DesktopCandidate& each) { return !each.probe.refusal; });
  return found;
}

Result<std::vector<DesktopCandidate>> choose_desktops(std::vector<DesktopCandidate> found,
                                                      const std::vector<DesktopBackend>& backends,
                                                      const std::string& use) {
  if (use == "private") return std::vector<DesktopCandidate>{};
  const bool any = use == "auto";
  if (!any && std::ranges::find(backends, use, &DesktopBackend::name) == backends.end()) {
    std::string names;
    for (const auto& backend : backends) names += ", " + backend.name;
    return fail(ErrorCode::invalid_argument, "desktop.unknown",
                fmt::format("there is no kind of desktop called {}", use),
                fmt::format("Use one of: auto, private{}", names));
  }
  std::optional<Error> refusal;
  std::vector<DesktopCandidate> usable;
  for (auto& candidate : found) {
    if (!any && candidate.backend->name != use) continue;
    if (candidate.probe.refusal) {
      if (!refusal) refusal = candidate.probe.refusal;
    } else {
      usable.push_back(std::move(candidate));
    }
  }
  if (any || !usable.empty()) return usable;
  if (refusal) return tl::unexpected<Error>{*refusal};
  return fail(ErrorCode::unavailable, "desktop.absent", fmt::format("no {} desktop runs here", use),
              "Log in to it, or use another: lumen-host displays lists them");
}

}  // namespace lumen::worker
