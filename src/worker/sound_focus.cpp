#include "worker/sound_focus.hpp"

#include <utility>

#include <nlohmann/json.hpp>

#include "audio/default_sink.hpp"

namespace lumen::worker {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr Duration kLimit = 250ms, kUndoLimit = 2s;

}  // namespace

Result<std::unique_ptr<SoundFocus>> SoundFocus::take(const std::string& socket, const std::string& sink,
                                                     RestoreJournal& journal, Logger& log) {
  Change change{.socket = socket, .ours = sink, .before = {}};
  LUMEN_TRY(change.before, audio::configured_sink(socket, kLimit));
  json text{{"socket", change.socket}, {"ours", change.ours}};
  if (change.before) text["before"] = *change.before;
  LUMEN_TRY(const auto entry,
            journal.write(kSoundFocusName, text.dump(-1, ' ', false, json::error_handler_t::replace)));
  // Gives back what it took also when it is not sure that it took it.
  std::unique_ptr<SoundFocus> focus{new SoundFocus{std::move(change), entry, journal, log}};
  LUMEN_CHECK_OK(audio::set_configured_sink(socket, sink, kLimit));
  return focus;
}

SoundFocus::~SoundFocus() {
  const auto given_back =
      audio::set_configured_sink(change_.socket, change_.before, kUndoLimit, change_.ours);
  if (!given_back) {
    log_.warn("the default sink could not be restored now: {}", describe(given_back.error()));
    return;  // the journal's entry stays for who can
  }
  journal_.erase(entry_);
}

Status undo_sound_focus(std::string_view change, const DesktopPlace& /*place*/, Logger& /*log*/) {
  const auto parsed = json::parse(change, nullptr, false);
  const auto text = [&](const char* name) -> std::optional<std::string> {
    if (!parsed.is_object() || !parsed.contains(name) || !parsed[name].is_string()) return std::nullopt;
    return parsed[name].get<std::string>();
  };
  const auto socket = text("socket"), ours = text("ours");
  if (!socket || !ours) return {};  // it says nothing that could be undone
  return audio::set_configured_sink(*socket, text("before"), kUndoLimit, ours);
}

}  // namespace lumen::worker
