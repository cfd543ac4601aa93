// The same over sockets of the kernel, with its clock.
#include <gtest/gtest.h>
#include <poll.h>

#include "net/quic/quic.hpp"
#include "net/quic/test_network.hpp"

namespace lumen::net::quic {
namespace {

using namespace std::chrono_literals;

// An endpoint on a socket on loopback.
struct Station {
  explicit Station(QuicParams params)
      : socket{UdpSocket::bind({.local = at("127.0.0.1", 0), .tell_local = true}).value()} {
    params.send = [this](const QuicPath& path, ByteView datagram) {
      socket.send_one(path.peer, datagram, {.from = path.local});
    };
    quic.emplace(QuicEndpoint::create(std::move(params)).value());
  }
  void service(Timestamp now) {
    socket.receive_at(Duration::zero(),
                      [&](const Endpoint& from, const Endpoint& here, MutableBytes datagram) {
                        quic->receive({here, from}, datagram, now);
                      });
    if (const auto due = quic->next_deadline(); due && *due <= now) quic->on_timer(now);
    while (auto event = quic->poll(now)) {
      if (const auto* connected = std::get_if<QuicConnected>(&*event)) id = connected->id;
      if (const auto* bytes = std::get_if<QuicBytes>(&*event)) received += text_of(bytes->bytes);
      if (const auto* gone = std::get_if<QuicClosed>(&*event)) closed = *gone;
    }
  }
  UdpSocket socket;
  std::optional<QuicEndpoint> quic;
  std::optional<QuicId> id;
  std::optional<QuicClosed> closed;
  std::string received;
};

bool run(Station& one, Station& other, const std::function<bool()>& done) {
  const SteadyTime clock;
  const auto end = clock.now() + 20s;
  while (!done()) {
    const auto now = clock.now();
    if (now > end) return false;
    one.service(now);
    other.service(now);
    auto next = now + 100ms;
    for (const auto* station : {&one, &other}) {
      if (const auto due = station->quic->next_deadline()) next = std::min(next, std::max(*due, now));
    }
    std::array<pollfd, 2> fds{{{one.socket.fd(), POLLIN, 0}, {other.socket.fd(), POLLIN, 0}}};
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - now).count();
    poll(fds.data(), fds.size(), static_cast<int>(wait));
  }
  return true;
}

TEST(QuicUdp, a_connection_over_loopback_carries_bytes_both_ways_and_closes) {
  Station host{Stage::as_host({})}, client{Stage::as_client({})};
  const SteadyTime clock;
  const auto id = client.quic->connect(
      {.address = host.socket.local().value(), .pin = the_host().fingerprint()}, clock.now());
  const std::string question(100'000, 'q'), answer(100'000, 'a');
  ASSERT_TRUE(client.quic->send(*id, text_view(question), clock.now()).has_value());
  ASSERT_TRUE(
      run(host, client, [&] { return client.id && host.id && host.received.size() == question.size(); }));
  ASSERT_TRUE(host.quic->send(*host.id, text_view(answer), clock.now()).has_value());
  ASSERT_TRUE(run(host, client, [&] { return client.received.size() == answer.size(); }));
  EXPECT_TRUE(host.received == question && client.received == answer);
  std::array<std::byte, 32> ours{}, theirs{};
  ASSERT_TRUE(client.quic->export_secret(*client.id, "EXPORTER-lumen-media", {}, ours).has_value());
  ASSERT_TRUE(host.quic->export_secret(*host.id, "EXPORTER-lumen-media", {}, theirs).has_value());
  EXPECT_EQ(ours, theirs);
  host.quic->close(*host.id, 3, "done", clock.now());
  ASSERT_TRUE(run(host, client, [&] { return client.closed.has_value(); }));
  EXPECT_EQ(client.closed->text, "done");
}

}  // namespace
}  // namespace lumen::net::quic
