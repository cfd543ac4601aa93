#include "net/tcp/byte_exchange.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>

#include "base/thread.hpp"
#include "net/tcp/listen.hpp"

namespace lumen::net {
namespace {

using namespace std::chrono_literals;

// A listener whose connections wait in the kernel until the test accepts them.
class ByteExchangeTest : public testing::Test {
 protected:
  std::string text_of(const Result<std::vector<std::byte>>& answer) {
    if (!answer) return std::string{answer.error().id};
    return {reinterpret_cast<const char*>(answer->data()), answer->size()};
  }
  ByteExchange request(Duration timeout = 20s) const {
    return {.to = listener_.local, .request = as_view("hello"), .timeout = timeout};
  }
  UniqueFd accept_blocking() const {
    int fd = -1;
    while ((fd = accept4(listener_.fd.get(), nullptr, nullptr, SOCK_CLOEXEC)) < 0) {
      pollfd_wait();
    }
    return UniqueFd{fd};
  }
  void pollfd_wait() const {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(listener_.fd.get(), &set);
    select(listener_.fd.get() + 1, &set, nullptr, nullptr, nullptr);
  }

  TcpListener listener_ = std::move(listen_tcp({.addresses = {"127.0.0.1"}}).value().front());
};

TEST_F(ByteExchangeTest, sends_and_reads_until_the_peer_closes) {
  std::string got(5, '?');
  const std::string answer(200'000, 'a');
  OwnedThread host{"test-host", [&](const std::stop_token&) {
                     const auto fd = accept_blocking();
                     recv(fd.get(), got.data(), got.size(), MSG_WAITALL);
                     send(fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
                   }};
  EXPECT_EQ(text_of(exchange(request())), answer);
  EXPECT_EQ(got, "hello");
}

TEST_F(ByteExchangeTest, a_silent_peer_times_out) {
  EXPECT_EQ(text_of(exchange(request(50ms))), "tcp.timeout");
}

TEST_F(ByteExchangeTest, a_stop_ends_the_wait) {
  std::stop_source stop;
  OwnedThread host{"test-host", [&](const std::stop_token&) {
                     const auto fd = accept_blocking();
                     std::string got(5, '?');
                     recv(fd.get(), got.data(), got.size(), MSG_WAITALL);
                     stop.request_stop();
                     recv(fd.get(), got.data(), got.size(), MSG_WAITALL);  // until the other end closes
                   }};
  EXPECT_EQ(text_of(exchange(request(), stop.get_token())), "tcp.stopped");
}

TEST_F(ByteExchangeTest, an_answer_above_the_limit_is_refused) {
  OwnedThread host{"test-host", [&](const std::stop_token&) {
                     const auto fd = accept_blocking();
                     send(fd.get(), "0123456789", 10, MSG_NOSIGNAL);
                   }};
  auto what = request();
  what.max_answer_bytes = 9;
  EXPECT_EQ(text_of(exchange(what)), "tcp.answer-too-large");
}

TEST_F(ByteExchangeTest, a_closed_port_is_refused_and_a_reset_is_no_answer) {
  {
    OwnedThread host{"test-host", [&](const std::stop_token&) {
                       const auto fd = accept_blocking();
                       const linger hard{.l_onoff = 1, .l_linger = 0};
                       setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
                     }};
    EXPECT_EQ(text_of(exchange(request())), "tcp.reset");
  }
  listener_.fd.reset();
  EXPECT_EQ(text_of(exchange(request())), "tcp.refused");
}

TEST(Resolve, numeric_addresses_need_no_network) {
  EXPECT_EQ(resolve("127.0.0.1", 9).value().at(0), Endpoint::parse("127.0.0.1", 9).value());
  EXPECT_EQ(resolve("::1", 9).value().at(0), Endpoint::parse("::1", 9).value());
  EXPECT_EQ(resolve("no host name", 9).error().id, "net.resolve");
}

}  // namespace
}  // namespace lumen::net
