// lumen/worker: the last words of an application, so that its failure can be explained. What it writes is
// read and dropped but for the end, so that a chatty one fills neither disk nor log. Owner: the event loop's
// thread.
#pragma once

#include <memory>
#include <string>

#include "base/event_loop.hpp"

namespace lumen::worker {

class OutputTail {
 public:
  // Makes the pipe; write_end() goes to the application and is then closed here. `loop` outlives the tail.
  static Result<std::unique_ptr<OutputTail>> create(EventLoop& loop);
  ~OutputTail();
  OutputTail(const OutputTail&) = delete;
  OutputTail& operator=(const OutputTail&) = delete;

  int write_end() const { return write_.get(); }
  void close_write_end() { write_.reset(); }
  // The last line that is not empty, at most 200 characters; empty when it said nothing.
  std::string last_line();

 private:
  OutputTail(UniqueFd read, UniqueFd write, EventLoop& loop)
      : read_{std::move(read)}, write_{std::move(write)}, loop_{loop} {}
  void on_ready();

  UniqueFd read_, write_;
  EventLoop& loop_;
  std::string tail_;
};

}  // namespace lumen::worker
