#include "net/udp.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <string>
#include <vector>

#include "base/thread.hpp"
#include "net/test_marking.hpp"

namespace lumen::net {
namespace {

using namespace std::chrono_literals;
using Datagrams = std::vector<std::vector<std::byte>>;

UdpSocket bound_to(const std::string& address, bool offload = true) {
  return UdpSocket::bind({.local = Endpoint::parse(address, 0).value(), .offload = offload}).value();
}

// Every byte depends on its place in the whole train.
std::vector<std::byte> numbered(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 2654435761U >> 13U);
  return bytes;
}

Datagrams cut(const std::vector<std::byte>& train, std::size_t segment_bytes) {
  Datagrams cuts;
  for (std::size_t begin = 0; begin < train.size(); begin += segment_bytes) {
    const auto rest = ByteView{train}.subspan(begin);
    const auto segment = rest.first(std::min(segment_bytes, rest.size()));
    cuts.emplace_back(segment.begin(), segment.end());
  }
  return cuts;
}

// Until `bytes` arrived or nothing comes for two seconds.
Datagrams receive_bytes(UdpSocket& socket, std::size_t bytes) {
  Datagrams got;
  std::size_t total = 0;
  while (total < bytes) {
    const auto count = socket.receive(2s, [&](const Endpoint&, MutableBytes datagram) {
      got.emplace_back(datagram.begin(), datagram.end());
      total += datagram.size();
    });
    if (count == 0) break;
  }
  return got;
}

TEST(Endpoint, text_and_value_agree) {
  EXPECT_EQ(Endpoint::parse("127.0.0.1", 47986).value().to_string(), "127.0.0.1:47986");
  EXPECT_EQ(Endpoint::parse("::1", 1).value().to_string(), "[::1]:1");
  EXPECT_EQ(Endpoint::parse("fe80::1%1", 9).value().to_string(), "[fe80::1%1]:9");
  EXPECT_EQ(Endpoint::parse("fe80::1%lo", 9).value(), Endpoint::parse("fe80::1%1", 9).value());
  EXPECT_EQ(Endpoint{}.port(), 0);
}

TEST(Endpoint, only_numeric_addresses_are_taken) {
  for (const char* wrong :
       {"", "localhost", "256.1.1.1", "1.2.3", "::g", "::1%", "::1%nosuch", "1.2.3.4:5"}) {
    const auto endpoint = Endpoint::parse(wrong, 1);
    ASSERT_FALSE(endpoint) << wrong;
    EXPECT_EQ(endpoint.error().id, "net.address");
    EXPECT_FALSE(endpoint.error().remedy.empty());
  }
}

TEST(Endpoint, equality_is_about_family_address_and_port) {
  const auto base = Endpoint::parse("10.0.0.1", 5).value();
  EXPECT_EQ(base, Endpoint::parse("10.0.0.1", 5).value());
  EXPECT_NE(base, Endpoint::parse("10.0.0.1", 6).value());
  EXPECT_NE(base, Endpoint::parse("10.0.0.2", 5).value());
  EXPECT_NE(base, Endpoint::parse("::1", 5).value());
  EXPECT_NE(Endpoint::parse("::1", 5).value(), Endpoint::parse("::2", 5).value());
  EXPECT_NE(base, Endpoint{});
  EXPECT_EQ(Endpoint{}, Endpoint{});
}

TEST(Endpoint, an_ipv4_address_mapped_into_ipv6_is_the_ipv4_address) {
  EXPECT_EQ(Endpoint::parse("::ffff:10.1.2.3", 7).value(), Endpoint::parse("10.1.2.3", 7).value());
}

TEST(Endpoint, a_short_or_foreign_socket_address_is_empty) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  const auto* const raw = reinterpret_cast<const sockaddr*>(&address);
  EXPECT_EQ(Endpoint::from_sockaddr(raw, 0).length(), 0U);
  EXPECT_EQ(Endpoint::from_sockaddr(raw, sizeof address - 1).length(), 0U);
  address.sin_family = AF_UNIX;
  EXPECT_EQ(Endpoint::from_sockaddr(raw, sizeof address).length(), 0U);
}

struct Route {
  std::string receiver, target;  // where it is bound, where the sender aims
  bool offload;
};

