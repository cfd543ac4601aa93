#include "base/event_loop.hpp"

#include <sys/eventfd.h>

#include <array>
#include <cerrno>

namespace lumen {

Result<std::unique_ptr<EventLoop>> EventLoop::create() {
  UniqueFd epoll{epoll_create1(EPOLL_CLOEXEC)};
  UniqueFd wake{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = wake.get();
  if (!epoll || !wake || epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
    return fail(ErrorCode::resource_exhausted, "loop.create", "cannot create an event loop",
                "Raise the open file limit (ulimit -n)", errno);
  }
  return std::unique_ptr<EventLoop>{new EventLoop{std::move(epoll), std::move(wake)}};
}

Status EventLoop::watch(int fd, std::uint32_t events, ReadyFn on_ready) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  // A number that was closed without unwatch() is gone from the kernel's set: add it again.
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0 &&
      (errno != EEXIST || epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0)) {
    return fail(ErrorCode::internal, "loop.watch", "cannot watch a file descriptor", {}, errno);
  }
  watches_[fd] = std::make_shared<ReadyFn>(std::move(on_ready));
  return {};
}

void EventLoop::unwatch(int fd) {
  if (watches_.erase(fd) > 0) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

EventLoop::TimerId EventLoop::call_at(Timestamp when, Callback callback) {
  const auto id = next_timer_++;
  timers_.emplace(std::pair{when, id}, std::move(callback));
  return id;
}

void EventLoop::cancel(TimerId timer) {
  std::erase_if(timers_, [timer](const auto& entry) { return entry.first.second == timer; });
}

void EventLoop::post(Callback callback) {
  {
    MutexLock lock{mutex_};
    posted_.push_back(std::move(callback));
  }
  wake();
}

void EventLoop::wake() const { eventfd_write(wake_.get(), 1); }

void EventLoop::stop() {
  post([this] { stopping_ = true; });
}

int EventLoop::timeout_ms() const {
  if (timers_.empty()) return -1;
  const auto left = timers_.begin()->first.first - Clock::now();
  if (left <= Duration::zero()) return 0;
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count());
}

void EventLoop::dispatch(const epoll_event& event) {
  if (event.data.fd == wake_.get()) {
    eventfd_t ignored = 0;
    eventfd_read(wake_.get(), &ignored);
    return;
  }
  const auto found = watches_.find(event.data.fd);
  if (found == watches_.end()) return;
  const auto keep = found->second;  // the callback may unwatch itself
  (*keep)(event.events);
}

void EventLoop::run_timers() {
  const auto now = Clock::now();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    auto node = timers_.extract(timers_.begin());
    node.mapped()();
  }
}

void EventLoop::run_posted() {
  std::vector<Callback> ready;
  {
    MutexLock lock{mutex_};
    ready.swap(posted_);
  }
  for (auto& callback : ready) callback();
}

void EventLoop::run() {
  std::array<epoll_event, 16> events{};
  stopping_ = false;
  while (!stopping_) {
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout_ms());
    for (int i = 0; i < count; ++i) dispatch(events[static_cast<std::size_t>(i)]);
    run_timers();
    run_posted();
  }
}

}  // namespace lumen
