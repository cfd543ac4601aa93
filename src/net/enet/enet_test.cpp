// Both ends over loopback. Time is the tests': it moves to the next deadline when nobody has anything to
// read.
#include "net/enet/enet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <string>

#include "net/enet/test_hex.hpp"

namespace lumen::net {
namespace {

using namespace std::chrono_literals;
using test::Buffer;
using test::from_hex;
using test::to_hex;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint32_t kData = 0xA1B2'C3D4;

constexpr int kPatienceMs = 5000;

// A busy kernel may take its time to hand over what loopback carries.
bool readable(int fd, int patience_ms = 0) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&entry, 1, patience_ms) == 1;
}

struct Message {
  EnetPeerId peer;
  std::uint8_t channel = 0;
  std::string text;
};

// What one end was told.
struct Log {
  struct Connected {
    EnetPeerId peer;
    Endpoint address;
    std::uint32_t data = 0;
  };
  std::vector<Connected> connected;
  std::vector<Message> messages;
  std::vector<std::uint32_t> disconnected;
  EnetHandlers handlers{
      .connected = [this](EnetPeerId peer, const Endpoint& address,
                          std::uint32_t data) { connected.push_back({peer, address, data}); },
      .received =
          [this](EnetPeerId peer, std::uint8_t channel, MutableBytes bytes) {
            messages.push_back({peer, channel, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}});
          },
      .disconnected = [this](EnetPeerId, std::uint32_t data) { disconnected.push_back(data); }};
  Log() = default;
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
};

struct Bench {
  Timestamp now = Timestamp{} + 1000s;
  EnetHost host = std::move(*EnetHost::create({.local = *Endpoint::parse("127.0.0.1", 0), .max_peers = 8}));
  std::optional<EnetClient> client = std::move(*EnetClient::create({}));
  Log at_host, at_client;
  EnetPeerId client_peer{};

  void expect(std::uint32_t data, Duration life = 10s) {
    host.expect({.connect_data = data, .until = now + life});
  }
  void start(std::uint32_t data) { client_peer = *client->connect(host.local(), data, now); }

  bool anything_to_read() const {
    std::array<pollfd, 2> entries{{{.fd = host.fd(), .events = POLLIN, .revents = 0},
                                   {.fd = client ? client->fd() : -1, .events = POLLIN, .revents = 0}}};
    return poll(entries.data(), entries.size(), 1) > 0;
  }
  // Once something is there for the host to read.
  void host_reads() {
    ASSERT_TRUE(readable(host.fd(), kPatienceMs));
    host.service(now, at_host.handlers);
  }
  void step() {
    host.service(now, at_host.handlers);
    if (client) client->service(now, at_client.handlers);
    if (anything_to_read()) return;
    const auto first = host.next_deadline(now);
    const auto second = client ? client->next_deadline(now) : std::nullopt;
    const auto never = Timestamp::max();
    const auto next = std::min(first.value_or(never), second.value_or(never));
    if (next != never) now = std::max(now, next);
  }
  // False: it did not come true within `limit`.
  template <class Condition>
  bool until(Condition condition, Duration limit = 60s) {
    const auto end = now + limit;
    for (int steps = 0; steps < 200'000 && now < end; ++steps) {
      if (condition()) return true;
      step();
    }
    return condition();
  }
  bool connect(std::uint32_t data = kData) {
    expect(data);
    start(data);
    return until([&] { return !at_host.connected.empty() && !at_client.connected.empty(); });
  }
  EnetPeerId host_peer() const { return at_host.connected.at(0).peer; }
};

// A client without a library: bytes out, bytes in.
struct RawClient {
  UdpSocket socket = std::move(*UdpSocket::bind({.local = *Endpoint::parse("127.0.0.1", 0)}));
  void send(const EnetHost& to, ByteView bytes) const { ASSERT_TRUE(socket.send_one(to.local(), bytes)); }
  std::vector<Buffer> receive(int patience_ms = 0) {
    std::vector<Buffer> datagrams;
    while (readable(socket.fd(), datagrams.empty() ? patience_ms : 0)) {
      socket.receive(Duration::zero(), [&](const Endpoint&, MutableBytes bytes) {
        datagrams.emplace_back(bytes.begin(), bytes.end());
      });
    }
    return datagrams;
  }
};

