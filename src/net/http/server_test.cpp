#include "net/http/server.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <random>
#include <thread>

#include "net/http/test_server.hpp"

namespace lumen::net {
namespace {

using namespace std::chrono_literals;
using testing::AssertionFailure;

const std::string kWait = "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n";

// Whether the server ended the connection, with or without RST, within the test's patience.
bool was_ended(const PeerSocket& peer) {
  const auto rest = peer.receive_all();
  return rest.empty() || rest.ends_with("!" + std::to_string(ECONNRESET));
}

TEST(HttpServer, answers_with_type_and_length_and_closes) {
  const TestHttpServer server;
  for (const auto* address : {"127.0.0.1", "::1"}) {
    const PeerSocket peer{server.plain(address)};
    ASSERT_TRUE(
        peer.send("GET /serverinfo?uniqueid=1 HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"));
    EXPECT_EQ(peer.receive_all(),
              "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 26\r\n\r\n"
              "GET /serverinfo?uniqueid=1");
  }
}

TEST(HttpServer, tells_the_owner_who_asks_what) {
  TestHttpServer server;
  const PeerSocket peer{server.plain("::1")};
  ASSERT_TRUE(peer.send("POST /wait?a=%20 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"));
  const auto asked = server.asked.take();
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->request.method, "POST");
  EXPECT_EQ(asked->request.target, "/wait?a=%20");
  EXPECT_EQ(asked->request.body, "hello");
  EXPECT_FALSE(asked->request.is_tls);
  EXPECT_TRUE(asked->request.peer_certificate.empty());
  EXPECT_EQ(asked->request.remote, local_endpoint(peer.fd()));
  EXPECT_EQ(asked->request.local, remote_endpoint(peer.fd()));
}

TEST(HttpServer, s6_reads_a_request_line_of_sixteen_thousand_bytes_in_any_split) {
  TestHttpServer server;
  const PeerSocket peer{server.plain()};
  const std::string target = "/wait?clientcert=" + std::string(16'000, 'a');
  const std::string request = "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t at = 0; at < request.size(); at += 97) ASSERT_TRUE(peer.send(request.substr(at, 97)));
  const auto asked = server.asked.take();
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->request.target, target);
}

TEST(HttpServer, sends_the_first_answer_from_any_thread_and_its_headers) {
  TestHttpServer server;
  const PeerSocket peer{server.plain()};
  ASSERT_TRUE(peer.send(kWait));
  const auto asked = server.asked.take();
  ASSERT_TRUE(asked);
  std::jthread{[responder = asked->responder] {
    responder.send({.status = 404, .body = "first", .headers = {{"Cache-Control", "no-store"}}});
    responder.send({.status = 200, .body = "second"});
  }}.join();
  EXPECT_EQ(
      peer.receive_all(),
      "HTTP/1.1 404 Not Found\r\nConnection: close\r\nCache-Control: no-store\r\nContent-Length: 5\r\n\r\n"
      "first");
}

TEST(HttpServer, answers_head_without_a_body) {
  const TestHttpServer server;
  const PeerSocket peer{server.plain()};
  ASSERT_TRUE(peer.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n"));
  const auto text = peer.receive_all();
  EXPECT_TRUE(text.ends_with("Content-Length: 7\r\n\r\n")) << text;
}

TEST(HttpServer, delivers_a_large_answer_to_a_slow_reader) {
  TestHttpServer server;
  const std::string body(8U << 20U, 'x');
  TlsPeer peer{server.tls(), {}};
  ASSERT_TRUE(peer.connected() && peer.send(kWait));
  const auto asked = server.asked.take();
  ASSERT_TRUE(asked);
  asked->responder.send({.body = body});
  const auto text = peer.receive_all();
  EXPECT_TRUE(text.ends_with("\r\n\r\n" + body));
}

// ---- the owner takes its time.

struct HungUp {
  Arrivals<int> calls;
  std::function<void()> call() {
    return [this] { calls.put(1); };
  }
};

TEST(HttpServer, notices_a_peer_that_leaves_while_it_waits) {
  HungUp closed, reset, tls_closed;
  TestHttpServer server;
  const auto wait = [&](auto& peer, HungUp& hung_up) {
    EXPECT_TRUE(peer.send(kWait));
    auto asked = server.asked.take();
    EXPECT_TRUE(asked);
    asked->responder.on_hang_up(hung_up.call());
    return asked->responder;
  };
  PeerSocket a{server.plain()}, b{server.plain()};
  TlsPeer c{server.tls(), {}};
  const auto for_a = wait(a, closed), for_b = wait(b, reset), for_c = wait(c, tls_closed);
  EXPECT_TRUE(closed.calls.empty() && reset.calls.empty() && tls_closed.calls.empty());
  a.close();
  EXPECT_TRUE(closed.calls.take());
  b.reset();
  EXPECT_TRUE(reset.calls.take());
  SSL_shutdown(c.ssl());
  EXPECT_TRUE(tls_closed.calls.take());
  for (const auto& responder : {for_a, for_b, for_c}) responder.send({.body = "nobody"});
  EXPECT_TRUE(closed.calls.empty() && reset.calls.empty() && tls_closed.calls.empty());
}

TEST(HttpServer, reports_a_peer_that_left_before_anyone_asked) {
  HungUp hung_up;
  TestHttpServer server{{.half_open = 1ms}};
  PeerSocket peer{server.plain()};
  ASSERT_TRUE(peer.send(kWait));
  const auto asked = server.asked.take();
  ASSERT_TRUE(asked);
  peer.finish_sending();
  EXPECT_TRUE(was_ended(peer));
  asked->responder.on_hang_up(hung_up.call());
  EXPECT_TRUE(hung_up.calls.take());
}

TEST(HttpServer, says_nothing_of_hanging_up_after_the_answer) {
  HungUp hung_up;
  TestHttpServer server;
  PeerSocket peer{server.plain()};
  ASSERT_TRUE(peer.send(kWait));
  const auto asked = server.asked.take();
  ASSERT_TRUE(asked);
  asked->responder.on_hang_up(hung_up.call());
  asked->responder.send({.body = "done"});
  EXPECT_TRUE(peer.receive_all().ends_with("done"));
  peer.close();
  asked->responder.on_hang_up(hung_up.call());
  // Whatever was to be called is called before the next request is.
  const PeerSocket next{server.plain()};
  ASSERT_TRUE(next.send(kWait));
  EXPECT_TRUE(server.asked.take());
  EXPECT_TRUE(hung_up.calls.empty());
}

TEST(HttpServer, answers_a_peer_that_only_finished_sending) {
  HungUp hung_up;
  TestHttpServer server;
  const PeerSocket peer{server.plain()};
  ASSERT_TRUE(peer.send(kWait));
  peer.finish_sending();
  const auto asked = server.asked.take();
  ASSERT_TRUE(asked);
  asked->responder.on_hang_up(hung_up.call());
  EXPECT_TRUE(hung_up.calls.take());
  asked->responder.send({.body = "still here"});
  EXPECT_TRUE(peer.receive_all().ends_with("still here"));
}

TEST(HttpServer, ends_a_request_that_nobody_answers_in_time) {
  HungUp hung_up;
  TestHttpServer server{{.answer = 100ms}};
  const PeerSocket peer{server.plain()};
  ASSERT_TRUE(peer.send(kWait));
  const auto asked = server.asked.take();
  ASSERT_TRUE(asked);
  asked->responder.on_hang_up(hung_up.call());
  EXPECT_TRUE(peer.receive_all().starts_with("HTTP/1.1 503 "));
  EXPECT_TRUE(hung_up.calls.take());
  asked->responder.send({.body = "too late"});
}

TEST(HttpServer, answers_for_an_owner_that_drops_the_request) {
  TestHttpServer server;
  const PeerSocket peer{server.plain()};
  ASSERT_TRUE(peer.send(kWait));
  {
    const auto asked = server.asked.take();
    ASSERT_TRUE(asked);
    const auto copy = asked->responder;
  }
  EXPECT_TRUE(peer.receive_all().starts_with("HTTP/1.1 500 "));
}

TEST(HttpServer, goes_while_requests_wait_and_their_responders_stay) {
  HungUp hung_up;
  std::optional<Asked> plain, tls;
  {
    TestHttpServer server;
    const PeerSocket a{server.plain()};
    const TlsPeer b{server.tls(), {}};
    ASSERT_TRUE(a.send(kWait));
    plain = server.asked.take();
    ASSERT_TRUE(b.send(kWait));
    tls = server.asked.take();
    ASSERT_TRUE(plain && tls);
    plain->responder.on_hang_up(hung_up.call());
    server.server.reset();
    EXPECT_TRUE(was_ended(a));
  }
  plain->responder.send({.body = "nobody"});
  tls->responder.on_hang_up(hung_up.call());
  plain.reset();
  tls.reset();
  EXPECT_TRUE(hung_up.calls.empty());
}

// ---- hostile peers.

TEST(HttpServer, refuses_what_is_not_http_or_too_large) {
  TestHttpServer server;
  const auto answer_to = [&](std::string_view request) {
    const PeerSocket peer{server.plain()};
    EXPECT_TRUE(peer.send(request));
    return peer.receive_all().substr(0, 13);
  };
  EXPECT_EQ(answer_to("hello, is this RTSP?\r\n\r\n"), "HTTP/1.1 400 ");
  EXPECT_EQ(answer_to("GET /a HTTP/7.0\r\n\r\n"), "HTTP/1.1 400 ");
  EXPECT_EQ(answer_to("GET /a HTTP/1.1\r\nContent-Length: -5\r\n\r\n"), "HTTP/1.1 400 ");
  EXPECT_EQ(answer_to("GET /" + std::string(40'000, 'a') + " HTTP/1.1\r\n\r\n"), "HTTP/1.1 431 ");
  EXPECT_EQ(answer_to("GET /a HTTP/1.1\r\nX: " + std::string(40'000, 'a') + "\r\n\r\n"), "HTTP/1.1 431 ");
  EXPECT_EQ(answer_to("POST /a HTTP/1.1\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'a')),
            "HTTP/1.1 413 ");
  EXPECT_EQ(answer_to("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" +
                      std::string(2000, 'a') + "\r\n0\r\n\r\n"),
            "HTTP/1.1 413 ");
  EXPECT_EQ(answer_to("POST /a HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n"),
            "HTTP/1.1 400 ");
  EXPECT_TRUE(server.asked.empty());
}

TEST(HttpServer, ends_slow_and_silent_connections) {
  const TestHttpServer server{{.request = 200ms}};
  const PeerSocket silent{server.plain()}, half{server.plain()}, silent_tls{server.tls()};
  const TlsPeer half_tls{server.tls(), {}};
  ASSERT_TRUE(half.send("GET /a HT"));
  ASSERT_TRUE(half_tls.connected() && half_tls.send("GET /a HT"));
  EXPECT_TRUE(was_ended(silent));
  EXPECT_TRUE(was_ended(half));
  EXPECT_TRUE(was_ended(silent_tls));
  EXPECT_EQ(half_tls.receive_all(), "!");
}

TEST(HttpServer, ends_a_peer_that_does_not_read_or_never_closes) {
  TestHttpServer server{{.send = 200ms, .flush = 200ms}};
  const PeerSocket stuck{server.plain()}, lingering{server.plain()};
  ASSERT_TRUE(stuck.send(kWait));
  const auto asked = server.asked.take();
  ASSERT_TRUE(asked);
  asked->responder.send({.body = std::string(64U << 20U, 'x')});
  ASSERT_TRUE(lingering.send("GET /a HTTP/1.1\r\n\r\n"));
  EXPECT_TRUE(lingering.receive_all().ends_with("GET /a"));
  // Closed by the server: the next write is answered with RST, the one after that fails.
  pollfd gone{.fd = lingering.fd(), .events = 0, .revents = 0};
  for (int i = 0; i < 200 && (gone.revents & POLLERR) == 0; ++i) {
    if (!lingering.send("x")) break;
    poll(&gone, 1, 50);
  }
  EXPECT_FALSE(lingering.send("x"));
  gone = {.fd = stuck.fd(), .events = POLLRDHUP, .revents = 0};
  EXPECT_NE(stuck.receive_all().size(), 0U);
}

TEST(HttpServer, ignores_little_of_what_follows_a_request) {
  TestHttpServer server{{.ignored_bytes = 10'000}};
  const PeerSocket peer{server.plain()};
  ASSERT_TRUE(peer.send(kWait));
  const auto asked = server.asked.take();
  ASSERT_TRUE(asked);
  EXPECT_TRUE(peer.send(std::string(9'000, 'x')));
  pollfd state{.fd = peer.fd(), .events = POLLRDHUP, .revents = 0};
  EXPECT_EQ(poll(&state, 1, 50), 0);
  (void)peer.send(std::string(9'000, 'x'));
  EXPECT_TRUE(was_ended(peer));
}

TEST(HttpServer, tls_port_survives_plain_requests_and_noise) {
  const TestHttpServer server;
  for (const std::string& noise :
       {std::string{"GET / HTTP/1.1\r\nHost: a\r\n\r\n"}, std::string(100, '\xff'), std::string(100, '\0'),
        std::string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11} + std::string(600, 'z')}) {
    const PeerSocket peer{server.tls()};
    ASSERT_TRUE(peer.send(noise));
    peer.finish_sending();
    const auto rest = peer.receive_all();
    EXPECT_LT(rest.size(), 30U) << "an alert at most";
  }
  const TlsPeer next{server.tls(), {}};
  EXPECT_TRUE(next.connected());
}

TEST(HttpServer, limits_connections_by_address_and_altogether) {
  TestHttpServer server{{.connections = 3, .connections_per_address = 2}};
  std::vector<PeerSocket> held;
  const auto held_open = [&](const std::string& address) {
    PeerSocket peer{server.plain(address)};
    EXPECT_TRUE(peer.connected());
    if (!peer.send(kWait)) return false;
    pollfd state{.fd = peer.fd(), .events = POLLIN | POLLRDHUP, .revents = 0};
    while (server.asked.empty()) {
      if (poll(&state, 1, 10) > 0) return false;
    }
    EXPECT_TRUE(server.asked.take());  // the responder goes, so an answer comes: the connection stays ours
    held.push_back(std::move(peer));
    return true;
  };
  EXPECT_TRUE(held_open("127.0.0.1"));
  EXPECT_TRUE(held_open("127.0.0.1"));
  EXPECT_FALSE(held_open("127.0.0.1"));
  EXPECT_TRUE(held_open("::1"));
  EXPECT_FALSE(held_open("::1"));
  EXPECT_EQ(server.server->refused(), 2U);
  held.clear();
  bool again = false;  // once the server has seen that they have gone
  for (const auto until = Clock::now() + 5s; !again && Clock::now() < until;) again = held_open("::1");
  EXPECT_TRUE(again);
}

TEST(HttpServer, survives_many_hasty_clients_and_keeps_no_place_of_theirs) {
  constexpr std::size_t kPlaces = 48;
  TestHttpServer server{{.connections = kPlaces,
                         .connections_per_address = kPlaces,
                         .request = 60s,
                         .half_open = 1ms,
                         .flush = 60s}};
  const auto be_hasty = [&server](unsigned seed) {
    std::minstd_rand random{seed};
    for (int i = 0; i < 40; ++i) {
      const auto cut = random() % (kWait.size() + 1);
      if (random() % 3 == 0) {
        const TlsPeer peer{server.tls(), {.identity = random() % 2 == 0 ? &client_identity() : nullptr}};
        if (peer.connected() && cut != 0) (void)peer.send(kWait.substr(0, cut));
        if (random() % 2 == 0) SSL_shutdown(peer.ssl());
        continue;
      }
      PeerSocket peer{random() % 4 == 0 ? server.tls() : server.plain()};
      if (!peer.connected()) continue;
      (void)peer.send(kWait.substr(0, cut));
      if (random() % 4 == 0) peer.finish_sending();
      if (random() % 2 == 0) peer.reset();
    }
  };
  {
    std::vector<std::jthread> clients;
    for (unsigned seed = 1; seed <= 4; ++seed) clients.emplace_back(be_hasty, seed);
  }
  while (server.asked.take(0ms)) {
  }
  // Those that are gone give up their places at once, without any limit in time.
  std::vector<std::unique_ptr<PeerSocket>> held;
  std::vector<Asked> waiting;
  const auto deadline = Clock::now() + 20s;
  while (held.size() < kPlaces && Clock::now() < deadline) {
    auto peer = std::make_unique<PeerSocket>(server.plain());
    if (!peer->connected() || !peer->send(kWait)) continue;
    auto asked = server.asked.take(100ms);
    if (!asked) continue;
    held.push_back(std::move(peer));
    waiting.push_back(std::move(*asked));
  }
  EXPECT_EQ(held.size(), kPlaces);
}

// ---- TLS.

TEST(HttpServerTls, s12_shows_the_exact_certificate_of_the_client) {
  TestHttpServer server;
  const auto expired = make_test_identity(-20, -10), early = make_test_identity(10, 20),
             issued = make_test_identity(-1, 3650, "an authority that nobody knows");
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const auto* identity : {&client_identity(), &expired, &early, &issued}) {
      const TlsPeer peer{server.tls(),
                         {.identity = identity, .min_version = version, .max_version = version}};
      ASSERT_TRUE(peer.connected() && peer.send(kWait));
      const auto asked = server.asked.take();
      ASSERT_TRUE(asked);
      EXPECT_TRUE(asked->request.is_tls);
      EXPECT_EQ(asked->request.peer_certificate, identity->der);
    }
  }
}

TEST(HttpServerTls, s13_serves_clients_without_a_certificate) {
  TestHttpServer server;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TlsPeer peer{server.tls(), {.min_version = version, .max_version = version}};
    ASSERT_TRUE(peer.connected() && peer.send(kWait));
    const auto asked = server.asked.take();
    ASSERT_TRUE(asked);
    EXPECT_TRUE(asked->request.is_tls);
    EXPECT_TRUE(asked->request.peer_certificate.empty());
  }
}

TEST(HttpServerTls, s10_speaks_nothing_older_than_one_point_two) {
  const TestHttpServer server;
  EXPECT_FALSE(
      TlsPeer(server.tls(), {.min_version = TLS1_VERSION, .max_version = TLS1_1_VERSION}).connected());
  EXPECT_TRUE(
      TlsPeer(server.tls(), {.min_version = TLS1_1_VERSION, .max_version = TLS1_2_VERSION}).connected());
}

TEST(HttpServerTls, s11_s12_sends_one_certificate_and_asks_without_naming_authorities) {
  const TestHttpServer server;
  const TlsPeer peer{server.tls(), {}};
  ASSERT_TRUE(peer.connected());
  EXPECT_EQ(sk_X509_num(SSL_get_peer_cert_chain(peer.ssl())), 1);
  EXPECT_LE(sk_X509_NAME_num(SSL_get0_peer_CA_list(peer.ssl())), 0);
}

TEST(HttpServerTls, s16_says_farewell_before_it_closes) {
  const TestHttpServer server;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TlsPeer peer{server.tls(), {.min_version = version, .max_version = version}};
    ASSERT_TRUE(peer.connected() && peer.send("GET /a HTTP/1.1\r\n\r\n"));
    const auto text = peer.receive_all();
    EXPECT_TRUE(text.ends_with("\r\n\r\nGET /a")) << text;
  }
}

TEST(HttpServerTls, s14_serves_whoever_offers_to_resume_a_session) {
  TestHttpServer server;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsPeer first{server.tls(),
                  {.identity = &client_identity(), .min_version = version, .max_version = version}};
    ASSERT_TRUE(first.connected() && first.send("GET /a HTTP/1.1\r\n\r\n"));
    EXPECT_TRUE(first.receive_all().ends_with("GET /a"));
    const OpenSslPtr<SSL_SESSION, SSL_SESSION_free> session{SSL_get1_session(first.ssl())};
    const TlsPeer second{server.tls(),
                         {.identity = &client_identity(),
                          .min_version = version,
                          .max_version = version,
                          .resume = session.get()}};
    ASSERT_TRUE(second.connected() && second.send(kWait));
    EXPECT_EQ(SSL_session_reused(second.ssl()), 0);
    const auto asked = server.asked.take();
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->request.peer_certificate, client_identity().der);
  }
}

TEST(HttpServerTls, needs_a_key_that_fits) {
  const auto create = [](const std::string& certificate, const std::string& key) {
    std::vector<HttpServer::Listener> listeners;
    listeners.push_back({.listen = {.addresses = {"127.0.0.1"}}, .tls = HttpServer::Tls{certificate, key}});
    return HttpServer::create({.listeners = std::move(listeners)});
  };
  for (const auto& failed : {create("no certificate", host_identity().key_pem),
                             create(host_identity().certificate_pem, client_identity().key_pem)}) {
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().id, "http.certificate");
  }
}

TEST(HttpServer, reports_a_port_that_is_taken) {
  const TestHttpServer server;
  std::vector<HttpServer::Listener> listeners;
  listeners.push_back({.listen = {.addresses = {"127.0.0.1"}, .port = server.server->port()}});
  const auto second = HttpServer::create({.listeners = std::move(listeners)});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().id, "net.port-in-use");
}

}  // namespace
}  // namespace lumen::net
