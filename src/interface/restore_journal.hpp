// lumen/interface: what was changed on a person's desktop, written down before it is done, so that it is
// undone after a crash too. Depends on base only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lumen {

// Contract (tests in worker/restore_file_test.cpp):
//  - write() is durable when it returns: after a SIGKILL or a power cut the entry is still there. A desktop
//    changes nothing that outlives its connection before write() said yes.
//  - erase() after the change was undone, or was never made. An unknown id does nothing.
//  - Owner: one thread.
class RestoreJournal {
 public:
  using EntryId = std::uint64_t;
  virtual ~RestoreJournal() = default;
  // `backend` says who can undo it ("wlroots"), `change` in that backend's own words what (JSON, one line, at
  // most 4096 bytes). Fails with `restore.write`: then the change must not be made.
  virtual Result<EntryId> write(std::string_view backend, std::string_view change) = 0;
  virtual void erase(EntryId id) = 0;
  // What other processes that still run have written of `backend`, in no particular order.
  virtual std::vector<std::string> changes_of_others(std::string_view /*backend*/) const { return {}; }
};

}  // namespace lumen
