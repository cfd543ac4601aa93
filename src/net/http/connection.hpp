// net/http, internal: one connection of the server, from the accept to the end, and what ties it to its
// Responder. Owner of everything here: lm-http, except ServerLink.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.hpp"
#include "net/http/asio.hpp"
#include "net/http/server.hpp"

namespace lumen::net {

// The way from any thread to lm-http, open for as long as the server lives.
class ServerLink {
 public:
  explicit ServerLink(asio::io_context& io) : io_{&io} {}
  template <class Call>
  void post(Call call) LUMEN_EXCLUDES(mutex_) {
    const MutexLock lock{mutex_};
    if (io_ != nullptr) asio::post(*io_, std::move(call));
  }
  void close() LUMEN_EXCLUDES(mutex_) {
    const MutexLock lock{mutex_};
    io_ = nullptr;
  }

 private:
  Mutex mutex_;
  asio::io_context* io_ LUMEN_GUARDED_BY(mutex_);
};

class Connection;

// Between a connection and the copies of its responder. Owner: lm-http, except `link`.
struct Responder::Exchange {
  std::shared_ptr<ServerLink> link;
  Connection* connection = nullptr;  // nullptr: it has ended
  bool answered = false, gone = false;
  std::function<void()> hang_up;

  void set_gone();
};

// What connections share; outlives them.
struct ConnectionShared {
  HttpServer::Limits limits;
  ConnectionLimits counts;
  std::shared_ptr<ServerLink> link;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  struct Params {
    ConnectionShared& shared;
    const HttpServer::Handler& handler;
    std::size_t max_body_bytes;
    asio::ssl::context* tls;  // nullptr: plain HTTP
    tcp::socket socket;
    Endpoint local, remote;  // `remote` was admitted by shared.counts
  };
  explicit Connection(Params params);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  // Once; later calls do nothing.
  void answer(HttpResponse response);

 private:
  enum class Phase : std::uint8_t {
    reading,   // the handshake and the request
    waiting,   // for the owner's answer
    sending,   // it, and TLS's farewell
    draining,  // FIN went out; the peer may still be reading
    closed,
  };

  template <class Work>
  void on_stream(Work work) {
    if (tls_) {
      work(*tls_);
    } else {
      work(socket_);
    }
  }
  void set_deadline(Duration after);
  void on_deadline();
  void read_header();
  void read_body();
  bool is_readable(const error_code& error);
  void hand_over();
  void refuse(unsigned status);
  void watch_peer();
  void on_peer_bytes(const error_code& error, std::size_t count, bool was_tls);
  void on_peer_finished();
  void on_sent(const error_code& error);
  void finish();
  void close();

  ConnectionShared& shared_;
  const HttpServer::Handler& handler_;
  tcp::socket socket_;
  std::optional<TlsStream> tls_;
  Endpoint local_, remote_;
  asio::steady_timer deadline_;
  Phase phase_ = Phase::reading;
  bool peer_finished_ = false, tls_over_ = false, is_head_ = false;
  std::size_t ignored_ = 0;
  flat_buffer buffer_;
  beast_http::request_parser<beast_http::string_body> parser_;
  beast_http::response<beast_http::string_body> response_;
  std::array<char, 512> scrap_{};
  std::shared_ptr<Responder::Exchange> exchange_;
};

}  // namespace lumen::net
