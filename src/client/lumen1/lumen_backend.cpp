#include "client/lumen1/lumen_backend.hpp"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/machine_name.hpp"
#include "client/shell/backend_jobs.hpp"
#include "crypto/digest.hpp"

namespace lumen::client {
namespace {

namespace control = lumen1::control;
using namespace std::chrono_literals;

constexpr Duration kPatience = 2s, kSearchPatience = 1500ms;
constexpr std::string_view kIdPrefix = "lumen:";
constexpr std::size_t kMaxAsked = 32;

std::string id_of(const LumenAddress& address) { return std::string{kIdPrefix} + to_string(address); }
Result<LumenAddress> address_in(const std::string& id) {
  return parse_lumen_address(std::string_view{id}.substr(std::min(id.size(), kIdPrefix.size())));
}

// Who answers where a paired host was, or by its id, with another certificate gets nothing: neither a stream
// nor a chance to be paired in its place.
Error other_host(const PairedHost& known, const LumenAddress& address) {
  return {ErrorCode::denied, "client.other-host",
          fmt::format("{} at {} does not have the certificate that this device was paired with", known.name,
                      to_string(address)),
          "If it was installed anew, forget it here and pair again; otherwise somebody is in between"};
}

Error not_paired(const std::string& host) {
  return {ErrorCode::denied, kNotPaired, fmt::format("this device is not paired with {}", host),
          "Pair them first"};
}

LumenAddress address_of(const net::Endpoint& endpoint) { return {endpoint.host(), endpoint.port()}; }

}  // namespace

LumenHosts::LumenHosts(LumenBook& book, std::string device_name, Logger& log)
    : book_{book},
      device_name_{device_name.empty() ? machine_name("lumen-client") : std::move(device_name)},
      log_{log} {}

Result<std::unique_ptr<LumenConnection>> LumenHosts::connect(const LumenAddress& address, Duration patience,
                                                             const std::stop_token& stop) const {
  LUMEN_TRY(const auto endpoints, resolve(address, stop));
  const auto* known = book_.at(address);
  const auto pin = known != nullptr ? std::optional{known->fingerprint} : std::nullopt;
  Result<std::unique_ptr<LumenConnection>> connection = nullptr;
  for (const auto& endpoint : endpoints) {
    connection = LumenConnection::open(
        {.host = endpoint, .pin = pin, .device_name = device_name_, .patience = patience}, book_.identity(),
        stop, log_);
    if (connection || connection.error().id != "quic.no-answer" || stop.stop_requested()) break;
  }
  if (!connection) {
    if (connection.error().id == "quic.no-answer") connection.error().id = kNoAnswer;
    if (connection.error().id == "quic.wrong-host") return tl::unexpected{other_host(*known, address)};
    return connection;
  }
  known = book_.find(crypto::to_hex((*connection)->hello().id));
  if (known != nullptr && known->fingerprint != (*connection)->fingerprint())
    return tl::unexpected{other_host(*known, address)};
  return connection;
}

bool LumenHosts::is_paired(const LumenConnection& connection) const {
  const auto* known = book_.find(crypto::to_hex(connection.hello().id));
  return known != nullptr && known->fingerprint == connection.fingerprint() && connection.is_paired();
}

Status LumenHosts::keep(const LumenConnection& connection, const LumenAddress& address) {
  return book_.keep({.id = crypto::to_hex(connection.hello().id),
                     .name = connection.hello().name,
                     .address = address,
                     .fingerprint = connection.fingerprint()});
}

Status end_all(LumenConnection& connection, const std::stop_token& stop) {
  LUMEN_TRY(const auto apps, connection.apps(stop));
  for (const auto& app : apps) {
    if (!app.running) continue;
    LUMEN_CHECK_OK(connection.end_application(app.id, stop));
  }
  return {};
}

namespace {

// Asks many addresses at once who is there.
class LumenSearch {
 public:
  LumenSearch(LumenBook& book, const LumenHosts& hosts, std::function<void(std::vector<HostEntry>)> tell)
      : book_{book}, hosts_{hosts}, tell_{std::move(tell)} {}

