#include "net/http/connection.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace lumen::net {
namespace {

// A request line of 16 KiB and ordinary headers arrive in few reads; more than the header's limit need not
// fit.
constexpr std::size_t kReadAheadBytes = 4U << 10U;

// The status for a request that cannot be read; 0: the connection itself ended.
unsigned status_of(const error_code& failure) {
  using beast_http::error;
  if (failure == error::header_limit || failure == error::buffer_overflow) return 431;
  if (failure == error::body_limit) return 413;
  if (failure == error::end_of_stream || failure == error::partial_message) return 0;
  return failure.category() == make_error_code(error::bad_method).category() ? 400 : 0;
}

}  // namespace

// ---- Responder.

struct Responder::Ticket {
  explicit Ticket(std::shared_ptr<Exchange> with) : exchange{std::move(with)} {}
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  ~Ticket() { send({.status = 500, .content_type = "text/plain", .body = "no answer\n"}); }

  void send(HttpResponse response) const {
    exchange->link->post([exchange = exchange, response = std::move(response)]() mutable {
      if (exchange->connection != nullptr) exchange->connection->answer(std::move(response));
    });
  }

  std::shared_ptr<Exchange> exchange;
};

Responder::Responder(std::shared_ptr<Exchange> exchange)
    : ticket_{std::make_shared<Ticket>(std::move(exchange))} {}

void Responder::send(HttpResponse response) const { ticket_->send(std::move(response)); }

void Responder::on_hang_up(std::function<void()> call) const {
  ticket_->exchange->link->post([exchange = ticket_->exchange, call = std::move(call)]() mutable {
    if (exchange->answered) return;
    if (exchange->gone) {
      call();
    } else {
      exchange->hang_up = std::move(call);
    }
  });
}

void Responder::Exchange::set_gone() {
  if (answered || std::exchange(gone, true)) return;
  if (const auto call = std::exchange(hang_up, nullptr)) call();
}

// ---- Connection.

Connection::Connection(Params params)
    : shared_{params.shared},
      handler_{params.handler},
      socket_{std::move(params.socket)},
      local_{params.local},
      remote_{params.remote},
      deadline_{socket_.get_executor()},
      buffer_{shared_.limits.header_bytes + kReadAheadBytes} {
  if (params.tls != nullptr) tls_.emplace(socket_, *params.tls);
  parser_.header_limit(static_cast<std::uint32_t>(shared_.limits.header_bytes));
  parser_.body_limit(params.max_body_bytes);
}

Connection::~Connection() {
  if (exchange_) exchange_->connection = nullptr;
  shared_.counts.leave(remote_);
}

void Connection::start() {
  set_deadline(shared_.limits.request);
  if (!tls_) return read_header();
  tls_->async_handshake(TlsStream::server, [self = shared_from_this()](const error_code& error) {
    if (error) return self->close();
    self->read_header();
  });
}

void Connection::set_deadline(Duration after) {
  deadline_.expires_after(after);
  deadline_.async_wait([self = shared_from_this()](const error_code& error) {
    // A call that was under way already when the deadline was moved is not the one that counts.
    if (error || self->deadline_.expiry() > asio::steady_timer::clock_type::now()) return;
    self->on_deadline();
  });
}

void Connection::on_deadline() {
  if (phase_ != Phase::waiting || peer_finished_) return close();
  if (exchange_) exchange_->set_gone();
  answer({.status = 503, .content_type = "text/plain", .body = "too late\n"});
}

// The header by itself: Beast 1.74 forgets that a body is too large when it parses both at once.
void Connection::read_header() {
  if (phase_ != Phase::reading) return;
  on_stream([this](auto& stream) {
    beast_http::async_read_header(
        stream, buffer_, parser_,
        [self = shared_from_this()](const error_code& error, std::size_t /*count*/) {
          if (self->is_readable(error)) self->read_body();
        });
  });
}

void Connection::read_body() {
  on_stream([this](auto& stream) {
    beast_http::async_read(stream, buffer_, parser_,
                           [self = shared_from_this()](const error_code& error, std::size_t /*count*/) {
                             if (self->is_readable(error)) self->hand_over();
                           });
  });
}

// False: the connection's end or its refusal is under way.
bool Connection::is_readable(const error_code& error) {
  if (phase_ != Phase::reading) return false;
  if (!error) return true;
  const auto status = status_of(error);
  if (status == 0) {
    close();
  } else {
    refuse(status);
  }
  return false;
}