// Answers a VERIFY_CONNECT, whose bytes these are; the sent time goes back with it.
Buffer acknowledgement(const Buffer& verify) {
  return from_hex("80001bdc 01ff0001 0001" + to_hex(ByteView{verify}.subspan(2, 2)));
}

ByteView bytes_of(std::string_view text) { return as_view(text); }

TEST(Enet, a_client_with_the_expected_data_connects) {
  Bench bench;
  ASSERT_TRUE(bench.connect());
  EXPECT_EQ(bench.at_host.connected[0].data, kData);
  EXPECT_EQ(bench.at_host.connected[0].address.to_string().substr(0, 10), "127.0.0.1:");
  EXPECT_EQ(bench.host.address_of(bench.host_peer()), bench.at_host.connected[0].address);
  EXPECT_EQ(bench.at_client.connected[0].address, bench.host.local());
  EXPECT_EQ(bench.at_client.connected[0].peer, bench.client_peer);
  EXPECT_EQ(bench.host.connections(), 1U);
}

TEST(GameStream3, c4_wrong_data_changes_nothing) {
  Bench bench;
  bench.expect(kData);
  bench.start(kData + 1);
  ASSERT_TRUE(bench.until([&] { return !bench.at_client.disconnected.empty(); }));
  EXPECT_THAT(bench.at_client.connected, IsEmpty());
  EXPECT_THAT(bench.at_host.connected, IsEmpty());
  EXPECT_EQ(bench.host.connections(), 0U);
  EXPECT_GE(bench.host.counters().refused_connects, 4U);
  EXPECT_FALSE(bench.host.next_deadline(bench.now));
}

TEST(GameStream3, c4_a_flood_of_forged_connects_takes_no_slot) {
  Bench bench;
  RawClient flood;
  for (int i = 0; i < 40; ++i) {
    auto connect = from_hex(test::kStockConnect);
    connect[44] = static_cast<std::byte>(i);  // the connect ID
    flood.send(bench.host, connect);
  }
  ASSERT_TRUE(bench.connect());
  EXPECT_EQ(bench.host.counters().refused_connects, 40U);
  EXPECT_EQ(bench.at_host.connected.size(), 1U);
}

