// For tests: an HttpServer whose requests wait in a queue until the test takes them.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "net/http/server.hpp"
#include "net/http/test_peer.hpp"

namespace lumen::net {

// Values from lm-http to the test.
template <class T>
class Arrivals {
 public:
  void put(T value) {
    {
      const std::lock_guard lock{mutex_};
      values_.push_back(std::move(value));
    }
    arrived_.notify_one();
  }
  std::optional<T> take(std::chrono::milliseconds patience = std::chrono::seconds{20}) {
    std::unique_lock lock{mutex_};
    if (!arrived_.wait_for(lock, patience, [this] { return !values_.empty(); })) return std::nullopt;
    auto value = std::move(values_.front());
    values_.pop_front();
    return value;
  }
  bool empty() {
    const std::lock_guard lock{mutex_};
    return values_.empty();
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<T> values_;
};

struct Asked {
  HttpRequest request;
  Responder responder;
};

// Listener 0 is plain, 1 is TLS; both on the two loopback addresses. Targets that begin with "/wait" go to
// `asked`; anything else is answered at once with its method and target.
class TestHttpServer {
 public:
  explicit TestHttpServer(HttpServer::Limits limits = {}, std::size_t max_body_bytes = 1000) {
    const auto handler = [this](HttpRequest request, Responder responder) {
      if (request.target.starts_with("/wait")) {
        return asked.put({std::move(request), std::move(responder)});
      }
      responder.send({.content_type = "text/plain", .body = request.method + " " + request.target});
    };
    const ListenParams loopback{.addresses = {"127.0.0.1", "::1"}};
    std::vector<HttpServer::Listener> listeners;
    listeners.push_back({.listen = loopback, .handler = handler, .max_body_bytes = max_body_bytes});
    listeners.push_back({.listen = loopback,
                         .tls = HttpServer::Tls{host_identity().certificate_pem, host_identity().key_pem},
                         .handler = handler,
                         .max_body_bytes = max_body_bytes});
    server = HttpServer::create({.listeners = std::move(listeners), .limits = limits}).value();
  }

  Endpoint plain(const std::string& address = "127.0.0.1") const {
    return Endpoint::parse(address, server->port(0)).value();
  }
  Endpoint tls(const std::string& address = "127.0.0.1") const {
    return Endpoint::parse(address, server->port(1)).value();
  }

  Arrivals<Asked> asked;
  std::unique_ptr<HttpServer> server;
};

}  // namespace lumen::net
