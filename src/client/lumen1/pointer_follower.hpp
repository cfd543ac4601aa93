// client/lumen1: puts together what comes of the host's pointer on two ways: where it is, by datagrams, and
// what it looks like, by the control connection.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/mutex.hpp"
#include "media/pointer.hpp"

namespace lumen::client {

class PointerFollower {
 public:
  using FindFn = std::function<std::shared_ptr<const PointerImage>(std::uint32_t image)>;

  // Any thread.
  void moved(const PointerState& state) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    state_ = state;
  }
  // One thread: the pointer as it is now, if that is news.
  std::optional<PointerView> take(const FindFn& find) LUMEN_EXCLUDES(mutex_) {
    const auto state = [this] {
      MutexLock lock{mutex_};
      return state_;
    }();
    if (!state) return std::nullopt;
    auto look = state->image != 0 ? find(state->image) : nullptr;
    if (state == told_ && look == told_look_) return std::nullopt;
    told_ = state;
    told_look_ = look;
    return PointerView{state->place, state->x, state->y, std::move(look)};
  }

 private:
  Mutex mutex_;
  std::optional<PointerState> state_ LUMEN_GUARDED_BY(mutex_);
  std::optional<PointerState> told_;
  std::shared_ptr<const PointerImage> told_look_;
};

}  // namespace lumen::client
