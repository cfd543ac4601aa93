// lumen/worker: for as long as it lives, the programs of a person's desktop play to the session's sink.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "interface/desktop.hpp"
#include "interface/restore_journal.hpp"

namespace lumen::worker {

// Owner: one thread.
class SoundFocus {
 public:
  // Makes `sink` the default of the PipeWire at `socket`, after `journal` has it written down. Both outlive
  // it. Blocks half a second at most. Fails as audio::set_configured_sink() does, or with `restore.write`.
  static Result<std::unique_ptr<SoundFocus>> take(const std::string& socket, const std::string& sink,
                                                  RestoreJournal& journal, Logger& log);
  // Gives it back to what the person had chosen, unless another was chosen meanwhile.
  ~SoundFocus();
  SoundFocus(const SoundFocus&) = delete;
  SoundFocus& operator=(const SoundFocus&) = delete;

 private:
  struct Change {
    std::string socket, ours;
    std::optional<std::string> before;  // which may be another session's
    std::optional<std::string> chosen;  // by the person, before any session
  };
  std::optional<std::string> give_back_to() const;
  SoundFocus(Change change, RestoreJournal::EntryId entry, RestoreJournal& journal, Logger& log)
      : change_{std::move(change)}, entry_{entry}, journal_{journal}, log_{log} {}

  Change change_;
  RestoreJournal::EntryId entry_;
  RestoreJournal& journal_;
  Logger& log_;
};

inline constexpr std::string_view kSoundFocusName = "sound";  // of its journal entries
Status undo_sound_focus(std::string_view change, const DesktopPlace& place, Logger& log);

}  // namespace lumen::worker
