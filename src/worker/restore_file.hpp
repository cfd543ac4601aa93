// lumen/worker: the RestoreJournal on disk: one small file an entry, which names its process, so that whoever
// finds an entry of a dead process can undo it.
#pragma once

#include <string>
#include <vector>

#include "base/log.hpp"
#include "interface/desktop.hpp"
#include "interface/restore_journal.hpp"
#include "worker/desktop_choice.hpp"

namespace lumen::worker {

// Owner: one thread. Files are 0600 in a folder 0700, written beside, synced and renamed.
class RestoreFile final : public RestoreJournal {
 public:
  // `folder` is made when the first entry is; `place` is where the entries can be undone.
  explicit RestoreFile(std::string folder) : folder_{std::move(folder)} {}
  void set_place(const DesktopPlace& place) { place_ = place; }
  Result<EntryId> write(std::string_view backend, std::string_view change) override;
  void erase(EntryId id) override;
  std::vector<std::string> changes_of_others(std::string_view backend) const override;

 private:
  std::string path_of(EntryId id) const;
  std::string folder_;
  DesktopPlace place_;
  EntryId next_ = 1;
};

struct RestoreReport {
  int undone = 0, left = 0;  // left: could not be undone now
};

// Undoes what processes that no longer run left behind in `folder`, the newest first. What cannot be undone
// stays, and the log says why. Entries that nobody can read are removed.
RestoreReport restore_left_behind(const std::string& folder, const std::vector<DesktopBackend>& backends,
                                  Logger& log);

}  // namespace lumen::worker
