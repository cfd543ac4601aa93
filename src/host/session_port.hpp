// lumen/host: the link to whichever session process is alive now. lm-main swaps it, lm-net sends input
// through it. Thread-safe.
#pragma once

#include "base/mutex.hpp"
#include "link/messages.hpp"

namespace lumen::host {

class SessionPort {
 public:
  // `fd` stays owned by the caller, who calls this with -1 before it closes it.
  void set(int fd) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    fd_ = fd;
  }
  // False when no session runs or its queue is full; the event is then lost.
  bool send(const link::ToSession& message) const LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    return fd_ >= 0 && link::send(fd_, message).has_value();
  }

 private:
  mutable Mutex mutex_;
  int fd_ LUMEN_GUARDED_BY(mutex_) = -1;
};

}  // namespace lumen::host
