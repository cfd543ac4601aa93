// client/gamestream: what a client asks a GameStream host over HTTP (GameStream part 1, 20): who it is, to
// pair, what it can run, to start, resume and quit it. Everything but the first question and pairing goes
// over TLS to exactly the certificate that was paired.
//
// Blocking. Owner: one thread.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "client/gamestream/host_book.hpp"
#include "gamestream/http/client_documents.hpp"
#include "gamestream/http/http_api.hpp"

namespace lumen::client {

// One GET. Its target may hold a key: it is not to be logged.
struct HostGet {
  net::Endpoint to;
  gamestream::Scheme scheme = gamestream::Scheme::http;
  std::string_view target;
  std::optional<Duration> timeout;  // nullopt: as long as it takes
  // Of https: the one certificate that the host may show; nobody else is sent anything.
  const crypto::Certificate* pinned = nullptr;
};
// The body of the answer. With https the client shows its identity. Fails with `http.certificate-changed`
// when the host shows another certificate, and with whatever the transport says.
using HostFetch = std::function<Result<std::string>(const HostGet&, const std::stop_token&)>;

class GameConnection {
 public:
  struct Params {
    HostAddress address;
    HostBook* book = nullptr;  // outlives the connection
    HostFetch fetch;
  };

  // Finds the host and asks who it is. Works for hosts that are not paired, too. Fails as resolve() and the
  // transport do, with `client.not-a-host` when what answers is no GameStream host, and with `http.stopped`.
  static Result<GameConnection> open(Params params, const std::stop_token& stop);

  const HostAddress& address() const { return params_.address; }
  const net::Endpoint& endpoint() const { return endpoint_; }   // in use, with the port of HTTP
  const gamestream::ServerInfo& info() const { return info_; }  // over TLS, if paired
  // Success, or why the host does not take this client: `client.not-paired`, `http.certificate-changed`.
  const Status& pairing() const { return pairing_; }

  // Pairs, and keeps the host in the book. `on_pin` is told what a person must type at the host, as soon as
  // the host is about to ask for it; `pin`: four digits to use, or empty for random ones. Fails as
  // PairingClient does, with `gamestream.pin` for another `pin`, or with `http.stopped`.
  using OnPin = std::function<void(std::string_view pin)>;
  Status pair(std::string_view pin, const OnPin& on_pin, const std::stop_token& stop);

  // All of these fail as pairing() says, and as the client documents do.
  Status refresh(const std::stop_token& stop);  // info() is up to date then
  Result<std::vector<gamestream::App>> apps(const std::stop_token& stop);
  // With the name (in any case) or number `wanted`. Empty: what runs already, else the desktop, else the
  // first there is. `client.no-such-app` names those there are.
  Result<gamestream::App> find_app(std::string_view wanted, const std::stop_token& stop);
  Result<gamestream::LaunchGrant> launch(const gamestream::LaunchRequest& request,
                                         const std::stop_token& stop);
  // Ends what runs for this client. `client.still-running` when the host says yes and goes on.
  Status quit(const std::stop_token& stop);

 private:
  GameConnection(Params params, const net::Endpoint& endpoint)
      : params_{std::move(params)}, endpoint_{endpoint} {}
  Status ask_who(const std::stop_token& stop);
  Status ask_as_paired(const crypto::Certificate& certificate, const std::stop_token& stop);
  Result<std::string> get(std::string_view target, Duration timeout, const std::stop_token& stop);
  Result<std::string> get_from(gamestream::Scheme scheme, std::string_view target,
                               std::optional<Duration> timeout, const crypto::Certificate* pinned,
                               const std::stop_token& stop) const;
  std::string with_id(std::string_view path) const;
  tl::unexpected<Error> not_paired(std::string_view why) const;

  Params params_;
  net::Endpoint endpoint_;
  gamestream::ServerInfo info_;
  Status pairing_;
};

}  // namespace lumen::client
