// lumen/worker: the desktop's clipboard shared with the client's, while the host wants it. Of both only text,
// and only what was copied since. Owner: the event loop's thread. Nothing of a text is ever logged.
#pragma once

#include <functional>
#include <string>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "interface/clipboard.hpp"
#include "link/messages.hpp"

namespace lumen::worker {

class ClipboardShare {
 public:
  struct Params {
    std::function<Clipboard*()> find;  // the desktop's, as it is now; nullptr: none
    std::function<void(const link::ToHost&)> send;
  };
  // `loop` and `log` outlive it.
  ClipboardShare(Params params, EventLoop& loop, Logger& log)
      : params_{std::move(params)}, loop_{loop}, log_{log} {}
  ~ClipboardShare() { loop_.cancel(timer_); }
  ClipboardShare(const ClipboardShare&) = delete;
  ClipboardShare& operator=(const ClipboardShare&) = delete;

  void watch(bool on);
  // There is another desktop, or none any more.
  void desktop_changed();
  void take(const ClipboardPart& part);
  void take(const ClipboardTaken& taken);

 private:
  void begin();
  void on_copied(std::string text);
  void pump();

  Params params_;
  EventLoop& loop_;
  Logger& log_;
  bool on_ = false;
  ClipboardSender sender_;
  ClipboardReceiver receiver_;
  EventLoop::TimerId timer_ = 0;
};

}  // namespace lumen::worker