  std::vector<HostEntry> run(const std::vector<std::string>& addresses, const net::MdnsBrowse& browse,
                             const std::stop_token& stop) {
    for (const auto& host : book_.hosts()) ask(host.address, host.name, stop);
    for (const auto& text : addresses) {
      if (const auto address = parse_lumen_address(text)) ask(*address, {}, stop);
    }
    if (const auto found = net::browse_hosts(browse, stop)) {
      for (const auto& host : *found) ask(address_of(host.addresses.front()), host.name, stop);
    }
    threads_.clear();
    keep_addresses();
    return entries();
  }

 private:
  void ask(const LumenAddress& address, std::string name, const std::stop_token& stop) {
    {
      MutexLock lock{mutex_};
      if (entries_.size() == kMaxAsked) return;
      if (name.empty()) name = address.host;
      const HostEntry entry{.id = id_of(address),
                            .name = std::move(name),
                            .address = to_string(address),
                            .protocol = Protocol::lumen1,
                            .paired = book_.at(address) != nullptr};
      const auto* known = book_.at(address);
      if (!entries_.emplace(entry.id, Found{entry, known != nullptr ? known->id : "", address}).second)
        return;
    }
    threads_.emplace_back([this, address, stop] {
      const auto connection = hosts_.connect(address, kSearchPatience, stop);
      if (!connection) return;
      {
        MutexLock lock{mutex_};
        auto& found = entries_.at(id_of(address));
        found.host_id = crypto::to_hex((*connection)->hello().id);
        found.entry.name = (*connection)->hello().name;
        found.entry.reachable = true;
        found.entry.paired = hosts_.is_paired(**connection);
      }
      tell_(entries());
    });
  }

  // A host that was met at two addresses is one: at the one where it answers, as what is known of it.
  std::vector<HostEntry> entries() {
    MutexLock lock{mutex_};
    std::multimap<int, const Found*> sorted;
    for (const auto& [id, found] : entries_)
      sorted.emplace((found.entry.reachable ? 0 : 2) + (found.entry.paired ? 0 : 1), &found);
    std::vector<HostEntry> all;
    std::vector<std::string> met;
    for (const auto& [rank, found] : sorted) {
      if (!found->host_id.empty()) {
        if (std::ranges::find(met, found->host_id) != met.end()) continue;
        met.push_back(found->host_id);
      }
      if (found->entry.reachable || found->entry.paired) all.push_back(found->entry);
    }
    return all;
  }

  // Where paired hosts are now.
  void keep_addresses() {
    MutexLock lock{mutex_};
    for (const auto& [id, found] : entries_) {
      if (!found.entry.reachable || !found.entry.paired) continue;
      const auto* known = book_.find(found.host_id);
      if (known == nullptr || known->address == found.address) continue;
      auto moved = *known;
      moved.address = found.address;
      static_cast<void>(book_.keep(std::move(moved)));  // it is found again anyway
    }
  }

  struct Found {
    HostEntry entry;
    std::string host_id;  // empty: not known yet
    LumenAddress address;
  };
  LumenBook& book_;
  const LumenHosts& hosts_;
  std::function<void(std::vector<HostEntry>)> tell_;
  Mutex mutex_;
  std::map<std::string, Found> entries_ LUMEN_GUARDED_BY(mutex_);
  std::vector<std::jthread> threads_;  // last
};

}  // namespace

std::vector<HostEntry> LumenHosts::search(const std::vector<std::string>& addresses,
                                          const net::MdnsBrowse& browse,
                                          const std::function<void(std::vector<HostEntry>)>& tell,
                                          const std::stop_token& stop) const {
  return LumenSearch{book_, *this, tell}.run(addresses, browse, stop);
}

namespace {

class LumenBackend final : public Backend {
 public:
  LumenBackend(LumenBackendParams params, Logger& log)
      : params_{std::move(params)}, log_{log}, hosts_{params_.book, params_.device_name, log} {}
  ~LumenBackend() override { answers_.close(); }
  LumenBackend(const LumenBackend&) = delete;
  LumenBackend& operator=(const LumenBackend&) = delete;