TEST(GameStream3, c4_data_known_to_others_takes_one_slot) {
  Bench bench;
  bench.expect(0xDEAD'BEEF);
  RawClient first, second;
  first.send(bench.host, from_hex(test::kStockConnect));
  second.send(bench.host, from_hex(test::kStockConnect));
  auto again = from_hex(test::kStockConnect);
  again[44] ^= std::byte{1};
  first.send(bench.host, again);
  ASSERT_TRUE(bench.until([&] { return bench.host.counters().refused_connects == 2; }, 400ms));
  EXPECT_EQ(first.receive(kPatienceMs).size(), 1U);
  EXPECT_THAT(second.receive(), IsEmpty());
}

TEST(GameStream1, s67_wrong_data_leaves_a_running_session_alone) {
  Bench bench;
  ASSERT_TRUE(bench.connect());
  RawClient other;
  other.send(bench.host, from_hex(test::kStockConnect));
  ASSERT_TRUE(bench.until([&] { return bench.host.counters().refused_connects == 1; }));
  ASSERT_TRUE(bench.client->send(bench.client_peer, 0, bytes_of("still here"), EnetDelivery::reliable));
  EXPECT_TRUE(bench.until([&] { return !bench.at_host.messages.empty(); }));
  EXPECT_THAT(other.receive(), IsEmpty());
  EXPECT_EQ(bench.host.connections(), 1U);
}

TEST(GameStream3, c2_data_serves_once) {
  Bench bench;
  ASSERT_TRUE(bench.connect());
  bench.client = std::move(*EnetClient::create({}));
  bench.at_client.connected.clear();
  bench.start(kData);
  ASSERT_TRUE(bench.until([&] { return !bench.at_client.disconnected.empty(); }));
  EXPECT_THAT(bench.at_client.connected, IsEmpty());
}

TEST(GameStream3, c2_data_expires) {
  Bench bench;
  bench.expect(kData, 10s);
  bench.now += 10s;
  bench.start(kData);
  ASSERT_TRUE(bench.until([&] { return !bench.at_client.disconnected.empty(); }));
  EXPECT_THAT(bench.at_host.connected, IsEmpty());
}

TEST(Enet, withdrawn_data_does_not_serve) {
  Bench bench;
  bench.expect(kData);
  bench.host.withdraw(kData);
  bench.start(kData);
  ASSERT_TRUE(bench.until([&] { return !bench.at_client.disconnected.empty(); }));
  EXPECT_THAT(bench.at_host.connected, IsEmpty());
}

TEST(GameStream3, c5_a_client_without_data_is_known_by_its_address) {
  Bench bench;
  const auto from = [](const char* address) { return *Endpoint::parse(address, 0); };
  bench.host.expect({.connect_data = 0, .until = bench.now + 60s, .from = from("127.0.0.2")});
  bench.start(0);
  ASSERT_TRUE(bench.until([&] { return !bench.at_client.disconnected.empty(); }));
  EXPECT_THAT(bench.at_host.connected, IsEmpty());
  bench.host.expect({.connect_data = 0, .until = bench.now + 60s, .from = from("127.0.0.1")});
  bench.start(0);
  EXPECT_TRUE(bench.until([&] { return !bench.at_host.connected.empty(); }));
}

TEST(GameStream3, c5_a_client_with_data_may_come_from_anywhere) {
  Bench bench;
  bench.expect(0xDEAD'BEEF);
  for (const auto* address : {"127.0.0.2", "127.0.0.3"}) {
    RawClient raw{std::move(*UdpSocket::bind({.local = *Endpoint::parse(address, 0)}))};
    raw.send(bench.host, from_hex(test::kStockConnect));
    bench.host_reads();
    // Its own from the first answer on.
    EXPECT_EQ(raw.receive(address == std::string_view{"127.0.0.2"} ? kPatienceMs : 0).size(),
              address == std::string_view{"127.0.0.2"} ? 1U : 0U);
  }
}

TEST(GameStream3, c3_c6_a_stock_connect_is_granted_48_channels_and_its_own_throttle) {
  Bench bench;
  bench.expect(0xDEAD'BEEF);
  RawClient raw;
  raw.send(bench.host, from_hex(test::kStockConnect));
  bench.host_reads();
  const auto answers = raw.receive(kPatienceMs);
  ASSERT_EQ(answers.size(), 1U);
  ASSERT_EQ(answers[0].size(), 48U);
  EXPECT_EQ(
      to_hex(ByteView{answers[0]}.subspan(4)),
      to_hex(from_hex("83ff0001 0000 00 00 00000384 00010000 00000030 00000000 00000000 00001388 00000002 "
                      "00000002 048165c5")));
  raw.send(bench.host, acknowledgement(answers[0]));
  bench.host_reads();
  ASSERT_EQ(bench.at_host.connected.size(), 1U);
  EXPECT_EQ(bench.at_host.connected[0].data, 0xDEAD'BEEF);
}

// Datagrams of a real client, as they were captured; only the time of ours is bent to theirs.
TEST(GameStream3, c3_the_opening_of_a_stock_client_is_understood) {
  Bench bench;
  bench.now = Timestamp{} + std::chrono::milliseconds{0x3'1BDC};
  bench.expect(0xDEAD'BEEF);
  RawClient raw;
  raw.send(bench.host, from_hex(test::kStockConnect));
  bench.host_reads();
  raw.receive(kPatienceMs);
  bench.now += 7ms;
  raw.send(bench.host, from_hex("80001bdc 01ff0001 00011bdc 85ff0002"));
  bench.host_reads();
  ASSERT_EQ(bench.at_host.connected.size(), 1U);
  EXPECT_EQ(to_hex(raw.receive(kPatienceMs).at(0)), to_hex(from_hex("0000 01ff0002 00021bdc")));
  const std::string request = "01001a000000000022302723537811166cb9bfead7dad4575cd629f5cafe";
  raw.send(bench.host, from_hex("80001be3 86000001 001e" + request));
  bench.host_reads();
  ASSERT_EQ(bench.at_host.messages.size(), 1U);
  EXPECT_EQ(to_hex(bytes_of(bench.at_host.messages[0].text)), request);
  EXPECT_EQ(to_hex(raw.receive(kPatienceMs).at(0)), to_hex(from_hex("0000 01000001 00011be3")));
  raw.send(bench.host, from_hex("80001fce 84ff0003 00000000"));
  bench.host_reads();
  EXPECT_EQ(bench.at_host.disconnected.size(), 1U);
  EXPECT_EQ(to_hex(raw.receive(kPatienceMs).at(0)), to_hex(from_hex("0000 01ff0003 00031fce")));
}

TEST(GameStream3, c3_all_48_channels_carry_every_delivery_both_ways) {
  Bench bench;
  ASSERT_TRUE(bench.connect());
  // One at a time: what is unreliable may otherwise be dropped by the sender's throttle.
  for (unsigned channel = 0; channel < kEnetChannels; ++channel) {
    for (const auto delivery : {EnetDelivery::reliable, EnetDelivery::unsequenced}) {
      const auto number = static_cast<std::uint8_t>(channel);
      bench.at_host.messages.clear();
      bench.at_client.messages.clear();
      ASSERT_TRUE(bench.client->send(bench.client_peer, number, bytes_of("up"), delivery));
      ASSERT_TRUE(bench.host.send(bench.host_peer(), number, bytes_of("down"), delivery));
      const auto both = [&] { return !bench.at_host.messages.empty() && !bench.at_client.messages.empty(); };
      const bool arrived = bench.until(both, 5s);
      ASSERT_TRUE(arrived || delivery != EnetDelivery::reliable) << channel;
      for (const auto& message : bench.at_host.messages) {
        EXPECT_EQ(message.channel, channel);
        EXPECT_EQ(message.text, "up");
      }
    }
  }
  EXPECT_FALSE(bench.client->send(bench.client_peer, 48, bytes_of("x"), EnetDelivery::reliable));
}

TEST(GameStream3, c6_messages_that_would_be_fragments_are_not_sent) {
  Bench bench;
  ASSERT_TRUE(bench.connect());
  const std::string most(kEnetMaxSentBytes, 'm');
  EXPECT_FALSE(bench.host.send(bench.host_peer(), 0, bytes_of(most + "m"), EnetDelivery::reliable));
  EXPECT_FALSE(bench.host.send(bench.host_peer(), 0, {}, EnetDelivery::reliable));
  EXPECT_TRUE(bench.host.send(bench.host_peer(), 0, bytes_of(most), EnetDelivery::reliable));
  ASSERT_TRUE(bench.until([&] { return !bench.at_client.messages.empty(); }));
  EXPECT_EQ(bench.at_client.messages[0].text, most);
}

TEST(GameStream3, c7_garbage_and_huge_datagrams_end_nothing) {
  Bench bench;
  ASSERT_TRUE(bench.connect());
  RawClient raw;
  // Larger than the library's buffer, on its own socket: the sending one refuses more than the path's MTU.
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const UniqueFd large{fd};
  const Buffer huge(5000, std::byte{0x55});
  const auto to = bench.host.local();
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(::sendto(fd, huge.data(), huge.size(), 0, to.address(), to.length()), 5000);
    raw.send(bench.host, Buffer(static_cast<std::size_t>(1 + i * 100), static_cast<std::byte>(i * 29)));
  }
  ASSERT_TRUE(bench.client->send(bench.client_peer, 0, bytes_of("still here"), EnetDelivery::reliable));
  ASSERT_TRUE(bench.until([&] { return !bench.at_host.messages.empty(); }));
  EXPECT_TRUE(bench.until([&] { return bench.host.counters().service_errors == 10; }));
  EXPECT_TRUE(bench.until([&] { return bench.host.counters().refused_datagrams == 10; }));
  EXPECT_THAT(bench.at_host.disconnected, IsEmpty());
}

TEST(GameStream3, c9_a_disconnect_from_another_address_does_nothing) {
  Bench bench;
  ASSERT_TRUE(bench.connect());
  RawClient forger;
  for (const auto* session : {"8000", "9000", "a000", "b000"}) {
    forger.send(bench.host, from_hex(std::string{session} + "0000 84ff0003 00000000"));
  }
  ASSERT_TRUE(bench.client->send(bench.client_peer, 0, bytes_of("still here"), EnetDelivery::reliable));
  ASSERT_TRUE(bench.until([&] { return !bench.at_host.messages.empty(); }));
  EXPECT_THAT(bench.at_host.disconnected, IsEmpty());
}

// libenet knows a peer by its address as well: what comes from a new one is not the peer's.
TEST(GameStream3, c9_a_client_whose_address_changed_times_out_like_one_that_vanished) {
  Bench bench;
  bench.client.reset();
  bench.expect(0xDEAD'BEEF);
  RawClient before, after;
  before.send(bench.host, from_hex(test::kStockConnect));
  bench.host_reads();
  before.send(bench.host, acknowledgement(before.receive(kPatienceMs).at(0)));
  bench.host_reads();
  ASSERT_EQ(bench.at_host.connected.size(), 1U);
  const auto moved = bench.now;
  after.send(bench.host, from_hex("80001be3 86000001 0005" + to_hex(bytes_of("hello"))));
  bench.host_reads();
  EXPECT_THAT(bench.at_host.messages, IsEmpty());
  ASSERT_TRUE(bench.until([&] { return !bench.at_host.disconnected.empty(); }));
  EXPECT_GE(bench.now - moved, 10s);
  EXPECT_LE(bench.now - moved, 17s);
  EXPECT_EQ(bench.host.connections(), 0U);
}

TEST(GameStream3, c10_a_client_that_vanished_is_lost_after_10_seconds) {
  Bench bench;
  ASSERT_TRUE(bench.connect());
  const auto vanished = bench.now;
  bench.client.reset();
  ASSERT_TRUE(bench.until([&] { return !bench.at_host.disconnected.empty(); }));
  EXPECT_GE(bench.now - vanished, 10s);
  EXPECT_LE(bench.now - vanished, 17s);
  EXPECT_EQ(bench.host.connections(), 0U);
}

TEST(Enet, what_is_not_acknowledged_is_sent_again_when_the_deadline_says_so) {
  Bench bench;
  bench.expect(0xDEAD'BEEF);
  bench.client.reset();
  RawClient raw;
  raw.send(bench.host, from_hex(test::kStockConnect));
  bench.host_reads();
  raw.send(bench.host, acknowledgement(raw.receive(kPatienceMs).at(0)));
  bench.host_reads();
  ASSERT_EQ(bench.at_host.connected.size(), 1U);
  ASSERT_TRUE(bench.host.send(bench.host_peer(), 0, bytes_of("rumble"), EnetDelivery::reliable));
  bench.host.flush();
  const auto holds_message = [](const Buffer& datagram) {
    return to_hex(datagram).find(to_hex(bytes_of("rumble"))) != std::string::npos;
  };
  int copies = 0;
  const auto began = bench.now;
  while (copies < 2 && bench.now < began + 5s) {
    for (const auto& datagram : raw.receive()) copies += holds_message(datagram) ? 1 : 0;
    bench.step();
  }
  EXPECT_EQ(copies, 2);
}

TEST(Enet, a_disconnect_carries_its_data_both_ways) {
  Bench bench;
  ASSERT_TRUE(bench.connect());
  bench.client->disconnect(bench.client_peer, 77);
  ASSERT_TRUE(bench.until(
      [&] { return !bench.at_host.disconnected.empty() && !bench.at_client.disconnected.empty(); }));
  EXPECT_THAT(bench.at_host.disconnected, ElementsAre(77U));
  EXPECT_FALSE(bench.host.send(bench.host_peer(), 0, bytes_of("x"), EnetDelivery::reliable));
  EXPECT_FALSE(bench.host.address_of(bench.host_peer()));
}

TEST(GameStream3, c23_what_was_queued_arrives_before_the_disconnect) {
  Bench bench;
  ASSERT_TRUE(bench.connect());
  ASSERT_TRUE(bench.host.send(bench.host_peer(), 0, bytes_of("the end"), EnetDelivery::reliable));
  bench.host.disconnect_after_sending(bench.host_peer(), 5);
  ASSERT_TRUE(bench.until([&] { return !bench.at_client.disconnected.empty(); }));
  ASSERT_EQ(bench.at_client.messages.size(), 1U);
  EXPECT_EQ(bench.at_client.messages[0].text, "the end");
  EXPECT_THAT(bench.at_client.disconnected, ElementsAre(5U));
}

TEST(Enet, a_dropped_peer_is_forgotten_at_once_and_without_an_event) {
  Bench bench;
  ASSERT_TRUE(bench.connect());
  bench.host.drop(bench.host_peer(), 9);
  EXPECT_EQ(bench.host.connections(), 0U);
  ASSERT_TRUE(bench.until([&] { return !bench.at_client.disconnected.empty(); }));
  EXPECT_THAT(bench.at_host.disconnected, IsEmpty());
}

TEST(Enet, names_of_connections_are_never_used_again) {
  Bench bench;
  ASSERT_TRUE(bench.connect());
  const auto first = bench.host_peer();
  bench.host.drop(first, 0);
  ASSERT_TRUE(bench.until([&] { return !bench.at_client.disconnected.empty(); }));
  bench.at_host.connected.clear();
  bench.at_client.connected.clear();
  ASSERT_TRUE(bench.connect(kData + 1));
  EXPECT_NE(bench.host_peer(), first);
  bench.host.drop(first, 0);
  EXPECT_EQ(bench.host.connections(), 1U);
}

TEST(Enet, handlers_may_answer_and_drop) {
  Bench bench;
  bench.at_host.handlers.connected = [&](EnetPeerId peer, const Endpoint&, std::uint32_t) {
    EXPECT_TRUE(bench.host.send(peer, 0, bytes_of("hello"), EnetDelivery::reliable));
  };
  bench.at_host.handlers.received = [&](EnetPeerId peer, std::uint8_t, MutableBytes) {
    bench.host.drop(peer, 3);
  };
  bench.expect(kData);
  bench.start(kData);
  ASSERT_TRUE(bench.until([&] { return !bench.at_client.messages.empty(); }));
  bench.client->send(bench.client_peer, 0, bytes_of("one"), EnetDelivery::reliable);
  bench.client->send(bench.client_peer, 1, bytes_of("two"), EnetDelivery::reliable);
  ASSERT_TRUE(bench.until([&] { return !bench.at_client.disconnected.empty(); }));
  EXPECT_EQ(bench.host.connections(), 0U);
}

TEST(Enet, one_client_has_one_connection) {
  Bench bench;
  ASSERT_TRUE(bench.connect());
  const auto second = bench.client->connect(bench.host.local(), kData, bench.now);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().id, "enet.busy");
}

TEST(Enet, ipv6_and_used_ports_are_refused_with_a_reason) {
  const auto v6 = EnetHost::create({.local = *Endpoint::parse("::1", 0)});
  ASSERT_FALSE(v6);
  EXPECT_EQ(v6.error().id, "enet.ipv4-only");
  Bench bench;
  const auto used = EnetHost::create({.local = bench.host.local()});
  ASSERT_FALSE(used);
  EXPECT_EQ(used.error().id, "net.port-in-use");
}

// The library's clock runs on within a call. One set back would make it ignore what answers its last words.
TEST(Enet, a_clock_that_goes_back_loses_no_acknowledgement) {
  Bench bench;
  bench.expect(0xDEAD'BEEF);
  RawClient raw;
  raw.send(bench.host, from_hex(test::kStockConnect));
  ASSERT_TRUE(readable(bench.host.fd(), kPatienceMs));
  bench.host.service(bench.now + 50ms, bench.at_host.handlers);
  raw.send(bench.host, acknowledgement(raw.receive(kPatienceMs).at(0)));
  bench.host_reads();
  EXPECT_EQ(bench.at_host.connected.size(), 1U);
}

TEST(Enet, an_idle_connection_stays) {
  Bench bench;
  ASSERT_TRUE(bench.connect());
  const auto before = bench.now;
  ASSERT_TRUE(bench.until([&] { return bench.now >= before + 30s; }, 40s));
  EXPECT_THAT(bench.at_host.disconnected, IsEmpty());
  EXPECT_THAT(bench.at_client.disconnected, IsEmpty());
}

}  // namespace
}  // namespace lumen::net
