#include "net/http/client.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "net/http/test_server.hpp"
#include "net/tcp/byte_server.hpp"

namespace lumen::net {
namespace {

using namespace std::chrono_literals;

HttpClient make_client() {
  return HttpClient::create({client_identity().certificate_pem, client_identity().key_pem}).value();
}

TEST(HttpClient, gets_a_document_over_either_address_family) {
  const TestHttpServer server;
  const auto client = HttpClient::create().value();
  for (const auto* address : {"127.0.0.1", "::1"}) {
    const auto answer = client.get({.to = server.plain(address), .target = "/serverinfo?a=1"});
    ASSERT_TRUE(answer) << describe(answer.error());
    EXPECT_EQ(answer->status, 200U);
    EXPECT_EQ(answer->content_type, "text/plain");
    EXPECT_EQ(answer->body, "GET /serverinfo?a=1");
    EXPECT_TRUE(answer->server_certificate.empty());
  }
}

TEST(HttpClient, reports_the_certificate_of_a_server_it_does_not_know) {
  const TestHttpServer server;
  const auto answer = make_client().get({.to = server.tls(), .target = "/a", .is_tls = true});
  ASSERT_TRUE(answer) << describe(answer.error());
  EXPECT_EQ(answer->body, "GET /a");
  EXPECT_EQ(answer->server_certificate, host_identity().der);
}

TEST(HttpClient, shows_its_certificate_to_the_server_it_expects) {
  TestHttpServer server;
  const auto client = make_client();
  std::jthread responding{[&] {
    const auto asked = server.asked.take();
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->request.peer_certificate, client_identity().der);
    asked->responder.send({.status = 404, .body = "no such thing"});
  }};
  const auto answer = client.get(
      {.to = server.tls(), .target = "/wait", .is_tls = true, .expected_certificate = host_identity().der});
  ASSERT_TRUE(answer) << describe(answer.error());
  EXPECT_EQ(answer->status, 404U);
  EXPECT_EQ(answer->body, "no such thing");
}

TEST(HttpClient, tells_a_server_with_another_certificate_nothing) {
  TestHttpServer server;
  const auto answer = make_client().get(
      {.to = server.tls(), .target = "/wait", .is_tls = true, .expected_certificate = client_identity().der});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().id, "http.certificate-changed");
  EXPECT_TRUE(server.asked.empty());
}

TEST(HttpClient, keeps_no_place_at_the_server_after_the_answer) {
  const TestHttpServer server{{.connections_per_address = 8, .flush = 60s}};
  const auto client = make_client();
  for (int i = 0; i < 100; ++i) {
    const bool is_tls = i % 4 != 0;
    const auto answer = client.get({.to = is_tls ? server.tls() : server.plain(), .is_tls = is_tls});
    ASSERT_TRUE(answer) << i << ": " << describe(answer.error());
  }
}

TEST(HttpClient, needs_a_key_that_fits) {
  const auto client = HttpClient::create({client_identity().certificate_pem, host_identity().key_pem});
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().id, "http.certificate");
}

TEST(HttpClient, gives_up_when_the_time_is_over) {
  TestHttpServer server;
  const auto answer = make_client().get({.to = server.plain(), .target = "/wait", .timeout = 200ms});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().id, "http.timeout");
}

TEST(HttpClient, stops_when_told) {
  TestHttpServer server;
  std::stop_source stop;
  std::jthread stopping{[&] {
    EXPECT_TRUE(server.asked.take());
    stop.request_stop();
  }};
  const auto client = make_client();
  // The request that was taken is dropped, so an answer may win the race.
  const auto answer = client.get({.to = server.tls(), .target = "/wait", .is_tls = true}, stop.get_token());
  if (answer) {
    EXPECT_EQ(answer->status, 500U);
  } else {
    EXPECT_EQ(answer.error().id, "http.stopped");
  }
  const auto never = client.get({.to = server.plain(), .target = "/wait"}, stop.get_token());
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().id, "http.stopped");
}

TEST(HttpClient, reports_where_nobody_listens) {
  const TcpListener listener = std::move(listen_tcp({.addresses = {"127.0.0.1"}}).value().front());
  const auto port = listener.local.port();
  const_cast<TcpListener&>(listener).fd.reset();
  const auto answer = make_client().get({.to = Endpoint::parse("127.0.0.1", port).value()});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().id, "http.refused");
}

TEST(HttpClient, bounds_the_answer) {
  const TestHttpServer server;
  const auto client = make_client();
  const auto answer = client.get({.to = server.plain(), .target = "/0123456789", .max_body_bytes = 14});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().id, "http.answer-too-large");
  EXPECT_TRUE(client.get({.to = server.plain(), .target = "/0123456789", .max_body_bytes = 15}));
}

// A server that answers any request with the same bytes.
class FixedServer {
 public:
  explicit FixedServer(std::string bytes) {
    thread_.on_loop([&] {
      server_ = ByteServer::create(
                    thread_.loop(),
                    {.listen = {.addresses = {"127.0.0.1"}},
                     .events = {.opened = [](auto, const auto&) {},
                                .bytes = [this, bytes](ByteServer::ConnectionId id,
                                                       ByteView) { server_->answer(id, as_view(bytes)); },
                                .ended = [](auto, auto) {}}})
                    .value();
    });
  }
  ~FixedServer() {
    thread_.on_loop([this] { server_.reset(); });
  }
  Result<HttpAnswer> get(bool is_tls = false) {
    return make_client().get({.to = Endpoint::parse("127.0.0.1", server_->port()).value(),
                              .is_tls = is_tls,
                              .max_body_bytes = 1000});
  }

 private:
  static ByteView as_view(const std::string& text) { return std::as_bytes(std::span{text}); }
  LoopThread thread_;
  std::unique_ptr<ByteServer> server_;
};

TEST(HttpClient, understands_old_and_chunked_answers) {
  const auto until_eof = FixedServer{"HTTP/1.0 200 OK\r\n\r\nall of it"}.get();
  ASSERT_TRUE(until_eof) << describe(until_eof.error());
  EXPECT_EQ(until_eof->body, "all of it");
  EXPECT_EQ(until_eof->content_type, "");
  const auto chunked =
      FixedServer{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"}
          .get();
  ASSERT_TRUE(chunked) << describe(chunked.error());
  EXPECT_EQ(chunked->body, "abcde");
}

TEST(HttpClient, refuses_hostile_answers) {
  const auto id_of = [](std::string bytes, bool is_tls = false) {
    const auto answer = FixedServer{std::move(bytes)}.get(is_tls);
    return answer ? std::string{"none"} : std::string{answer.error().id};
  };
  EXPECT_EQ(id_of("RTSP/1.0 200 OK\r\n\r\n"), "http.malformed");
  EXPECT_EQ(id_of("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), "http.malformed");
  EXPECT_EQ(id_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"), "http.reset");
  EXPECT_EQ(id_of("HTTP/1.1 200 OK\r\nContent-Length: 4000000000\r\n\r\n"), "http.answer-too-large");
  EXPECT_EQ(id_of("HTTP/1.1 200 OK\r\n\r\n" + std::string(2000, 'x')), "http.answer-too-large");
  EXPECT_EQ(id_of("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n"), "http.answer-too-large");
  EXPECT_EQ(id_of(""), "http.reset");
  EXPECT_EQ(id_of("HTTP/1.1 200 OK\r\n\r\n", true), "http.tls");
}

}  // namespace
}  // namespace lumen::net
