#include "client/gamestream/game_backend.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <utility>

#include <fmt/format.h>

#include "base/mutex.hpp"
#include "base/thread.hpp"
#include "client/gamestream/game_client_stream.hpp"
#include "client/gamestream/host_fetch.hpp"
#include "client/gamestream/host_search.hpp"

namespace lumen::client {
namespace {

// One piece of work that a request is.
struct Job {
  RequestId request = 0;
  bool is_search = false;
  std::stop_source stop;
  std::function<void(const std::stop_token&)> work;
};

class GameBackend final : public Backend {
 public:
  GameBackend(GameBackendParams params, HostFetch fetch, Logger& log)
      : params_{std::move(params)},
        fetch_{std::move(fetch)},
        log_{log},
        thread_{"lm-backend", [this](const std::stop_token& stop) { loop(stop); }} {}
  ~GameBackend() override;
  GameBackend(const GameBackend&) = delete;
  GameBackend& operator=(const GameBackend&) = delete;

  Protocol protocol() const override { return Protocol::gamestream; }
  Result<HostEntry> host_at(std::string_view address) const override;
  void discover(RequestId request, std::vector<std::string> addresses) override;
  void list_apps(RequestId request, const std::string& host_id) override;
  void pair(RequestId request, const std::string& host_id) override;
  void answer(RequestId, const std::string&) override {}  // GameStream's hosts ask, not its clients
  void start(RequestId request, const StreamRequest& wanted) override;
  void end_app(RequestId request, const std::string& host_id) override;
  void forget(RequestId request, const std::string& host_id) override;
  void cancel(RequestId request) override LUMEN_EXCLUDES(mutex_);
  std::optional<BackendEvent> poll() override LUMEN_EXCLUDES(mutex_);

 private:
  using Work = std::function<Status(const std::stop_token&)>;

  void loop(const std::stop_token& stop);
  std::shared_ptr<Job> next(const std::stop_token& stop) LUMEN_EXCLUDES(mutex_);
  void add(std::shared_ptr<Job> job) LUMEN_EXCLUDES(mutex_);
  void add(RequestId request, Work work);  // whose failure is told
  void tell(BackendEvent event) LUMEN_EXCLUDES(mutex_);
  // lm-backend
  Result<GameConnection> connect(const std::string& host_id, const std::stop_token& stop);
  Status find_apps(RequestId request, const std::string& host_id, const std::stop_token& stop);
  Status begin(RequestId request, const StreamRequest& wanted, const std::stop_token& stop);
  Status remove(const std::string& host_id);

