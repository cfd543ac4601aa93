#include "worker/sound_focus.hpp"

#include <utility>

#include <nlohmann/json.hpp>

#include "audio/default_sink.hpp"

namespace lumen::worker {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr Duration kLimit = 250ms, kUndoLimit = 2s;

std::optional<std::string> text_of(const json& change, const char* name) {
  if (!change.is_object() || !change.contains(name) || !change[name].is_string()) return std::nullopt;
  return change[name].get<std::string>();
}

// The change of the living session whose sink this is.
std::optional<json> session_with(const std::string& sink, const RestoreJournal& journal) {
  for (const auto& text : journal.changes_of_others(kSoundFocusName)) {
    auto change = json::parse(text, nullptr, false);
    if (text_of(change, "ours") == sink) return change;
  }
  return std::nullopt;
}

}  // namespace

Result<std::unique_ptr<SoundFocus>> SoundFocus::take(const std::string& socket, const std::string& sink,
                                                     RestoreJournal& journal, Logger& log) {
  Change change{.socket = socket, .ours = sink, .before = {}};
  LUMEN_TRY(change.before, audio::configured_sink(socket, kLimit));
  change.chosen = change.before;
  if (change.before) {
    if (const auto other = session_with(*change.before, journal)) change.chosen = text_of(*other, "chosen");
  }
  json text{{"socket", change.socket}, {"ours", change.ours}};
  if (change.chosen) text["chosen"] = *change.chosen;
  LUMEN_TRY(const auto entry,
            journal.write(kSoundFocusName, text.dump(-1, ' ', false, json::error_handler_t::replace)));
  // Gives back what it took also when it is not sure that it took it.
  std::unique_ptr<SoundFocus> focus{new SoundFocus{std::move(change), entry, journal, log}};
  LUMEN_CHECK_OK(audio::set_configured_sink(socket, sink, kLimit));
  return focus;
}

// Another session's, as long as it lives; else the person's choice.
std::optional<std::string> SoundFocus::give_back_to() const {
  if (change_.before && change_.before != change_.chosen && session_with(*change_.before, journal_))
    return change_.before;
  return change_.chosen;
}

SoundFocus::~SoundFocus() {
  const auto given_back = audio::set_configured_sink(change_.socket, give_back_to(), kLimit, change_.ours);
  if (!given_back) {
    log_.warn("the default sink could not be restored now: {}", describe(given_back.error()));
    return;  // the journal's entry stays for who can
  }
  journal_.erase(entry_);
}

Status undo_sound_focus(std::string_view change, const DesktopPlace& /*place*/, Logger& /*log*/) {
  const auto parsed = json::parse(change, nullptr, false);
  const auto socket = text_of(parsed, "socket"), ours = text_of(parsed, "ours");
  if (!socket || !ours) return {};  // it says nothing that could be undone
  return audio::set_configured_sink(*socket, text_of(parsed, "chosen"), kUndoLimit, ours);
}

}  // namespace lumen::worker