  Protocol protocol() const override { return Protocol::lumen1; }
  Result<HostEntry> host_at(std::string_view text) const override {
    LUMEN_TRY(const auto address, parse_lumen_address(text));
    return HostEntry{.id = id_of(address),
                     .name = address.host,
                     .address = to_string(address),
                     .protocol = Protocol::lumen1};
  }
  void discover(RequestId request, std::vector<std::string> addresses) override;
  void list_apps(RequestId request, const std::string& host_id) override;
  void pair(RequestId request, const std::string& host_id) override;
  void answer(RequestId request, const std::string& pin) override { answers_.put(request, pin); }
  void start(RequestId request, const StreamRequest& wanted) override;
  void end_app(RequestId request, const std::string& host_id) override;
  void forget(RequestId request, const std::string& host_id) override;
  void cancel(RequestId request) override { jobs_.cancel(request); }
  std::optional<BackendEvent> poll() override { return jobs_.poll(); }

 private:
  // What a person typed, on its way to lm-backend.
  class Answers {
   public:
    void put(RequestId request, std::string pin) LUMEN_EXCLUDES(mutex_) {
      {
        MutexLock lock{mutex_};
        request_ = request;
        pin_ = std::move(pin);
      }
      changed_.notify_all();
    }
    std::optional<std::string> take(RequestId request, const std::stop_token& stop) LUMEN_EXCLUDES(mutex_) {
      MutexLock lock{mutex_};
      const auto there = [&]() LUMEN_REQUIRES(mutex_) { return closed_ || (pin_ && request_ == request); };
      if (!changed_.wait(mutex_, stop, there) || closed_) return std::nullopt;
      return std::exchange(pin_, std::nullopt);
    }
    void close() LUMEN_EXCLUDES(mutex_) {
      {
        MutexLock lock{mutex_};
        closed_ = true;
      }
      changed_.notify_all();
    }

   private:
    Mutex mutex_;
    std::condition_variable_any changed_;
    RequestId request_ LUMEN_GUARDED_BY(mutex_) = 0;
    std::optional<std::string> pin_ LUMEN_GUARDED_BY(mutex_);
    bool closed_ LUMEN_GUARDED_BY(mutex_) = false;
  };

  // lm-backend
  Result<std::unique_ptr<LumenConnection>> paired_connection(const std::string& host_id,
                                                             const std::stop_token& stop);
  Status pair_now(RequestId request, const std::string& host_id, const std::stop_token& stop);
  Status pair_with_codes(RequestId request, LumenConnection& connection, const std::stop_token& stop);

