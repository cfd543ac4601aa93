// For tests: an event loop on a thread of its own, and a blocking socket of a peer that does as told.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <future>
#include <memory>
#include <string>
#include <string_view>

#include "base/event_loop.hpp"
#include "base/thread.hpp"
#include "net/udp.hpp"

namespace lumen::net {

class LoopThread {
 public:
  EventLoop& loop() { return *loop_; }

  // Runs `work` on the loop's thread and returns what it returned.
  template <class Work>
  auto on_loop(Work work) {
    auto task = std::make_shared<std::packaged_task<decltype(work())()>>(std::move(work));
    auto result = task->get_future();
    loop_->post([task] { (*task)(); });
    return result.get();
  }

 private:
  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  OwnedThread thread_{"test-loop", [this](const std::stop_token& stop) {
                        const std::stop_callback end{stop, [this] { loop_->stop(); }};
                        loop_->run();
                      }};
};

class PeerSocket {
 public:
  explicit PeerSocket(const Endpoint& to)
      : fd_{socket(to.address()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    const timeval limit{20, 0};
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd_.get(), to.address(), to.length()) != 0) fd_.reset();
  }

  bool connected() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }
  bool send(std::string_view text) const {
    return ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  void finish_sending() const { shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }
  // Closing sends RST.
  void reset() {
    const linger hard{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    fd_.reset();
  }

  // Until the peer's FIN. Anything else ends the text with "!ERRNO".
  std::string receive_all() const {
    std::string text;
    std::array<char, 4096> buffer{};
    for (;;) {
      const auto count = recv(fd_.get(), buffer.data(), buffer.size(), 0);
      if (count == 0) return text;
      if (count < 0) return text + "!" + std::to_string(errno);
      text.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }

 private:
  UniqueFd fd_;
};

}  // namespace lumen::net