class UdpTrains : public testing::TestWithParam<Route> {
 protected:
  UdpSocket receiver_ = bound_to(GetParam().receiver, GetParam().offload);
  UdpSocket sender_ = bound_to(GetParam().target, GetParam().offload);
  const Endpoint target_ = Endpoint::parse(GetParam().target, receiver_.local()->port()).value();

  void expect_whole_and_in_order(std::size_t bytes, std::size_t segment_bytes) {
    const auto train = numbered(bytes);
    const auto expected = cut(train, segment_bytes);
    ASSERT_EQ(sender_.send_segments(target_, train, segment_bytes), expected.size());
    EXPECT_EQ(receive_bytes(receiver_, bytes), expected) << bytes << " in " << segment_bytes;
  }
};

TEST_P(UdpTrains, arrive_whole_and_in_order) { expect_whole_and_in_order(40 * 1440, 1440); }
TEST_P(UdpTrains, may_end_in_a_shorter_datagram) { expect_whole_and_in_order(10 * 1200 + 1, 1200); }
TEST_P(UdpTrains, may_be_one_datagram) {
  expect_whole_and_in_order(1200, 1200);
  expect_whole_and_in_order(7, 1200);
}
TEST_P(UdpTrains, longer_than_64_segments_are_split) {
  expect_whole_and_in_order(129 * 100, 100);
  expect_whole_and_in_order(64 * 100 + 3, 100);
}
TEST_P(UdpTrains, larger_than_65507_bytes_are_split) {
  expect_whole_and_in_order(150 * 1472 + 5, 1472);
  expect_whole_and_in_order(3 * 40'000, 40'000);
  expect_whole_and_in_order(2 * 65'000, 65'000);
}
TEST_P(UdpTrains, of_nothing_or_of_impossible_segments_send_nothing) {
  const auto train = numbered(70'000);
  EXPECT_EQ(sender_.send_segments(target_, {}, 1200), 0U);
  EXPECT_EQ(sender_.send_segments(target_, train, 0), 0U);
  EXPECT_EQ(sender_.send_segments(target_, train, 65'508), 0U);
  EXPECT_EQ(receiver_.receive(0ns, [](const Endpoint&, MutableBytes) {}), 0U);
}
TEST_P(UdpTrains, offload_is_used_exactly_when_asked_for) {
  EXPECT_EQ(sender_.has_segmentation_offload(), GetParam().offload);
  EXPECT_EQ(receiver_.has_receive_offload(), GetParam().offload);
  expect_whole_and_in_order(20 * 1000, 1000);
  EXPECT_EQ(sender_.has_segmentation_offload(), GetParam().offload);
}

INSTANTIATE_TEST_SUITE_P(Routes, UdpTrains,
                         testing::Values(Route{"127.0.0.1", "127.0.0.1", true},
                                         Route{"127.0.0.1", "127.0.0.1", false}, Route{"::1", "::1", true},
                                         Route{"::1", "::1", false}, Route{"::", "127.0.0.1", true},
                                         Route{"::", "::1", true}),
                         [](const auto& route) {
                           auto name = route.param.receiver + "_to_" + route.param.target;
                           name += route.param.offload ? "_offloaded" : "_one_by_one";
                           std::ranges::replace_if(name, [](char c) { return c == '.' || c == ':'; }, 'x');
                           return name;
                         });

TEST(UdpSocket, the_sender_is_named_and_can_be_answered) {
  auto server = bound_to("::");  // dual stack: an IPv4 peer must appear as one
  auto client = bound_to("127.0.0.1");
  const auto at = Endpoint::parse("127.0.0.1", server.local()->port()).value();
  ASSERT_TRUE(client.send_one(at, as_view("ping")));
  Endpoint from;
  ASSERT_EQ(server.receive(2s, [&](const Endpoint& peer, MutableBytes) { from = peer; }), 1U);
  EXPECT_EQ(from, client.local().value());
  ASSERT_TRUE(server.send_one(from, as_view("pong")));
  EXPECT_EQ(client.receive(2s, [](const Endpoint&, MutableBytes) {}), 1U);
}

// From "::", as hosts are bound, to each family; with and without offload.
TEST(UdpSocket, each_datagram_is_marked_as_asked_and_the_next_is_not) {
  for (const auto* address : {"127.0.0.1", "::1"}) {
    const bool is_ipv4 = address[0] == '1';
    for (const bool offload : {true, false}) {
      auto sender = bound_to("::", offload);
      auto receiver = bound_to(address, false);
      tell_markings(receiver, is_ipv4);
      const auto to = *receiver.local();
      EXPECT_TRUE(sender.send_one(to, numbered(10), {.traffic_class = 0xC0}));
      EXPECT_EQ(next_marking(receiver, is_ipv4), 0xC0);
      EXPECT_TRUE(sender.send_one(to, numbered(10)));
      EXPECT_EQ(next_marking(receiver, is_ipv4), 0);
      EXPECT_EQ(sender.send_segments(to, numbered(3000), 1000, {.traffic_class = 0xA0}), 3);
      for (int i = 0; i < 3; ++i) EXPECT_EQ(next_marking(receiver, is_ipv4), 0xA0) << address << offload;
    }
  }
}

// All of 127.0.0.0/8 is this machine's.
TEST(UdpSocket, what_came_to_one_of_several_addresses_is_answered_from_it) {
  for (const auto* listening : {"::", "0.0.0.0"}) {
    auto host = UdpSocket::bind({.local = *Endpoint::parse(listening, 0), .tell_local = true}).value();
    const auto port = host.local()->port();
    auto client = bound_to("127.0.0.1");
    for (const auto* address : {"127.0.0.2", "127.0.0.3"}) {
      ASSERT_TRUE(client.send_one(*Endpoint::parse(address, port), numbered(10)));
      Endpoint at;
      ASSERT_EQ(
          host.receive_at(2s, [&](const Endpoint&, const Endpoint& local, MutableBytes) { at = local; }), 1);
      EXPECT_EQ(at, *Endpoint::parse(address, 0)) << listening;
      EXPECT_TRUE(host.send_one(*client.local(), numbered(1), {.from = at}));
      EXPECT_EQ(host.send_segments(*client.local(), numbered(20), 10, {.traffic_class = 0xA0, .from = at}),
                2);
      std::size_t answers = 0;
      while (answers < 3) {
        const auto came = client.receive(2s, [&](const Endpoint& from, MutableBytes) {
          EXPECT_EQ(from, *Endpoint::parse(address, port));
        });
        ASSERT_GT(came, 0);
        answers += came;
      }
    }
  }
}

TEST(UdpSocket, over_ipv6_it_says_which_address_was_used) {
  auto host = UdpSocket::bind({.local = *Endpoint::parse("::", 0), .tell_local = true}).value();
  auto client = bound_to("::1");
  ASSERT_TRUE(client.send_one(*Endpoint::parse("::1", host.local()->port()), numbered(10)));
  Endpoint at;
  ASSERT_EQ(host.receive_at(2s, [&](const Endpoint&, const Endpoint& local, MutableBytes) { at = local; }),
            1);
  EXPECT_EQ(at, *Endpoint::parse("::1", 0));
  EXPECT_TRUE(host.send_one(*client.local(), numbered(1), {.from = at}));
  EXPECT_EQ(client.receive(2s, [](const Endpoint&, MutableBytes) {}), 1);
}

TEST(UdpSocket, an_address_that_this_machine_does_not_have_sends_nothing) {
  auto sender = bound_to("0.0.0.0");
  const SendOptions foreign{.from = *Endpoint::parse("192.0.2.1", 0)};
  auto receiver = bound_to("127.0.0.1");
  EXPECT_FALSE(sender.send_one(*receiver.local(), numbered(1), foreign));
  EXPECT_EQ(sender.send_segments(*receiver.local(), numbered(20), 10, foreign), 0);
  EXPECT_TRUE(sender.has_segmentation_offload()) << "which is not to blame";
  // Of another family than the way: the kernel chooses.
  EXPECT_TRUE(sender.send_one(*receiver.local(), numbered(1), {.from = *Endpoint::parse("::1", 0)}));
}

TEST(UdpSocket, received_bytes_may_be_changed_in_place) {
  auto socket = bound_to("127.0.0.1");
  const auto self = socket.local().value();
  ASSERT_EQ(socket.send_segments(self, numbered(300), 100), 3U);
  std::size_t sum = 0;
  socket.receive(2s, [&](const Endpoint&, MutableBytes datagram) {
    std::ranges::fill(datagram, std::byte{1});
    for (const auto byte : datagram) sum += std::to_integer<std::size_t>(byte);
  });
  EXPECT_EQ(sum, 300U);
}

TEST(UdpSocket, an_empty_datagram_arrives) {
  auto socket = bound_to("127.0.0.1");
  ASSERT_TRUE(socket.send_one(socket.local().value(), {}));
  std::size_t size = 99;
  ASSERT_EQ(socket.receive(2s, [&](const Endpoint&, MutableBytes datagram) { size = datagram.size(); }), 1U);
  EXPECT_EQ(size, 0U);
}

TEST(UdpSocket, a_datagram_larger_than_udp_allows_is_refused) {
  auto socket = bound_to("127.0.0.1");
  EXPECT_FALSE(socket.send_one(socket.local().value(), numbered(70'000)));
}

TEST(UdpSocket, the_largest_ipv4_datagrams_arrive) {
  auto socket = bound_to("127.0.0.1");
  const auto train = numbered(2 * 65'507);
  ASSERT_EQ(socket.send_segments(socket.local().value(), train, 65'507), 2U);
  EXPECT_EQ(receive_bytes(socket, train.size()), cut(train, 65'507));
}

// The loopback's MTU is 65 536; with the IPv6 header these are 65 555 bytes.
TEST(UdpSocket, a_datagram_larger_than_the_path_carries_is_refused_and_not_fragmented) {
  auto socket = bound_to("::1");
  const auto self = socket.local().value();
  const auto train = numbered(3 * 65'507);
  EXPECT_FALSE(socket.send_one(self, ByteView{train}.first(65'507)));
  EXPECT_EQ(socket.send_segments(self, train, 65'507), 0U);
  EXPECT_TRUE(socket.send_one(self, ByteView{train}.first(65'000)));
}

// Without checksums the kernel refuses segmentation (EINVAL), as it does on routes that cannot do it.
TEST(UdpSocket, where_segmentation_fails_the_same_train_goes_out_one_by_one_from_then_on) {
  auto receiver = bound_to("127.0.0.1");
  auto sender = bound_to("127.0.0.1");
  const int on = 1;
  ASSERT_EQ(setsockopt(sender.fd(), SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
  const auto train = numbered(100 * 1000 + 1);
  const auto target = receiver.local().value();
  ASSERT_TRUE(sender.has_segmentation_offload());
  EXPECT_EQ(sender.send_segments(target, train, 1000), 101U);
  EXPECT_FALSE(sender.has_segmentation_offload());
  EXPECT_EQ(receive_bytes(receiver, train.size()), cut(train, 1000));
}

TEST(UdpSocket, segmentation_is_not_given_up_for_other_errors) {
  auto socket = bound_to("::1");
  const auto unroutable = Endpoint::parse("10.0.0.1", 9).value();  // IPv4 through an IPv6-only socket
  EXPECT_EQ(socket.send_segments(unroutable, numbered(3000), 1000), 0U);
  EXPECT_TRUE(socket.has_segmentation_offload());
}

TEST(UdpSocket, receive_gives_up_at_its_timeout_and_not_before) {
  auto socket = bound_to("127.0.0.1");
  const auto begin = Clock::now();
  EXPECT_EQ(socket.receive(20ms, [](const Endpoint&, MutableBytes) {}), 0U);
  EXPECT_GE(Clock::now() - begin, 20ms);
}

TEST(UdpSocket, an_unreachable_port_disturbs_neither_sending_nor_receiving) {
  auto socket = bound_to("127.0.0.1");
  const auto nobody = bound_to("127.0.0.1").local().value();  // closed again
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(socket.send_one(nobody, as_view("x")));
  const auto self = socket.local().value();
  EXPECT_EQ(socket.send_segments(self, numbered(1000), 100), 10U);
  EXPECT_EQ(receive_bytes(socket, 1000).size(), 10U);
}

TEST(UdpSocket, a_port_in_use_is_named_with_its_remedy) {
  const auto holder = bound_to("127.0.0.1");
  const auto taken = holder.local().value();
  const auto second = UdpSocket::bind({.local = taken});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().id, "net.port-in-use");
  EXPECT_EQ(
      describe(second.error()),
      "UDP port " + std::to_string(taken.port()) +
          " is already in use. Stop the other program (ss -ulpn shows it) or choose another with --port "
          "[net.port-in-use]");
}

TEST(UdpSocket, a_privileged_port_is_named_with_its_remedy) {
  const auto error = bind_error(Endpoint::parse("0.0.0.0", 1).value(), EACCES);
  EXPECT_EQ(error.id, "net.no-permission");
  EXPECT_EQ(error.code, ErrorCode::denied);
  EXPECT_THAT(error.remedy, testing::HasSubstr("below 1024"));
  EXPECT_THAT(bind_error(Endpoint::parse("0.0.0.0", 5000).value(), EPERM).remedy,
              testing::HasSubstr("sandbox"));
}

TEST(UdpSocket, port_1_is_refused_to_an_ordinary_user) {
  if (geteuid() == 0) GTEST_SKIP() << "root may";
  const auto socket = UdpSocket::bind({.local = Endpoint::parse("127.0.0.1", 1).value()});
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().id, "net.no-permission");
}

TEST(UdpSocket, an_address_of_another_machine_is_refused) {
  const auto socket = UdpSocket::bind({.local = Endpoint::parse("192.0.2.1", 0).value()});
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().id, "net.bind");
  EXPECT_THAT(socket.error().what, testing::HasSubstr("192.0.2.1"));
}

TEST(UdpSocket, without_an_address_it_listens_on_all) {
  auto socket = UdpSocket::bind({}).value();
  const auto port = socket.local()->port();
  ASSERT_NE(port, 0);
  EXPECT_TRUE(socket.send_one(Endpoint::parse("127.0.0.1", port).value(), as_view("x")));
  EXPECT_EQ(socket.receive(2s, [](const Endpoint&, MutableBytes) {}), 1U);
}

TEST(UdpSocket, a_full_queue_is_taken_in_several_calls_and_nothing_waits_behind) {
  auto socket = bound_to("127.0.0.1", false);  // each datagram is its own train
  const auto self = socket.local().value();
  std::size_t sent = 0;
  for (int i = 0; i < 400; ++i) sent += socket.send_one(self, as_view("x")) ? 1U : 0U;
  std::size_t got = 0;
  std::size_t calls = 0;
  while (const auto count = socket.receive(0ns, [](const Endpoint&, MutableBytes) {})) {
    got += count;
    ++calls;
  }
  EXPECT_EQ(got, sent);
  EXPECT_GT(calls, 1U);
}

// Under ThreadSanitizer this is the proof of the class comment.
TEST(UdpSocket, two_threads_send_while_a_third_receives) {
  auto receiver = bound_to("127.0.0.1");
  const auto target = receiver.local().value();
  auto sender = bound_to("127.0.0.1");
  constexpr std::size_t kTrains = 100;
  std::atomic<std::size_t> accepted{0};
  std::atomic<int> sending{2};
  std::size_t got = 0;
  {
    const auto send = [&](const std::stop_token&) {
      const auto train = numbered(5000);
      for (std::size_t i = 0; i < kTrains; ++i) {
        accepted += sender.send_segments(target, train, 1000);
        accepted += sender.send_one(target, as_view("one")) ? 1U : 0U;
        accepted += receiver.send_one(target, as_view("from the receiving socket")) ? 1U : 0U;
      }
      --sending;
    };
    const OwnedThread first{"lm-test-1", send};
    const OwnedThread second{"lm-test-2", send};
    while (sending > 0) got += receiver.receive(1ms, [](const Endpoint&, MutableBytes) {});
  }
  while (const auto count = receiver.receive(0ns, [](const Endpoint&, MutableBytes) {})) got += count;
  EXPECT_EQ(accepted, 2 * kTrains * 7);
  EXPECT_EQ(got, accepted);  // 4 MiB of buffer hold it all
}

}  // namespace
}  // namespace lumen::net
