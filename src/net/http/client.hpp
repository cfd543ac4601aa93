// lumen/net/http: the client's side: one GET over HTTP or HTTPS a connection, blocking, with a time limit and
// a stop token. Over TLS a server is known by its exact certificate, as GameStream pins it (part 1, 3.2);
// names, dates and authorities count for nothing.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "net/udp.hpp"

namespace lumen::net {

struct HttpGet {
  Endpoint to;
  std::string target = "/";  // path and query, encoded
  bool is_tls = false;
  // DER. The request is not sent to a server that presents another one. Empty: any, see the answer.
  std::vector<std::byte> expected_certificate;
  Duration connect_timeout = std::chrono::seconds{5};
  Duration timeout = std::chrono::seconds{10};  // for the whole, connecting included
  std::size_t max_body_bytes = 4U << 20U;
};

struct HttpAnswer {
  unsigned status = 0;
  std::string content_type, body;
  std::vector<std::byte> server_certificate;  // DER; empty without TLS
};

class HttpClient {
 public:
  struct Identity {
    std::string certificate_pem, key_pem;  // both empty: none
  };
  // Fails with `http.certificate` when the two do not belong together.
  static Result<HttpClient> create(const Identity& identity = {});
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  ~HttpClient();

  // Any HTTP status is an answer. Fails with `http.refused` (nobody listens), `http.connect`, `http.tls`,
  // `http.certificate-changed`, `http.timeout`, `http.reset`, `http.malformed`, `http.answer-too-large` or
  // `http.stopped`. Thread-safe.
  Result<HttpAnswer> get(const HttpGet& what, const std::stop_token& stop = {}) const;

 private:
  struct Tls;
  explicit HttpClient(std::unique_ptr<Tls> tls);
  std::unique_ptr<Tls> tls_;
};

}  // namespace lumen::net
