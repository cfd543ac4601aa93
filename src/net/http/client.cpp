#include "net/http/client.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include <fmt/format.h>

#include "base/fd.hpp"
#include "net/http/asio.hpp"

namespace lumen::net {
namespace {

constexpr std::uint32_t kMaxHeaderBytes = 32U << 10U;
constexpr std::size_t kReadAheadBytes = 64U << 10U;

// "192.168.1.20:47989", "[fe80::1]:47989": an interface's name is nobody's business.
std::string host_header(const Endpoint& to) {
  auto text = to.to_string();
  const auto percent = text.find('%'), bracket = text.find(']');
  if (percent != std::string::npos && bracket != std::string::npos) text.erase(percent, bracket - percent);
  return text;
}

// One exchange. Everything runs within run(), on the caller's thread.
class Fetch {
 public:
  Fetch(const HttpGet& what, asio::ssl::context& tls) : what_{what} {
    if (what.is_tls) tls_.emplace(socket_, tls);
    parser_.header_limit(kMaxHeaderBytes);
    parser_.body_limit(what.max_body_bytes);
  }

  Result<HttpAnswer> run(const std::stop_token& stop) {
    const std::stop_callback on_stop{stop, [this] { io_.stop(); }};
    after(what_.timeout, whole_);
    after(std::min(what_.timeout, what_.connect_timeout), connecting_);
    if (open()) connect();
    io_.run();
    if (failure_) return tl::unexpected{std::move(*failure_)};
    if (answer_) return std::move(*answer_);
    return fail(ErrorCode::cancelled, "http.stopped", "stopped while waiting for an answer");
  }

 private:
  template <class Work>
  void on_stream(Work work) {
    if (tls_) {
      work(*tls_);
    } else {
      work(socket_);
    }
  }

  std::string peer() const { return what_.to.to_string(); }

  void after(Duration limit, asio::steady_timer& timer) {
    timer.expires_after(limit);
    timer.async_wait([this](const error_code& error) {
      if (!error) end(ErrorCode::timed_out, "http.timeout", fmt::format("{} does not answer", peer()));
    });
  }

  void end(ErrorCode code, std::string_view id, std::string text, std::string remedy = {}) {
    failure_ = Error{code, id, std::move(text), std::move(remedy)};
    io_.stop();
  }

  void end_connect(int os_errno) {
    if (os_errno == ECONNREFUSED) {
      end(ErrorCode::unavailable, "http.refused", fmt::format("nothing listens on {}", peer()),
          "Start the host, or check the port");
    } else {
      end(ErrorCode::unavailable, "http.connect", fmt::format("cannot reach {}", peer()),
          "Check the address, the network and the firewall");
    }
    failure_->os_errno = os_errno;
  }

  bool open() {
    UniqueFd fd{::socket(what_.to.address()->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    error_code error{errno, boost::system::system_category()};
    if (fd) socket_.assign(protocol_of(what_.to), fd.get(), error);
    if (error) return end_connect(error.value()), false;
    fd.release();
    return true;
  }

  void connect() {
    tcp::endpoint to;
    std::memcpy(to.data(), what_.to.address(), what_.to.length());
    to.resize(what_.to.length());
    socket_.async_connect(to, [this](const error_code& error) {
      if (error) return end_connect(error.value());
      connecting_.cancel();
      if (tls_) {
        greet();
      } else {
        ask();
      }
    });
  }

  void greet() {
    tls_->async_handshake(TlsStream::client, [this](const error_code& error) {
      if (error) {
        return end(ErrorCode::unavailable, "http.tls",
                   fmt::format("no TLS connection with {}: {}", peer(), error.message()),
                   "Check that this is the host's HTTPS port");
      }
      certificate_ = peer_certificate(*tls_);
      if (!what_.expected_certificate.empty() && certificate_ != what_.expected_certificate) {
        return end(ErrorCode::denied, "http.certificate-changed",
                   fmt::format("{} is not the host that was paired: its certificate is another one", peer()),
                   "Pair again if the host was set up anew; otherwise somebody else answers there");
      }
      ask();
    });
  }

  void ask() {
    request_.version(11);
    request_.method(beast_http::verb::get);
    request_.target(what_.target);
    request_.set(beast_http::field::host, host_header(what_.to));
    request_.set(beast_http::field::connection, "close");
    on_stream([this](auto& stream) {
      beast_http::async_write(stream, request_, [this](const error_code& error, std::size_t /*count*/) {
        if (error) return end_broken(error);
        read_header();
      });
    });
  }

  // The header by itself: Beast 1.74 forgets that a body is too large when it parses both at once.
  void read_header() {
    on_stream([this](auto& stream) {
      beast_http::async_read_header(stream, buffer_, parser_, [this](const error_code& error, std::size_t) {
        if (error) return end_broken(error);
        read_body();
      });
    });
  }

  void read_body() {
    on_stream([this](auto& stream) {
      beast_http::async_read(stream, buffer_, parser_, [this](const error_code& error, std::size_t) {
        if (error) return end_broken(error);
        take_answer();
      });
    });
  }

  void end_broken(const error_code& failure) {
    using beast_http::error;
    if (failure == error::body_limit || failure == error::header_limit || failure == error::buffer_overflow) {
      return end(ErrorCode::malformed, "http.answer-too-large",
                 fmt::format("{} answers with more than {} bytes", peer(), what_.max_body_bytes));
    }
    const bool is_http = failure.category() == make_error_code(error::bad_method).category();
    if (is_http && failure != error::end_of_stream && failure != error::partial_message) {
      return end(ErrorCode::malformed, "http.malformed",
                 fmt::format("{} does not answer with HTTP: {}", peer(), failure.message()),
                 "Check the port");
    }
    end(ErrorCode::unavailable, "http.reset", fmt::format("the connection with {} broke", peer()));
  }

  // The server closes once it has seen that we do; a farewell of TLS is not waited for.
  void take_answer() {
    auto message = parser_.release();
    answer_ = HttpAnswer{.status = message.result_int(),
                         .content_type = std::string{message[beast_http::field::content_type]},
                         .body = std::move(message.body()),
                         .server_certificate = std::move(certificate_)};
    io_.stop();
  }

  const HttpGet& what_;
  asio::io_context io_{1};
  tcp::socket socket_{io_};
  std::optional<TlsStream> tls_;
  asio::steady_timer whole_{io_}, connecting_{io_};
  beast_http::request<beast_http::empty_body> request_;
  flat_buffer buffer_{kMaxHeaderBytes + kReadAheadBytes};
  beast_http::response_parser<beast_http::string_body> parser_;
  std::vector<std::byte> certificate_;
  std::optional<Error> failure_;
  std::optional<HttpAnswer> answer_;
};

}  // namespace

struct HttpClient::Tls {
  asio::ssl::context context;
};

HttpClient::HttpClient(std::unique_ptr<Tls> tls) : tls_{std::move(tls)} {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

Result<HttpClient> HttpClient::create(const Identity& identity) {
  LUMEN_TRY(auto context,
            make_tls_context(asio::ssl::context::tls_client, identity.certificate_pem, identity.key_pem));
  return HttpClient{std::make_unique<Tls>(Tls{std::move(context)})};
}

Result<HttpAnswer> HttpClient::get(const HttpGet& what, const std::stop_token& stop) const {
  return Fetch{what, tls_->context}.run(stop);
}

}  // namespace lumen::net
