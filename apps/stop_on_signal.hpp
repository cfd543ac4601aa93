// lumen/apps: a stop token for what blocks, requested by SIGINT or SIGTERM.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>

#include <array>
#include <stop_token>

#include "apps/program.hpp"
#include "base/thread.hpp"

namespace lumen::apps {

// From its construction on the signals do nothing else. Create it before any other thread.
class StopOnSignal {
 public:
  StopOnSignal() = default;
  ~StopOnSignal() { eventfd_write(over_.get(), 1); }
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

  std::stop_token token() const { return source_.get_token(); }

 private:
  void wait() {
    std::array<pollfd, 2> waiters{{{signals_.get(), POLLIN, 0}, {over_.get(), POLLIN, 0}}};
    while (poll(waiters.data(), waiters.size(), -1) < 0 && errno == EINTR) {
    }
    if (waiters[0].revents != 0) source_.request_stop();
  }

  std::stop_source source_;
  UniqueFd signals_ = take_signals({SIGTERM, SIGINT});
  UniqueFd over_{eventfd(0, EFD_CLOEXEC)};
  OwnedThread thread_{"lm-signal", [this](const std::stop_token&) { wait(); }};  // last
};

}  // namespace lumen::apps