  GameBackendParams params_;  // the book: lm-backend's
  HostFetch fetch_;
  Logger& log_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::shared_ptr<Job>> waiting_ LUMEN_GUARDED_BY(mutex_);
  std::shared_ptr<Job> running_ LUMEN_GUARDED_BY(mutex_);
  std::deque<BackendEvent> events_ LUMEN_GUARDED_BY(mutex_);
  OwnedThread thread_;  // last
};

GameBackend::~GameBackend() {
  {
    MutexLock lock{mutex_};
    waiting_.clear();
    if (running_) running_->stop.request_stop();
  }
  thread_.request_stop();
}

Result<HostEntry> GameBackend::host_at(std::string_view address) const {
  LUMEN_TRY(const auto parsed, parse_host_address(address));
  return HostEntry{.id = game_host_id(parsed),
                   .name = parsed.host,
                   .address = to_string(parsed),
                   .protocol = Protocol::gamestream};
}

void GameBackend::loop(const std::stop_token& stop) {
  while (auto job = next(stop)) {
    job->work(job->stop.get_token());
    MutexLock lock{mutex_};
    running_.reset();
  }
}

std::shared_ptr<Job> GameBackend::next(const std::stop_token& stop) {
  MutexLock lock{mutex_};
  const auto any = [this]() LUMEN_REQUIRES(mutex_) { return !waiting_.empty(); };
  if (!changed_.wait(mutex_, stop, any) || stop.stop_requested()) return nullptr;
  running_ = std::move(waiting_.front());
  waiting_.pop_front();
  return running_;
}

// A search makes way for whatever a person wants, and for a newer search.
void GameBackend::add(std::shared_ptr<Job> job) {
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

void GameBackend::add(RequestId request, Work work) {
  auto job = std::make_shared<Job>();
  job->request = request;
  job->work = [this, request, work = std::move(work)](const std::stop_token& stop) {
    if (const auto done = work(stop); !done) tell(Failed{request, done.error()});
  };
  add(std::move(job));
}

void GameBackend::tell(BackendEvent event) {
  MutexLock lock{mutex_};
  events_.push_back(std::move(event));
}

std::optional<BackendEvent> GameBackend::poll() {
  MutexLock lock{mutex_};
  if (events_.empty()) return std::nullopt;
  auto event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void GameBackend::cancel(RequestId request) {
  MutexLock lock{mutex_};
  if (running_ && running_->request == request) running_->stop.request_stop();
  for (const auto& job : waiting_) {
    if (job->request == request) job->stop.request_stop();
  }
}

void GameBackend::discover(RequestId request, std::vector<std::string> addresses) {
  auto job = std::make_shared<Job>();
  job->request = request;
  job->is_search = true;
  job->work = [this, request, addresses = std::move(addresses)](const std::stop_token& stop) {
    HostSearch search{{.book = &params_.book,
                       .fetch = fetch_,
                       .addresses = addresses,
                       .browse = params_.browse,
                       .on_found = [&](std::vector<HostEntry> hosts) {
                         if (!stop.stop_requested()) tell(HostsFound{request, std::move(hosts), false});
                       }}};
    auto hosts = search.run(stop);
    tell(HostsFound{request, std::move(hosts), true});
  };
  add(std::move(job));
}

Result<GameConnection> GameBackend::connect(const std::string& host_id, const std::stop_token& stop) {
  LUMEN_TRY(auto address, address_of_game_host(host_id));
  return GameConnection::open({.address = std::move(address), .book = &params_.book, .fetch = fetch_}, stop);
}

void GameBackend::list_apps(RequestId request, const std::string& host_id) {
  add(request, [this, request, host_id](const auto& stop) { return find_apps(request, host_id, stop); });
}

Status GameBackend::find_apps(RequestId request, const std::string& host_id, const std::stop_token& stop) {
  LUMEN_TRY(auto connection, connect(host_id, stop));
  LUMEN_TRY(const auto apps, connection.apps(stop));
  AppsFound found{request, {}};
  for (const auto& app : apps) {
    found.apps.push_back({.id = std::to_string(app.id),
                          .title = app.title,
                          .running = app.id == connection.info().current_app});
  }
  tell(std::move(found));
  return {};
}

void GameBackend::pair(RequestId request, const std::string& host_id) {
  add(request, [this, request, host_id](const std::stop_token& stop) -> Status {
    LUMEN_TRY(auto connection, connect(host_id, stop));
    if (!connection.pairing()) {
      LUMEN_CHECK_OK(connection.pair(
          "", [&](std::string_view pin) { tell(TypeAtHost{request, std::string{pin}}); }, stop));
    }
    tell(Paired{request});
    return {};
  });
}

void GameBackend::start(RequestId request, const StreamRequest& wanted) {
  add(request, [this, request, wanted](const auto& stop) { return begin(request, wanted, stop); });
}

Status GameBackend::begin(RequestId request, const StreamRequest& wanted, const std::stop_token& stop) {
  LUMEN_TRY(auto connection, connect(wanted.host_id, stop));
  LUMEN_CHECK_OK(connection.pairing());
  tell(Progress{request, fmt::format("Starting the stream from {}", connection.info().hostname)});
  LUMEN_TRY(auto stream, GameClientStream::start(connection, wanted, {}, params_.outputs, stop, log_));
  if (stop.stop_requested()) return fail(ErrorCode::cancelled, "client.cancelled", "cancelled");
  tell(StreamStarted{request, std::move(stream)});
  return {};
}

void GameBackend::end_app(RequestId request, const std::string& host_id) {
  add(request, [this, request, host_id](const std::stop_token& stop) -> Status {
    LUMEN_TRY(auto connection, connect(host_id, stop));
    LUMEN_CHECK_OK(connection.quit(stop));
    tell(Done{request});
    return {};
  });
}

void GameBackend::forget(RequestId request, const std::string& host_id) {
  add(request, [this, request, host_id](const std::stop_token&) -> Status {
    LUMEN_CHECK_OK(remove(host_id));
    tell(Done{request});
    return {};
  });
}

// The book knows hosts by what they call themselves, the screens by their address.
Status GameBackend::remove(const std::string& host_id) {
  LUMEN_TRY(const auto address, address_of_game_host(host_id));
  const auto hosts = params_.book.hosts();
  const auto known = std::ranges::find(hosts, address, &KnownHost::address);
  if (known != hosts.end()) return params_.book.forget(std::string{known->unique_id});
  std::stop_source never;
  const auto connection =
      connect(host_id, never.get_token());  // met at another address than the one it was paired at
  if (connection && params_.book.find(connection->info().unique_id) != nullptr)
    return params_.book.forget(connection->info().unique_id);
  return {};
}

}  // namespace

Result<std::unique_ptr<Backend>> create_game_backend(GameBackendParams params, Logger& log) {
  LUMEN_TRY(auto fetch, create_host_fetch(params.book.identity()));
  return std::unique_ptr<Backend>{std::make_unique<GameBackend>(std::move(params), std::move(fetch), log)};
}

}  // namespace lumen::client
