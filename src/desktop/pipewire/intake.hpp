// lumen/desktop/pipewire: where libpipewire's thread leaves buffers for the event loop's.
//
// A source has few buffers, and gets one back with each turn of the graph that it starts. Were they given
// back from the event loop, a loop that stands still for a few frames would leave the source without any: it
// then starts no turn, so it gets none back, and the picture stands still for ever. So libpipewire's thread
// gives back what is of no use within the same turn. Held are two at most: the picture told last, and the
// newest.
#pragma once

#include <cstdint>
#include <vector>

#include <pipewire/stream.h>

#include "base/mutex.hpp"
#include "desktop/pipewire/cursor.hpp"

namespace lumen::pipewire {

// Thread-safe: accept() on libpipewire's thread, everything else on the event loop's.
class Intake {
 public:
  // What came in since the last take().
  struct Haul {
    pw_buffer* picture = nullptr;       // the newest; to be given back some time
    bool damage_is_lost = false;        // something changed that the picture's damage does not tell
    bool cursor_changed = false;        // into `cursor` of take()
    bool ends_without_picture = false;  // what came last was about the pointer only
  };
  struct Counts {
    std::uint64_t overtaken = 0, corrupted = 0;
  };

  // Fills `back` with the buffers that the source may have again.
  void accept(pw_buffer& buffer, std::vector<pw_buffer*>& back) LUMEN_EXCLUDES(mutex_);
  Haul take(Cursor& cursor) LUMEN_EXCLUDES(mutex_);
  // The source has it again after the next accept().
  void give_back(pw_buffer& buffer) LUMEN_EXCLUDES(mutex_);
  // It is no more.
  void forget(const pw_buffer& buffer) LUMEN_EXCLUDES(mutex_);
  Counts counts() const LUMEN_EXCLUDES(mutex_);

 private:
  bool holds_picture(const spa_buffer& buffer) LUMEN_REQUIRES(mutex_);
  void read_cursor_of(const spa_buffer& buffer) LUMEN_REQUIRES(mutex_);

  mutable Mutex mutex_;
  pw_buffer* newest_ LUMEN_GUARDED_BY(mutex_) = nullptr;
  std::vector<pw_buffer*> done_ LUMEN_GUARDED_BY(mutex_);  // to go back with the next turn
  bool damage_is_lost_ LUMEN_GUARDED_BY(mutex_) = false, cursor_changed_ LUMEN_GUARDED_BY(mutex_) = false;
  bool ends_without_picture_ LUMEN_GUARDED_BY(mutex_) = false;
  Cursor cursor_ LUMEN_GUARDED_BY(mutex_);
  Counts counts_ LUMEN_GUARDED_BY(mutex_);
};

}  // namespace lumen::pipewire
