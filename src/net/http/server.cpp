#include "net/http/server.hpp"

#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <list>

#include "base/thread.hpp"
#include "net/http/asio.hpp"
#include "net/http/connection.hpp"

namespace lumen::net {
namespace {

constexpr int kAcceptsAtOnce = 32;
constexpr auto kAcceptPause = std::chrono::milliseconds{100};  // when descriptors have run out

// One address of a listener.
class Acceptor {
 public:
  struct Params {
    ConnectionShared& shared;
    const HttpServer::Handler& handler;
    std::size_t max_body_bytes;
    asio::ssl::context* tls;
    std::atomic<std::uint64_t>& refused;
  };
  Acceptor(asio::io_context& io, Params params) : params_{params}, acceptor_{io}, pause_{io} {}

  bool open(TcpListener listener) {
    error_code error;
    acceptor_.assign(protocol_of(listener.local), listener.fd.get(), error);
    if (error) return false;
    listener.fd.release();
    wait();
    return true;
  }

 private:
  void wait() {
    acceptor_.async_wait(tcp::acceptor::wait_read, [this](const error_code& error) {
      if (!error) accept_some();
    });
  }

  // Not Asio's accept, whose sockets are inherited by child processes.
  void accept_some() {
    for (int i = 0; i < kAcceptsAtOnce; ++i) {
      UniqueFd fd{accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
      if (fd) {
        open_connection(std::move(fd));
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        return pause();
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        break;
      }
    }
    wait();
  }

  void pause() {
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](const error_code& error) {
      if (!error) wait();
    });
  }

  void open_connection(UniqueFd fd) {
    const auto remote = remote_endpoint(fd.get()), local = local_endpoint(fd.get());
    if (remote.length() == 0) return;  // gone already
    if (!params_.shared.counts.admit(remote)) {
      params_.refused.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    const int on = 1;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    tcp::socket socket{acceptor_.get_executor()};
    error_code error;
    socket.assign(protocol_of(remote), fd.get(), error);
    if (error) return params_.shared.counts.leave(remote);
    fd.release();
    std::make_shared<Connection>(Connection::Params{.shared = params_.shared,
                                                    .handler = params_.handler,
                                                    .max_body_bytes = params_.max_body_bytes,
                                                    .tls = params_.tls,
                                                    .socket = std::move(socket),
                                                    .local = local,
                                                    .remote = remote})
        ->start();
  }

  Params params_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
};

struct OpenListener {
  HttpServer::Handler handler;
  std::optional<asio::ssl::context> tls;
  std::uint16_t port = 0;
  std::list<Acceptor> acceptors;
};

}  // namespace

// In the order of construction: connections live in `io` and go with it, after the acceptors.
struct HttpServer::Parts {
  explicit Parts(const Limits& limits)
      : shared{.limits = limits,
               .counts = {limits.connections, limits.connections_per_address},
               .link = nullptr} {
    shared.link = std::make_shared<ServerLink>(io);
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts() {
    io.stop();
    thread.reset();
    shared.link->close();
  }
  Status open(Listener listener);

  ConnectionShared shared;
  std::atomic<std::uint64_t> refused{0};  // orders nothing
  asio::io_context io{1};
  std::list<OpenListener> listeners;
  std::optional<OwnedThread> thread;
};

Status HttpServer::Parts::open(Listener listener) {
  auto& opened = listeners.emplace_back();
  opened.handler = std::move(listener.handler);
  if (listener.tls) {
    auto context = make_tls_context(asio::ssl::context::tls_server, listener.tls->certificate_pem,
                                    listener.tls->key_pem);
    OPENSSL_cleanse(listener.tls->key_pem.data(), listener.tls->key_pem.size());
    if (!context) return tl::unexpected{std::move(context.error())};
    opened.tls.emplace(std::move(*context));
  }
  LUMEN_TRY(auto sockets, listen_tcp(listener.listen));
  opened.port = sockets.front().local.port();
  for (auto& socket : sockets) {
    auto& acceptor =
        opened.acceptors.emplace_back(io, Acceptor::Params{.shared = shared,
                                                           .handler = opened.handler,
                                                           .max_body_bytes = listener.max_body_bytes,
                                                           .tls = opened.tls ? &*opened.tls : nullptr,
                                                           .refused = refused});
    if (!acceptor.open(std::move(socket))) {
      return fail(ErrorCode::internal, "http.accept", "a listening socket cannot be waited for");
    }
  }
  return {};
}

HttpServer::HttpServer(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::create(Params params) {
  auto parts = std::make_unique<Parts>(params.limits);
  for (auto& listener : params.listeners) {
    LUMEN_CHECK_OK(parts->open(std::move(listener)));
  }
  auto& io = parts->io;
  parts->thread.emplace("lm-http", [&io](const std::stop_token& /*stop*/) {
    const auto forever = asio::make_work_guard(io);
    io.run();
  });
  return std::unique_ptr<HttpServer>{new HttpServer{std::move(parts)}};
}

std::uint16_t HttpServer::port(std::size_t listener) const {
  return std::next(parts_->listeners.begin(), static_cast<std::ptrdiff_t>(listener))->port;
}

std::uint64_t HttpServer::refused() const { return parts_->refused.load(std::memory_order_relaxed); }

}  // namespace lumen::net