  LumenBackendParams params_;  // the book: lm-backend's
  Logger& log_;
  LumenHosts hosts_;
  Answers answers_;
  BackendJobs jobs_;  // last
};

void LumenBackend::discover(RequestId request, std::vector<std::string> addresses) {
  jobs_.add_search(request, [this, request, addresses = std::move(addresses)](const std::stop_token& stop) {
    const auto tell = [this, request, stop](std::vector<HostEntry> hosts) {
      if (!stop.stop_requested()) jobs_.tell(HostsFound{request, std::move(hosts), false});
    };
    jobs_.tell(HostsFound{request, hosts_.search(addresses, params_.browse, tell, stop), true});
  });
}

Result<std::unique_ptr<LumenConnection>> LumenBackend::paired_connection(const std::string& host_id,
                                                                         const std::stop_token& stop) {
  LUMEN_TRY(const auto address, address_in(host_id));
  LUMEN_TRY(auto connection, hosts_.connect(address, kPatience, stop));
  if (!hosts_.is_paired(*connection)) return tl::unexpected{not_paired(connection->hello().name)};
  return connection;
}

void LumenBackend::list_apps(RequestId request, const std::string& host_id) {
  jobs_.add(request, [this, request, host_id](const std::stop_token& stop) -> Status {
    LUMEN_TRY(const auto connection, paired_connection(host_id, stop));
    LUMEN_TRY(const auto apps, connection->apps(stop));
    AppsFound found{request, {}};
    for (const auto& app : apps) {
      found.apps.push_back({.id = std::to_string(app.id), .title = app.name, .running = app.running});
    }
    jobs_.tell(std::move(found));
    return {};
  });
}

void LumenBackend::pair(RequestId request, const std::string& host_id) {
  jobs_.add(request, [this, request, host_id](const std::stop_token& stop) {
    return pair_now(request, host_id, stop);
  });
}

// By a code where the host shows one, else by asking whoever sits there.
Status LumenBackend::pair_now(RequestId request, const std::string& host_id, const std::stop_token& stop) {
  LUMEN_TRY(const auto address, address_in(host_id));
  LUMEN_TRY(const auto connection, hosts_.connect(address, kPatience, stop));
  if (!hosts_.is_paired(*connection)) {
    if (connection->hello().takes_code || !connection->hello().takes_asking) {
      LUMEN_CHECK_OK(pair_with_codes(request, *connection, stop));
    } else {
      LUMEN_CHECK_OK(connection->pair_by_approval(
          [&](const std::string& words) { jobs_.tell(CompareWords{request, words}); }, stop));
      // Whoever is at the other end says yes; whether the words are the same, only the person here knows.
      if (!answers_.take(request, stop)) return fail(ErrorCode::cancelled, "client.cancelled", "cancelled");
    }
    LUMEN_CHECK_OK(hosts_.keep(*connection, address));
  }
  jobs_.tell(Paired{request});
  return {};
}

Status LumenBackend::pair_with_codes(RequestId request, LumenConnection& connection,
                                     const std::stop_token& stop) {
  for (bool was_wrong = false;; was_wrong = true) {
    jobs_.tell(AskForPin{request, was_wrong});
    const auto code = answers_.take(request, stop);
    if (!code) return fail(ErrorCode::cancelled, "client.cancelled", "cancelled");
    auto paired = connection.pair_with_code(*code, stop);
    if (paired) return {};
    const auto& id = paired.error().id;
    if (id != "pairing.wrong-code" && id != "pairing.code") return paired;
  }
}

void LumenBackend::start(RequestId request, const StreamRequest& wanted) {
  jobs_.add(request, [this, request, wanted](const std::stop_token& stop) -> Status {
    LUMEN_TRY(auto connection, paired_connection(wanted.host_id, stop));
    jobs_.tell(Progress{request, fmt::format("Starting the stream from {}", connection->hello().name)});
    LUMEN_TRY(auto stream,
              LumenClientStream::start(std::move(connection), wanted, {}, params_.outputs, stop, log_));
    if (stop.stop_requested()) return fail(ErrorCode::cancelled, "client.cancelled", "cancelled");
    jobs_.tell(StreamStarted{request, std::move(stream)});
    return {};
  });
}

void LumenBackend::end_app(RequestId request, const std::string& host_id) {
  jobs_.add(request, [this, request, host_id](const std::stop_token& stop) -> Status {
    LUMEN_TRY(const auto connection, paired_connection(host_id, stop));
    LUMEN_CHECK_OK(end_all(*connection, stop));
    jobs_.tell(Done{request});
    return {};
  });
}

void LumenBackend::forget(RequestId request, const std::string& host_id) {
  jobs_.add(request, [this, request, host_id](const std::stop_token&) -> Status {
    LUMEN_TRY(const auto address, address_in(host_id));
    const auto* host = params_.book.at(address);
    if (host == nullptr) {
      return fail(ErrorCode::invalid_argument, "client.not-known",
                  fmt::format("no paired computer is at {}", to_string(address)),
                  "Search again, and choose it there");
    }
    LUMEN_CHECK_OK(params_.book.forget(std::string{host->id}));
    jobs_.tell(Done{request});
    return {};
  });
}

}  // namespace

std::string lumen_book_folder(const std::string& client_folder) { return client_folder + "/lumen1"; }

std::unique_ptr<Backend> create_lumen_backend(LumenBackendParams params, Logger& log) {
  return std::make_unique<LumenBackend>(std::move(params), log);
}

}  // namespace lumen::client
