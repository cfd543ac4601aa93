// Strangers, floods, forgeries, restarts, and others on the same port.
#include <gtest/gtest.h>

#include <set>

#include "net/quic/quic.hpp"
#include "net/quic/test_network.hpp"

namespace lumen::net::quic {
namespace {

using namespace std::chrono_literals;

std::vector<std::byte> random_bytes(std::mt19937& random, std::size_t count) {
  std::vector<std::byte> bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

// The first datagrams of clients that never say more, as if from `count` addresses.
void flood(Stage& stage, std::uint16_t count) {
  for (std::uint16_t i = 0; i < count; ++i) {
    Party stranger{stage.network, at("203.0.113.1", static_cast<std::uint16_t>(1000 + i)),
                   Stage::as_client({})};
    stranger.connect(stage.host.address());
  }
  stage.run_for(10ms);
}

// The same host, without memory.
void restart(Stage& stage, QuicParams params = {}, std::optional<std::string_view> secret = {}) {
  params = Stage::as_host(std::move(params));
  if (secret) params.secret = crypto::SecretBytes<32>{text_view(*secret)};
  params.send = [&](const QuicPath& path, ByteView datagram) {
    stage.network.send(stage.host.address(), path.peer, datagram);
  };
  stage.host.quic.emplace(QuicEndpoint::create(std::move(params)).value());
}

TEST(QuicHost, under_a_flood_clients_must_prove_their_address_and_still_get_in) {
  Stage stage;
  flood(stage, 200);
  EXPECT_EQ(stage.host.quic->connections(), 5U);
  EXPECT_EQ(stage.host.quic->counters().retries, 195U);
  const auto ids = stage.connect();
  EXPECT_EQ(stage.host.quic->counters().retries, 196U);
  ASSERT_TRUE(stage.client.send(ids.client, "in").has_value());
  ASSERT_TRUE(stage.run([&] { return stage.host.received[ids.host] == "in"; }));
  stage.run_for(15s);  // none of the others came further
  EXPECT_EQ(stage.host.quic->connections(), 1U);
  EXPECT_EQ(stage.host.quic->counters().failed_handshakes, 5U);
  EXPECT_TRUE(stage.host.closed.empty());
}

// A host that was restarted in between, so that the datagram does not find the connection that it began.
TEST(QuicHost, a_proof_of_address_counts_for_that_address_and_for_ten_seconds) {
  Stage stage{{.retry_above = 0}};
  flood(stage, 1);
  std::vector<std::byte> proven;
  stage.network.tap = [&](const Endpoint& from, const Endpoint&, ByteView bytes) {
    const bool after_retry = stage.host.quic->counters().retries == 1;
    if (from == stage.client.address() && after_retry && proven.empty())
      proven.assign(bytes.begin(), bytes.end());
  };
  stage.connect();
  stage.network.tap = {};
  ASSERT_GE(proven.size(), 1200U);

  const auto arrives_from = [&](const Endpoint& from) {
    restart(stage, {.retry_above = 0});
    stage.network.send(from, stage.host.address(), proven);
    stage.run_for(5ms);
    return stage.host.quic->connections() == 1 && stage.host.quic->counters().refused == 0;
  };
  EXPECT_FALSE(arrives_from(at("203.0.113.9", 9)));
  EXPECT_TRUE(arrives_from(stage.client.address()));
  stage.run_for(10s);
  EXPECT_FALSE(arrives_from(stage.client.address()));
  EXPECT_EQ(stage.host.quic->counters().refused, 1U);
}

TEST(QuicHost, has_no_more_half_open_connections_than_allowed) {
  Stage stage{{.max_half_open = 3, .retry_above = 100}};
  flood(stage, 20);
  EXPECT_EQ(stage.host.quic->connections(), 3U);
  EXPECT_EQ(stage.host.quic->counters().refused, 17U);
  // Who comes now is not answered, tries again by itself, and takes the place of one that says nothing.
  const auto begin = stage.network.now();
  stage.connect();
  EXPECT_LE(stage.network.now() - begin, 2s);
  EXPECT_EQ(stage.host.quic->connections(), 3U);
  EXPECT_EQ(stage.host.quic->counters().failed_handshakes, 1U);
}

TEST(QuicHost, refuses_clients_over_its_limit_at_once) {
  Stage stage{{.max_connections = 3}};
  for (int i = 0; i < 3; ++i) stage.connect();
  const auto begin = stage.network.now();
  stage.client.connect(stage.host.address());
  ASSERT_TRUE(stage.run([&] { return !stage.client.closed.empty(); }));
  EXPECT_EQ(stage.client.closed.at(0).end, QuicEnd::refused);
  EXPECT_LE(stage.network.now() - begin, 5ms);
  EXPECT_EQ(stage.host.quic->connections(), 3U);
  stage.host.close(stage.host.connected.at(0).id, 0, "");
  stage.connect();
}

TEST(QuicHost, many_short_connections_leave_nothing_behind) {
  Stage stage{{.max_connections = 4}};
  for (int i = 0; i < 40; ++i) {
    const auto ids = stage.connect();
    stage.client.close(ids.client, 0, "");
    ASSERT_TRUE(stage.run([&] { return stage.host.closed.size() == static_cast<std::size_t>(i) + 1; }));
  }
  EXPECT_EQ(stage.host.quic->connections(), 0U);
  stage.run_for(5s);
  EXPECT_EQ(stage.host.quic->next_deadline(), std::nullopt);
}

TEST(QuicHost, that_was_restarted_says_so_at_once) {
  Stage stage;
  const auto ids = stage.connect();
  stage.run_for(1s);
  restart(stage);
  ASSERT_TRUE(stage.client.send(ids.client, "anybody there?").has_value());
  const auto begin = stage.network.now();
  ASSERT_TRUE(stage.run([&] { return !stage.client.closed.empty(); }));
  EXPECT_EQ(stage.client.closed.at(0).end, QuicEnd::host_restarted);
  EXPECT_LE(stage.network.now() - begin, 3ms);
  EXPECT_EQ(stage.host.quic->counters().resets, 1U);
  stage.connect();
}

TEST(QuicHost, with_another_secret_cannot_reset_a_connection) {
  Stage stage;
  const auto ids = stage.connect();
  stage.run_for(1s);
  restart(stage, {}, "another secret of 32 bytes......");
  ASSERT_TRUE(stage.client.send(ids.client, "anybody there?").has_value());
  ASSERT_TRUE(stage.run([&] { return !stage.client.closed.empty(); }));
  EXPECT_EQ(stage.client.closed.at(0).end, QuicEnd::silent);
}

TEST(QuicHost, sends_few_resets_and_shorter_ones_than_what_calls_for_them) {
  Stage stage;
  std::mt19937 random{1};
  std::size_t last = 0;
  stage.network.tap = [&](const Endpoint& from, const Endpoint&, ByteView bytes) {
    if (from == stage.host.address()) {
      EXPECT_LT(bytes.size(), last);
    }
    last = bytes.size();
  };
  for (int i = 0; i < 2000; ++i) {
    auto bytes = random_bytes(random, 20 + random() % 1200);
    bytes[0] = (bytes[0] & std::byte{0x3F}) | std::byte{0x40};  // a short header
    stage.network.send(at("203.0.113.5", 5), stage.host.address(), bytes);
    stage.run_for(1ms);
  }
  const auto resets = stage.host.quic->counters().resets;
  EXPECT_GE(resets, 20U);
  EXPECT_LE(resets, 20U + 2000U / 50U + 1U);
}

TEST(QuicHost, forged_datagrams_do_not_hurt_a_connection) {
  Stage stage;
  const auto ids = stage.connect();
  stage.run_for(200ms);
  std::mt19937 random{7};
  std::vector<std::byte> genuine;
  stage.network.tap = [&](const Endpoint& from, const Endpoint&, ByteView bytes) {
    if (from == stage.client.address()) genuine.assign(bytes.begin(), bytes.end());
  };
  ASSERT_TRUE(stage.client.send(ids.client, "genuine").has_value());
  stage.network.tap = {};
  for (int i = 0; i < 3000; ++i) {
    auto bytes = i % 2 == 0 ? random_bytes(random, 1 + random() % 1300) : genuine;
    if (i % 2 != 0) bytes[9 + random() % (bytes.size() - 9)] ^= std::byte{0x10};  // the right connection ID
    bytes[0] |= std::byte{0x40};
    stage.network.send(stage.client.address(), stage.host.address(), bytes);
    stage.network.send(stage.host.address(), stage.client.address(), bytes);
  }
  stage.run_for(1s);
  ASSERT_TRUE(stage.client.send(ids.client, " and more").has_value());
  ASSERT_TRUE(stage.run([&] { return stage.host.received[ids.host] == "genuine and more"; }));
  EXPECT_TRUE(stage.client.closed.empty());
  EXPECT_TRUE(stage.host.closed.empty());
  EXPECT_EQ(stage.host.quic->connections(), 1U);
}

TEST(QuicHost, forged_first_datagrams_leave_no_state) {
  Stage stage;
  std::mt19937 random{3};
  for (int i = 0; i < 500; ++i) {
    auto bytes = random_bytes(random, 1200);
    constexpr std::array<unsigned, 6> kHead{0xC3, 0, 0, 0, 1, 16};
    for (std::size_t at = 0; at < kHead.size(); ++at) bytes[at] = static_cast<std::byte>(kHead[at]);
    bytes[22] = std::byte{8};
    bytes[31] = std::byte{0};
    bytes[32] = std::byte{0x44};
    bytes[33] = std::byte{0x80};
    stage.network.send(at("203.0.113.5", 5), stage.host.address(), bytes);
    stage.run_for(1ms);
  }
  EXPECT_EQ(stage.host.quic->connections(), 0U);
  EXPECT_EQ(stage.host.quic->next_deadline(), std::nullopt);
}

TEST(QuicHost, answers_other_versions_with_its_own_and_no_more_often_than_needed) {
  Stage stage;
  std::vector<std::byte> initial(1200);
  constexpr std::array<unsigned, 6> kHead{0xC0, 0x1A, 0x2A, 0x3A, 0x4A, 8};
  for (std::size_t at = 0; at < kHead.size(); ++at) initial[at] = static_cast<std::byte>(kHead[at]);
  initial[14] = std::byte{8};
  std::size_t answers = 0;
  stage.network.tap = [&](const Endpoint& from, const Endpoint&, ByteView bytes) {
    if (!(from == stage.host.address())) return;
    ++answers;
    EXPECT_EQ(bytes[0] & std::byte{0xC0}, std::byte{0xC0});
    EXPECT_LT(bytes.size(), 100U);
  };
  for (int i = 0; i < 1000; ++i) {
    stage.network.send(at("203.0.113.5", 5), stage.host.address(), initial);
    stage.network.send(at("203.0.113.5", 5), stage.host.address(), ByteView{initial}.first(1199));
  }
  stage.run_for(1ms);
  EXPECT_EQ(answers, 50U);
}

TEST(QuicPort, bit_0x40_is_set_in_all_that_leaves_over_300_connections) {
  Stage stage;
  for (int i = 0; i < 300; ++i) {  // Network::send() checks every datagram
    const auto ids = stage.connect();
    ASSERT_TRUE(stage.client.send(ids.client, "x").has_value());
    ASSERT_TRUE(stage.run([&] { return stage.host.received.contains(ids.host); }));
    stage.client.close(ids.client, 0, "");
    stage.run_for(1s);
  }
  EXPECT_EQ(stage.host.closed.size(), 300U);
}

TEST(QuicPort, as_many_connections_as_allowed_work_side_by_side) {
  Stage stage;
  std::vector<Stage::Ids> all;
  for (int i = 0; i < 64; ++i) all.push_back(stage.connect());
  for (const auto& ids : all) {
    ASSERT_TRUE(stage.client.send(ids.client, "to " + std::to_string(ids.host.value)).has_value());
  }
  stage.run_for(1s);
  for (const auto& ids : all)
    EXPECT_EQ(stage.host.received[ids.host], "to " + std::to_string(ids.host.value));
}

TEST(QuicPort, media_beside_it_are_left_alone) {
  Stage stage;
  const auto ids = stage.connect();
  std::mt19937 random{5};
  const auto dropped = stage.host.quic->counters().dropped;
  for (int i = 0; i < 500; ++i) {
    auto bytes = random_bytes(random, 1 + random() % 1400);
    bytes[0] &= std::byte{0xBF};
    stage.host.quic->receive({stage.host.address(), stage.client.address()}, bytes, stage.network.now());
  }
  stage.host.quic->receive({stage.host.address(), stage.client.address()}, {}, stage.network.now());
  stage.host.quic->receive({}, text_view("@ from nobody"), stage.network.now());
  EXPECT_EQ(stage.host.quic->counters().dropped, dropped + 502);
  ASSERT_TRUE(stage.client.send(ids.client, "fine").has_value());
  ASSERT_TRUE(stage.run([&] { return stage.host.received[ids.host] == "fine"; }));
}

}  // namespace
}  // namespace lumen::net::quic
