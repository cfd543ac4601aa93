// lumen/net/http: an HTTP/1.1 server for GameStream's API and the host's own pages, plain and over TLS
// (GameStream part 1, 3.1 and 3.2). One request a connection: it is read whole, handed to the owner, answered
// at once or minutes later, and the connection ends. Runs on a thread of its own, lm-http.
//
// TLS is 1.2 or 1.3 with one certificate. Any certificate of a client is accepted and none is demanded: who
// may do what is decided by whoever compares HttpRequest::peer_certificate. There is no session resumption,
// so each connection shows its certificate anew.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "net/tcp/listen.hpp"

namespace lumen::net {

struct HttpRequest {
  std::string method, target, body;  // the client's bytes; `target` is not decoded
  bool is_tls = false;
  std::vector<std::byte> peer_certificate;  // DER; empty: plain HTTP, or the client sent none
  Endpoint local, remote;
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type;  // empty: no such header
  std::string body;
  // Besides Content-Type, Content-Length and "Connection: close". Trusted: names and values have no line
  // ends.
  std::vector<std::pair<std::string, std::string>> headers;
};

// The right to answer one request. A copy is the same right. Thread-safe; does nothing when the connection or
// the server is gone. When the last copy goes without an answer, the client gets status 500.
class Responder {
 public:
  struct Exchange;  // the server's
  explicit Responder(std::shared_ptr<Exchange> exchange);

  // The first call counts, later ones do nothing. Never blocks on the network.
  void send(HttpResponse response) const;
  // `call` runs on lm-http once when the peer closes its side, the connection breaks or the time to answer is
  // over before an answer was sent; at once when that has happened already. A peer that only finished sending
  // still gets an answer that comes soon. A later call replaces the former `call`. Never runs after the
  // server's destruction.
  void on_hang_up(std::function<void()> call) const;

 private:
  struct Ticket;
  std::shared_ptr<Ticket> ticket_;
};

class HttpServer {
 public:
  // On lm-http; hands the request on and returns soon. May call the responder.
  using Handler = std::function<void(HttpRequest, Responder)>;
  struct Tls {
    std::string certificate_pem;  // the first certificate in it is sent, no chain
    std::string key_pem;          // its private key; wiped when it was read
  };
  struct Listener {
    ListenParams listen;
    std::optional<Tls> tls;  // nullopt: plain HTTP
    Handler handler;
    std::size_t max_body_bytes = 0;  // 413 above it
  };
  // For all listeners together.
  struct Limits {
    std::size_t connections = 256, connections_per_address = 32;  // more are closed at once
    std::size_t header_bytes = 32U << 10U;                        // 431 above it
    std::size_t ignored_bytes = 64U << 10U;                       // that come after the request
    Duration request = std::chrono::seconds{10};   // from the accept to the whole request, TLS included
    Duration answer = std::chrono::minutes{15};    // from there to send(); 503 after it
    Duration half_open = std::chrono::seconds{5};  // the same for a peer that finished sending
    Duration send = std::chrono::seconds{30};      // from send() until everything went out
    Duration flush = std::chrono::seconds{3};      // from there until the peer closed as well
  };
  struct Params {
    std::vector<Listener> listeners;
    Limits limits;
  };

  // Accepts connections from now on. Fails as listen_tcp() does, with `http.certificate` when a certificate
  // and its key do not make a server, or with `http.thread`.
  static Result<std::unique_ptr<HttpServer>> create(Params params);
  // Closes everything without a word. No handler runs after it; responders may outlive it.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Of the listener with that index in Params.
  std::uint16_t port(std::size_t listener = 0) const;
  // Connections refused by the limits so far. Thread-safe.
  std::uint64_t refused() const;

 private:
  struct Parts;
  explicit HttpServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace lumen::net
