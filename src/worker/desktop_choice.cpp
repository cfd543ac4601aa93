#include "worker/desktop_choice.hpp"

#include <algorithm>
#include <iterator>
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

// Beside the host's other state.
std::string consent_file() {
  const auto environment = process_environment();
  auto state = environment("XDG_STATE_HOME");
  if (state.empty()) state = environment("HOME") + "/.local/state";
  return state + "/lumen/portal-consent";
}

Result<std::unique_ptr<Desktop>> create_portal_desktop(const DesktopParams& params,
                                                       const DesktopEvents& events, EventLoop& loop,
                                                       Logger& log) {
  return portal::create_portal_desktop(params, {.token_file = consent_file()}, events, loop, log);
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

Status ask_for_consent(const std::vector<DesktopPlace>& places, Duration within, EventLoop& loop,
                       Logger& log) {
  for (const auto& place : places) {
    if (place.session_bus.empty()) continue;
    DesktopParams params;
    params.mode = {1280, 720, 60'000};
    params.place = place;
    LUMEN_TRY(const auto desktop,
              portal::create_portal_desktop(
                  params, {.token_file = consent_file(), .consent_within = within},
                  {.on_frame = {}, .on_window_mapped = {}, .on_responding = {}, .on_lost = {}}, loop, log));
    return {};
  }
  return fail(ErrorCode::unavailable, "desktop.absent", "there is no session bus, so no portal",
              "Run it on the desktop that is to be shared");
}

std::vector<DesktopBackend> undoers() {
  auto all = desktop_backends();
  all.push_back({.name = std::string{kSoundFocusName}, .probe = {}, .create = {}, .undo = undo_sound_focus});
  return all;
}

std::vector<DesktopCandidate> find_desktops(const std::vector<DesktopBackend>& backends,
                                            const std::vector<DesktopPlace>& places) {
  std::vector<DesktopCandidate> usable, refused;
  const auto until = SteadyTime{}.now() + kProbesWithin;
  for (const auto& backend : backends) {
    for (const auto& place : places) {
      const bool in_time = SteadyTime{}.now() < until;
      DesktopCandidate candidate{&backend, place, in_time ? backend.probe(place) : not_asked(backend.name)};
      if (!candidate.probe.refusal) {
        usable.push_back(std::move(candidate));
        continue;
      }
      const bool told = std::ranges::any_of(refused, [&](const DesktopCandidate& other) {
        return other.backend == candidate.backend && other.probe.name == candidate.probe.name;
      });
      if (!told) refused.push_back(std::move(candidate));
    }
  }
  std::ranges::move(refused, std::back_inserter(usable));
  return usable;
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
