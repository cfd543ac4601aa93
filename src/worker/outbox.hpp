// lumen/worker: what the session says to its host, on a socket that may be full because the host is busy.
// What holds until something else is said (Ready, ModeChanged, DesktopState, …) and Ended wait for room, the
// newest of each; all else is lost then, or its sender's to repeat. Owner: the event loop's thread.
#pragma once

#include <vector>

#include "base/event_loop.hpp"
#include "link/messages.hpp"

namespace lumen::worker {

class Outbox {
 public:
  static constexpr Duration kRetry = std::chrono::milliseconds{5};

  // `socket` and `loop` outlive it.
  Outbox(int socket, EventLoop& loop) : socket_{socket}, loop_{loop} {}
  ~Outbox() { loop_.cancel(timer_); }
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // Errors as link::send(), for what will not be told any more.
  Status send(const link::ToHost& message);
  // Of what may be many and is repeated by its sender: false while little room is left.
  bool offer(const link::ToHost& message);
  // Waits for room, so long at most, until all is told: for last words.
  void flush(Duration within);
  std::size_t waiting() const { return waiting_.size(); }

 private:
  Status keep(const link::ToHost& message);
  void work();

  int socket_;
  EventLoop& loop_;
  std::vector<link::ToHost> waiting_;  // one of a kind at most
  EventLoop::TimerId timer_ = 0;
};

}  // namespace lumen::worker
