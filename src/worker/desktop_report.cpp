#include "worker/desktop_report.hpp"

#include <cstdio>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "desktop/gamescope/gamescope_facts.hpp"
#include "worker/desktop_choice.hpp"
#include "worker/desktop_places.hpp"
#include "worker/restore_file.hpp"

namespace lumen::worker {
namespace {

using nlohmann::json;

json to_json(const DesktopAbilities& abilities) {
  return {{"max_refresh_mhz", abilities.max_refresh_mhz},
          {"any_mode", abilities.any_mode},
          {"live_mode", abilities.live_mode},
          {"removable", abilities.removable},
          {"touch", abilities.touch},
          {"pen", abilities.pen},
          {"text", abilities.text},
          {"sub_pixel", abilities.sub_pixel},
          {"pointer_apart", abilities.pointer_apart}};
}

json to_json(const DesktopProbe& probe) {
  json object{{"backend", probe.backend}, {"name", probe.name}, {"usable", !probe.refusal}};
  if (probe.refusal) {
    object["refusal"] = {
        {"id", probe.refusal->id}, {"what", probe.refusal->what}, {"remedy", probe.refusal->remedy}};
  } else {
    object["abilities"] = to_json(probe.abilities);
  }
  return object;
}

std::string what_it_offers(const DesktopAbilities& abilities) {
  std::string text = abilities.any_mode ? "any size" : "the monitor's sizes";
  if (abilities.max_refresh_mhz != 0)
    text += fmt::format(", at most {:g} Hz", abilities.max_refresh_mhz / 1e3);
  if (!abilities.removable) text += ", its display stays and is used again";
  if (abilities.touch) text += ", touch";
  if (abilities.pen) text += ", pen";
  if (abilities.text) text += ", text";
  return text;
}

// The private desktop is always there.
DesktopProbe private_probe() {
  return {.backend = "private",
          .name = "a desktop of the session's own (embedded compositor)",
          .refusal = std::nullopt,
          .abilities = {.touch = true, .pen = true, .text = true, .sub_pixel = true, .pointer_apart = true}};
}

}  // namespace

int print_desktops(bool as_json) {
  const auto backends = desktop_backends();
  std::vector<DesktopProbe> probes, refused;
  for (const auto& candidate : find_desktops(backends, find_places(process_environment())))
    (candidate.probe.refusal ? refused : probes).push_back(candidate.probe);
  probes.push_back(private_probe());
  auto gamescope = gamescope::probe_gamescope(process_environment()("PATH"));
  (gamescope.refusal ? refused : probes).push_back(std::move(gamescope));
  probes.insert(probes.end(), refused.begin(), refused.end());
  if (as_json) {
    json list = json::array();
    for (const auto& probe : probes) list.push_back(to_json(probe));
    fmt::print("{}\n", json{{"desktops", list}}.dump(2, ' ', false, json::error_handler_t::replace));
    return 0;
  }
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const auto& probe = probes[i];
    if (probe.refusal) {
      fmt::print("  no  {:10} {}\n", probe.backend, describe(*probe.refusal));
    } else {
      fmt::print("{} yes {:10} {}: {}\n", i == 0 ? '*' : ' ', probe.backend, probe.name,
                 what_it_offers(probe.abilities));
    }
  }
  return 0;
}

int ask_to_share(Logger& log) {
  auto loop = EventLoop::create();
  if (!loop) return 1;
  fmt::print("Answer the question on the desktop's screen.\n");
  std::fflush(stdout);
  const auto asked =
      ask_for_consent(find_places(process_environment()), std::chrono::minutes{2}, **loop, log);
  if (asked) {
    fmt::print("The desktop is shared. Sessions will not ask again, where its portal remembers.\n");
    return 0;
  }
  fmt::print(stderr, "lumen-session: {}\n", describe(asked.error()));
  return 1;
}

int restore_desktops(const std::string& folder, Logger& log) {
  return restore_left_behind(folder, undoers(), log).left == 0 ? 0 : 1;
}

}  // namespace lumen::worker
