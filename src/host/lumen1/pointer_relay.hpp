// host/lumen1: passes on what the pointer looks like, from the session process to who watches, as fast as the
// control connection takes it. Holds one look at most: the session sends the next one once it was told that
// this one has gone, which is therefore told until it is heard.
// Owner: lm-main.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>

#include "base/event_loop.hpp"
#include "media/pointer.hpp"

namespace lumen::host {

class PointerRelay {
 public:
  struct Calls {
    std::function<bool(const PointerPiece&)> send;   // false: there is no room now
    std::function<bool(std::uint32_t image)> taken;  // all of it has gone; false: that could not be told now
  };
  static constexpr Duration kRetry = std::chrono::milliseconds{10};

  // `loop` outlives it.
  PointerRelay(Calls calls, EventLoop& loop) : calls_{std::move(calls)}, loop_{loop} {}
  ~PointerRelay() { loop_.cancel(timer_); }
  PointerRelay(const PointerRelay&) = delete;
  PointerRelay& operator=(const PointerRelay&) = delete;

  void push(const PointerPiece& piece);
  // Who watched is gone, and what waits for it.
  void clear();
  std::size_t waiting() const { return waiting_.size(); }

 private:
  void work();
  bool send_waiting();
  bool answer();

  const Calls calls_;
  EventLoop& loop_;
  std::deque<PointerPiece> waiting_;
  std::optional<std::uint32_t> unanswered_;  // it has gone, and the session does not know yet
  EventLoop::TimerId timer_ = 0;
};

}  // namespace lumen::host
