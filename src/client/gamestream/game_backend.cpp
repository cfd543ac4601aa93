#include "client/gamestream/game_backend.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "client/gamestream/game_client_stream.hpp"
#include "client/gamestream/host_fetch.hpp"
#include "client/gamestream/host_search.hpp"
#include "client/shell/backend_jobs.hpp"

namespace lumen::client {
namespace {

class GameBackend final : public Backend {
 public:
  GameBackend(GameBackendParams params, HostFetch fetch, Logger& log)
      : params_{std::move(params)}, fetch_{std::move(fetch)}, log_{log} {}
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
  void cancel(RequestId request) override { jobs_.cancel(request); }
  std::optional<BackendEvent> poll() override { return jobs_.poll(); }

 private:
  // lm-backend
  Result<GameConnection> connect(const std::string& host_id, const std::stop_token& stop);
  Status find_apps(RequestId request, const std::string& host_id, const std::stop_token& stop);
  Status begin(RequestId request, const StreamRequest& wanted, const std::stop_token& stop);
  Status remove(const std::string& host_id);

  GameBackendParams params_;  // the book: lm-backend's
  HostFetch fetch_;
  Logger& log_;
  BackendJobs jobs_;  // last
};

Result<HostEntry> GameBackend::host_at(std::string_view address) const {
  LUMEN_TRY(const auto parsed, parse_host_address(address));
  return HostEntry{.id = game_host_id(parsed),
                   .name = parsed.host,
                   .address = to_string(parsed),
                   .protocol = Protocol::gamestream};
}

void GameBackend::discover(RequestId request, std::vector<std::string> addresses) {
  jobs_.add_search(request, [this, request, addresses = std::move(addresses)](const std::stop_token& stop) {
    HostSearch search{{.book = &params_.book,
                       .fetch = fetch_,
                       .addresses = addresses,
                       .browse = params_.browse,
                       .on_found = [&](std::vector<HostEntry> hosts) {
                         if (!stop.stop_requested()) jobs_.tell(HostsFound{request, std::move(hosts), false});
                       }}};
    auto hosts = search.run(stop);
    jobs_.tell(HostsFound{request, std::move(hosts), true});
  });
}

Result<GameConnection> GameBackend::connect(const std::string& host_id, const std::stop_token& stop) {
  LUMEN_TRY(auto address, address_of_game_host(host_id));
  return GameConnection::open({.address = std::move(address), .book = &params_.book, .fetch = fetch_}, stop);
}

void GameBackend::list_apps(RequestId request, const std::string& host_id) {
  jobs_.add(request,
            [this, request, host_id](const auto& stop) { return find_apps(request, host_id, stop); });
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
  jobs_.tell(std::move(found));
  return {};
}

void GameBackend::pair(RequestId request, const std::string& host_id) {
  jobs_.add(request, [this, request, host_id](const std::stop_token& stop) -> Status {
    LUMEN_TRY(auto connection, connect(host_id, stop));
    if (!connection.pairing()) {
      LUMEN_CHECK_OK(connection.pair(
          "", [&](std::string_view pin) { jobs_.tell(TypeAtHost{request, std::string{pin}}); }, stop));
    }
    jobs_.tell(Paired{request});
    return {};
  });
}

void GameBackend::start(RequestId request, const StreamRequest& wanted) {
  jobs_.add(request, [this, request, wanted](const auto& stop) { return begin(request, wanted, stop); });
}

Status GameBackend::begin(RequestId request, const StreamRequest& wanted, const std::stop_token& stop) {
  LUMEN_TRY(auto connection, connect(wanted.host_id, stop));
  LUMEN_CHECK_OK(connection.pairing());
  jobs_.tell(Progress{request, fmt::format("Starting the stream from {}", connection.info().hostname)});
  LUMEN_TRY(auto stream, GameClientStream::start(connection, wanted, {}, params_.outputs, stop, log_));
  if (stop.stop_requested()) return fail(ErrorCode::cancelled, "client.cancelled", "cancelled");
  jobs_.tell(StreamStarted{request, std::move(stream)});
  return {};
}

void GameBackend::end_app(RequestId request, const std::string& host_id) {
  jobs_.add(request, [this, request, host_id](const std::stop_token& stop) -> Status {
    LUMEN_TRY(auto connection, connect(host_id, stop));
    LUMEN_CHECK_OK(connection.quit(stop));
    jobs_.tell(Done{request});
    return {};
  });
}

void GameBackend::forget(RequestId request, const std::string& host_id) {
  jobs_.add(request, [this, request, host_id](const std::stop_token&) -> Status {
    LUMEN_CHECK_OK(remove(host_id));
    jobs_.tell(Done{request});
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