void Connection::hand_over() {
  auto message = parser_.release();
  is_head_ = message.method() == beast_http::verb::head;
  HttpRequest request{.method = std::string{message.method_string()},
                      .target = std::string{message.target()},
                      .body = std::move(message.body()),
                      .is_tls = tls_.has_value(),
                      .peer_certificate = tls_ ? peer_certificate(*tls_) : std::vector<std::byte>{},
                      .local = local_,
                      .remote = remote_};
  exchange_ = std::make_shared<Responder::Exchange>();
  exchange_->link = shared_.link;
  exchange_->connection = this;
  phase_ = Phase::waiting;
  set_deadline(shared_.limits.answer);
  watch_peer();
  handler_(std::move(request), Responder{exchange_});
}

// An answer of our own. Whatever else the peer sends of its request is read, so that no RST overtakes this.
void Connection::refuse(unsigned status) {
  phase_ = Phase::waiting;
  watch_peer();
  answer({.status = status, .content_type = "text/plain", .body = "bad request\n"});
}

// NOLINTBEGIN(misc-no-recursion): each read begins from the loop; only Asio's templates look as if not.
// Reads on until the end: to notice a peer that leaves, and lest unread bytes turn FIN into RST.
void Connection::watch_peer() {
  const bool as_tls = tls_ && !tls_over_;
  const auto on_bytes = [self = shared_from_this(), as_tls](const error_code& error, std::size_t count) {
    self->on_peer_bytes(error, count, as_tls);
  };
  if (as_tls) {
    tls_->async_read_some(asio::buffer(scrap_), on_bytes);
  } else {
    socket_.async_read_some(asio::buffer(scrap_), on_bytes);
  }
}

void Connection::on_peer_bytes(const error_code& error, std::size_t count, bool was_tls) {
  if (phase_ == Phase::closed) return;
  ignored_ += count;
  if (ignored_ > shared_.limits.ignored_bytes) return close();
  if (!error) return watch_peer();
  // TLS ends before TCP does; what may follow is nobody's. Asio reports the end of a socket only once, and it
  // may have been this that ended TLS.
  if (was_tls && phase_ == Phase::draining) {
    tls_over_ = true;
    const auto left = recv(socket_.native_handle(), scrap_.data(), scrap_.size(), MSG_DONTWAIT);
    const bool is_open = left > 0 || (left < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
    return is_open ? watch_peer() : close();
  }
  const bool finished = error == asio::error::eof || error == asio::ssl::error::stream_truncated;
  if (!finished || phase_ == Phase::draining) return close();
  on_peer_finished();
}

// NOLINTEND(misc-no-recursion)

// FIN alone does not tell whether the peer still reads: an answer that comes soon is sent anyway.
void Connection::on_peer_finished() {
  peer_finished_ = true;
  if (phase_ != Phase::waiting) return;
  set_deadline(shared_.limits.half_open);
  if (exchange_) exchange_->set_gone();
}

void Connection::answer(HttpResponse response) {
  if (phase_ != Phase::waiting) return;
  phase_ = Phase::sending;
  if (exchange_) {
    exchange_->answered = true;
    exchange_->hang_up = nullptr;
  }
  set_deadline(shared_.limits.send);
  response_.version(11);
  response_.result(response.status);
  response_.set(beast_http::field::connection, "close");
  if (!response.content_type.empty()) {
    response_.set(beast_http::field::content_type, response.content_type);
  }
  for (const auto& [name, value] : response.headers) response_.insert(name, value);
  response_.content_length(response.body.size());
  if (!is_head_) response_.body() = std::move(response.body);
  on_stream([this](auto& stream) {
    beast_http::async_write(stream, response_,
                            [self = shared_from_this()](const error_code& error, std::size_t /*count*/) {
                              self->on_sent(error);
                            });
  });
}

void Connection::on_sent(const error_code& error) {
  if (phase_ != Phase::sending) return;
  if (error) return close();
  if (!tls_) return finish();
  // As if the peer had said farewell already: ours goes out without waiting for it.
  SSL_set_shutdown(tls_->native_handle(), SSL_RECEIVED_SHUTDOWN);
  tls_->async_shutdown([self = shared_from_this()](const error_code& /*error*/) { self->finish(); });
}

void Connection::finish() {
  if (phase_ != Phase::sending) return;
  if (peer_finished_) return close();
  phase_ = Phase::draining;
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  set_deadline(shared_.limits.flush);
}

void Connection::close() {
  if (std::exchange(phase_, Phase::closed) == Phase::closed) return;
  deadline_.cancel();
  error_code ignored;
  socket_.close(ignored);
  if (!exchange_) return;
  exchange_->connection = nullptr;
  exchange_->set_gone();
}

}  // namespace lumen::net
