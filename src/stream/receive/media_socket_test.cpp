#include "stream/receive/media_socket.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace lumen::stream {
namespace {

using namespace std::chrono_literals;
namespace rtsp = gamestream::rtsp;

net::UdpSocket loopback() {
  return net::UdpSocket::bind({.local = net::Endpoint::parse("127.0.0.1", 0).value()}).value();
}

struct Heard {
  net::Endpoint from;
  rtsp::Ping ping;
};

// The next ping within five seconds.
std::optional<Heard> next_ping(net::UdpSocket& host) {
  std::optional<Heard> heard;
  host.receive(5s, [&](const net::Endpoint& from, MutableBytes datagram) {
    if (const auto ping = rtsp::parse_ping(datagram)) heard = Heard{from, *ping};
  });
  return heard;
}

rtsp::PingPayload payload() {
  rtsp::PingPayload payload{};
  std::ranges::copy(std::string{"0F1E2D3C4B5A6978"}, payload.begin());
  return payload;
}

TEST(MediaSocket, m44_pings_every_half_second_and_each_socket_counts_its_own) {
  auto picture = loopback(), sound = loopback();
  auto to_picture = MediaSocket::open(picture.local().value(), payload()).value();
  auto to_sound = MediaSocket::open(sound.local().value(), payload()).value();
  for (std::uint32_t count = 1; count <= 3; ++count) {
    const auto begun = SteadyTime{}.now();
    to_picture.receive(0ms, [](auto) {});
    const auto ping = next_ping(picture);
    ASSERT_TRUE(ping);
    EXPECT_EQ(ping->ping.payload, payload());
    EXPECT_EQ(ping->ping.counter, count);
    to_picture.receive(10s, [](auto) {});  // until the next is due
    const auto interval = SteadyTime{}.now() - begun;
    EXPECT_GE(interval, 400ms);
    EXPECT_LT(interval, 2s);  // the machine may have more to do
  }
  to_sound.receive(0ms, [](auto) {});
  const auto first = next_ping(sound);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->ping.counter, 1U);
}

TEST(MediaSocket, pings_in_the_old_way_where_the_host_gives_no_name) {
  auto host = loopback();
  auto socket = MediaSocket::open(host.local().value(), std::nullopt).value();
  socket.receive(0ms, [](auto) {});
  const auto heard = next_ping(host);
  ASSERT_TRUE(heard);
  EXPECT_TRUE(heard->ping.legacy);
}

TEST(MediaSocket, takes_from_the_host_alone) {
  auto host = loopback();
  const auto stranger = loopback();
  auto socket = MediaSocket::open(host.local().value(), payload()).value();
  socket.receive(0ms, [](auto) {});
  const auto client = next_ping(host).value().from;
  ASSERT_TRUE(stranger.send_one(client, as_view("from a stranger")));
  ASSERT_TRUE(host.send_one(client, as_view("from the host")));
  std::vector<std::string> texts;
  for (int i = 0; i < 20 && texts.empty(); ++i) {
    socket.receive(250ms, [&](MutableBytes bytes) {
      texts.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    });
  }
  EXPECT_EQ(texts, std::vector<std::string>{"from the host"});
  EXPECT_EQ(socket.foreign(), 1U);
}

}  // namespace
}  // namespace lumen::stream
