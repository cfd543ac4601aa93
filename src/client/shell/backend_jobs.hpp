// client/shell: a thread (lm-backend) that does a backend's work, one piece after the other, and keeps what
// it has to tell until it is polled. A search makes way for whatever else a person wants. Thread-safe: all
// calls.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "base/mutex.hpp"
#include "base/thread.hpp"
#include "client/shell/backend.hpp"

namespace lumen::client {

class BackendJobs {
 public:
  BackendJobs();
  ~BackendJobs();  // asks what runs to stop, and waits for it
  BackendJobs(const BackendJobs&) = delete;
  BackendJobs& operator=(const BackendJobs&) = delete;

  // On lm-backend. A failure is told as Failed.
  using Work = std::function<Status(const std::stop_token&)>;
  void add(RequestId request, Work work);
  // Ends, when told to stop, with what it has.
  using Search = std::function<void(const std::stop_token&)>;
  void add_search(RequestId request, Search search);

  void tell(BackendEvent event) LUMEN_EXCLUDES(mutex_);
  void cancel(RequestId request) LUMEN_EXCLUDES(mutex_);
  std::optional<BackendEvent> poll() LUMEN_EXCLUDES(mutex_);

 private:
  struct Job {
    RequestId request = 0;
    bool is_search = false;
    std::stop_source stop;
    std::function<void(const std::stop_token&)> work;
  };
  void enqueue(std::shared_ptr<Job> job) LUMEN_EXCLUDES(mutex_);
  std::shared_ptr<Job> next(const std::stop_token& stop) LUMEN_EXCLUDES(mutex_);
  void loop(const std::stop_token& stop);

  Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::shared_ptr<Job>> waiting_ LUMEN_GUARDED_BY(mutex_);
  std::shared_ptr<Job> running_ LUMEN_GUARDED_BY(mutex_);
  std::deque<BackendEvent> events_ LUMEN_GUARDED_BY(mutex_);
  OwnedThread thread_;  // last
};

}  // namespace lumen::client
