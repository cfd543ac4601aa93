// lumen/base: one thread's epoll loop: file descriptors, one-shot timers, and posted calls.
// Owner: the thread that calls run(). Only post() and stop() may be called from other threads.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/fd.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "base/units.hpp"

namespace lumen {

class EventLoop {
 public:
  using Callback = std::function<void()>;
  using TimerId = std::uint64_t;

  static Result<std::unique_ptr<EventLoop>> create();
  ~EventLoop() = default;
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Calls `on_ready(events)` while `fd` is ready. The caller keeps the fd open until unwatch().
  using ReadyFn = std::function<void(std::uint32_t events)>;
  Status watch(int fd, std::uint32_t events, ReadyFn on_ready);
  void unwatch(int fd);  // safe inside any callback, also the fd's own

  // Fires once, never before `when`. cancel() of a fired or unknown timer does nothing.
  TimerId call_at(Timestamp when, Callback callback);
  void cancel(TimerId timer);

  void post(Callback callback) LUMEN_EXCLUDES(mutex_);
  void run();  // until stop()
  void stop();

 private:
  EventLoop(UniqueFd epoll, UniqueFd wake) : epoll_{std::move(epoll)}, wake_{std::move(wake)} {}
  void wake() const;
  int timeout_ms() const;
  void dispatch(const epoll_event& event);
  void run_timers();
  void run_posted() LUMEN_EXCLUDES(mutex_);

  UniqueFd epoll_, wake_;
  std::map<int, std::shared_ptr<ReadyFn>> watches_;
  std::map<std::pair<Timestamp, TimerId>, Callback> timers_;
  TimerId next_timer_ = 1;
  bool stopping_ = false;
  Mutex mutex_;
  std::vector<Callback> posted_ LUMEN_GUARDED_BY(mutex_);
};

}  // namespace lumen
