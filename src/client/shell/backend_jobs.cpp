#include "client/shell/backend_jobs.hpp"

#include <utility>

namespace lumen::client {

BackendJobs::BackendJobs() : thread_{"lm-backend", [this](const std::stop_token& stop) { loop(stop); }} {}

BackendJobs::~BackendJobs() {
  {
    MutexLock lock{mutex_};
    waiting_.clear();
    if (running_) running_->stop.request_stop();
  }
  thread_.request_stop();
}

void BackendJobs::loop(const std::stop_token& stop) {
  while (auto job = next(stop)) {
    job->work(job->stop.get_token());
    MutexLock lock{mutex_};
    running_.reset();
  }
}

std::shared_ptr<BackendJobs::Job> BackendJobs::next(const std::stop_token& stop) {
  MutexLock lock{mutex_};
  const auto any = [this]() LUMEN_REQUIRES(mutex_) { return !waiting_.empty(); };
  if (!changed_.wait(mutex_, stop, any) || stop.stop_requested()) return nullptr;
  running_ = std::move(waiting_.front());
  waiting_.pop_front();
  return running_;
}

void BackendJobs::enqueue(std::shared_ptr<Job> job) {
  {
    MutexLock lock{mutex_};
    if (running_ && running_->is_search) running_->stop.request_stop();
    for (const auto& each : waiting_) {
      if (each->is_search) each->stop.request_stop();
    }
    waiting_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void BackendJobs::add(RequestId request, Work work) {
  auto job = std::make_shared<Job>();
  job->request = request;
  job->work = [this, request, work = std::move(work)](const std::stop_token& stop) {
    if (const auto done = work(stop); !done) tell(Failed{request, done.error()});
  };
  enqueue(std::move(job));
}

void BackendJobs::add_search(RequestId request, Search search) {
  auto job = std::make_shared<Job>();
  job->request = request;
  job->is_search = true;
  job->work = std::move(search);
  enqueue(std::move(job));
}

void BackendJobs::tell(BackendEvent event) {
  MutexLock lock{mutex_};
  events_.push_back(std::move(event));
}

std::optional<BackendEvent> BackendJobs::poll() {
  MutexLock lock{mutex_};
  if (events_.empty()) return std::nullopt;
  auto event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void BackendJobs::cancel(RequestId request) {
  MutexLock lock{mutex_};
  if (running_ && running_->request == request) running_->stop.request_stop();
  for (const auto& job : waiting_) {
    if (job->request == request) job->stop.request_stop();
  }
}

}  // namespace lumen::client
