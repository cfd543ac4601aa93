// lumen/host: which session a datagram belongs to. lm-main puts and takes, lm-net finds. Thread-safe.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "base/mutex.hpp"
#include "host/media_end.hpp"

namespace lumen::host {

inline constexpr std::size_t kMaxStreamSessions = 64;

class MediaTable {
 public:
  std::shared_ptr<MediaEnd> find(std::uint8_t id) const LUMEN_EXCLUDES(mutex_) {
    if (id >= kMaxStreamSessions) return nullptr;
    MutexLock lock{mutex_};
    return ends_[id];
  }
  void put(std::uint8_t id, std::shared_ptr<MediaEnd> end) LUMEN_EXCLUDES(mutex_) {
    std::shared_ptr<MediaEnd> old;  // its threads end outside the lock
    MutexLock lock{mutex_};
    old = std::exchange(ends_.at(id), std::move(end));
  }
  // Not the one that was used last: what is still on its way to that means nothing to another.
  std::optional<std::uint8_t> free_id() LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    for (std::size_t i = 0; i < kMaxStreamSessions; ++i) {
      const auto id = (next_ + i) % kMaxStreamSessions;
      if (ends_[id]) continue;
      next_ = id + 1;
      return static_cast<std::uint8_t>(id);
    }
    return std::nullopt;
  }

 private:
  mutable Mutex mutex_;
  std::array<std::shared_ptr<MediaEnd>, kMaxStreamSessions> ends_ LUMEN_GUARDED_BY(mutex_);
  std::size_t next_ LUMEN_GUARDED_BY(mutex_) = 0;
};

}  // namespace lumen::host
