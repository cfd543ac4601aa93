// lumen/host: what a session's client is told, in one place. lm-main writes the state, lm-net the echo and
// the acknowledgement; either may compose the message. Thread-safe.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "lumen1/messages.hpp"
#include "lumen1/wire.hpp"

namespace lumen::host {

class StateBoard {
 public:
  template <class Change>
  void update(Change change) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    change(state_);
  }
  lumen1::HostState snapshot() const LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    return state_;
  }
  // What a client is told beside the state; nullopt: nothing.
  void set_pointer(const std::optional<lumen1::HostPointer>& pointer) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    pointer_ = pointer;
  }
  std::vector<std::byte> compose() const {
    auto body = compose_state();
    if (const auto pointer = pointer_now())
      lumen1::append(body, lumen1::HostMessage{*pointer}, kLimit);  // the next one, where there is no room
    return body;
  }

 private:
  static constexpr auto kLimit = lumen1::kMaxDatagramBytes - lumen1::kClearHeaderBytes - lumen1::kTagBytes;

  std::optional<lumen1::HostPointer> pointer_now() const LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    return pointer_;
  }
  std::vector<std::byte> compose_state() const {
    std::vector<std::byte> body;
    // Four strings of at most 512 bytes may exceed a datagram: then the explanations go, the facts stay.
    auto state = snapshot();
    if (lumen1::append(body, lumen1::HostMessage{state}, kLimit)) return body;
    for (auto* text :
         {&state.encoder_reason, &state.encoder, &state.display, &state.capture, &state.reason}) {
      text->resize(std::min<std::size_t>(text->size(), 200));
    }
    lumen1::append(body, lumen1::HostMessage{state}, kLimit);
    return body;
  }

  mutable Mutex mutex_;
  lumen1::HostState state_ LUMEN_GUARDED_BY(mutex_);
  std::optional<lumen1::HostPointer> pointer_ LUMEN_GUARDED_BY(mutex_);
};

}  // namespace lumen::host
