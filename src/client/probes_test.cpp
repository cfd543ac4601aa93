#include "client/probes.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <thread>
#include <vector>

#include "base/fd.hpp"

namespace lumen::client {
namespace {

using namespace std::chrono_literals;

// Listening on the loopback, and where.
std::pair<UniqueFd, net::Endpoint> listener() {
  UniqueFd fd{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_storage storage{};
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  const auto any = net::Endpoint::parse("127.0.0.1", 0).value();
  EXPECT_EQ(bind(fd.get(), any.address(), any.length()), 0);
  EXPECT_EQ(listen(fd.get(), 4), 0);
  socklen_t size = sizeof storage;
  EXPECT_EQ(getsockname(fd.get(), address, &size), 0);
  return {std::move(fd), net::Endpoint::from_sockaddr(address, size)};
}

TEST(ReachTcp, tells_who_listens_from_who_does_not) {
  auto [fd, where] = listener();
  EXPECT_EQ(reach_tcp(where, 2s).reach, Reach::answers);
  fd.reset();
  EXPECT_EQ(reach_tcp(where, 2s).reach, Reach::refused);
}

TEST(ReachQuic, a_closed_port_refuses_and_one_that_says_nothing_is_silent) {
  auto silent = net::UdpSocket::bind({.local = net::Endpoint::parse("127.0.0.1", 0).value()}).value();
  const auto where = *silent.local();
  EXPECT_EQ(reach_quic(where, 60ms).reach, Reach::silent);
  std::vector<std::byte> heard;
  silent.receive(1s, [&](const net::Endpoint&, MutableBytes datagram) {
    heard.assign(datagram.begin(), datagram.end());
  });
  ASSERT_EQ(heard.size(), 1200U);  // what a server has to answer
  EXPECT_EQ(heard[0], std::byte{0xC0});
}

TEST(ReachQuic, an_answer_counts) {
  auto server = net::UdpSocket::bind({.local = net::Endpoint::parse("127.0.0.1", 0).value()}).value();
  const auto where = *server.local();
  std::jthread answering{[&] {
    server.receive(2s, [&](const net::Endpoint& from, MutableBytes datagram) {
      server.send_one(from, ByteView{datagram}.first(20));
    });
  }};
  EXPECT_EQ(reach_quic(where, 2s).reach, Reach::answers);
}

TEST(MeasureDecoder, measures_every_codec_at_a_small_size) {
  for (const auto codec : {Codec::h264, Codec::hevc, Codec::av1}) {
    const auto speed = measure_decoder(codec, {320, 180, 60'000}, 5s);
    ASSERT_TRUE(speed) << describe(speed.error());
    EXPECT_GT(speed->pictures, 0U);
    EXPECT_GT(speed->p50, Duration::zero());
    EXPECT_LE(speed->p50, speed->p95);
    EXPECT_FALSE(speed->decoder.empty());
  }
}

}  // namespace
}  // namespace lumen::client
