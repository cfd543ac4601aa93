// Networks that lose, repeat and reorder, and addresses that change.
#include <gtest/gtest.h>

#include "net/quic/quic.hpp"
#include "net/quic/test_network.hpp"

namespace lumen::net::quic {
namespace {

using namespace std::chrono_literals;

std::string noise(std::size_t count, std::uint32_t seed) {
  std::mt19937 random{seed};
  std::string text(count, '\0');
  for (auto& c : text) c = static_cast<char>(random());
  return text;
}

// Gives `text` as the send buffer has room.
struct Writer {
  Party& party;
  QuicId id;
  std::string text;
  std::size_t done = 0;
  void write() {
    constexpr std::size_t kPiece = 10'000;
    while (done < text.size()) {
      if (!party.send(id, std::string_view{text}.substr(done, kPiece))) return;
      done += std::min(kPiece, text.size() - done);
    }
  }
};

TEST(QuicLoss, a_mebibyte_each_way_arrives_whole_under_ten_percent_loss) {
  Stage stage;
  const auto ids = stage.connect();
  stage.network.faults = {.lost = 0.1, .duplicated = 0.02, .reordered = 0.05};
  Writer up{stage.client, ids.client, noise(1U << 20U, 1)}, down{stage.host, ids.host, noise(1U << 20U, 2)};
  const bool arrived = stage.run(
      [&] {
        up.write();
        down.write();
        return stage.host.received[ids.host].size() >= up.text.size() &&
               stage.client.received[ids.client].size() >= down.text.size();
      },
      10min);
  EXPECT_TRUE(arrived);
  EXPECT_TRUE(stage.host.received[ids.host] == up.text);
  EXPECT_TRUE(stage.client.received[ids.client] == down.text);
}

TEST(QuicLoss, whatever_the_network_does_messages_arrive_in_order_or_the_connection_ends) {
  int completed = 0;
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random{seed};
    std::uniform_real_distribution<> share{0, 0.3};
    Stage stage{{}, {}, seed};
    stage.network.faults = {.lost = share(random), .duplicated = share(random), .reordered = share(random)};
    const auto id = stage.client.connect(stage.host.address());
    std::string said, answered;
    for (int i = 0; i < 50; ++i) {
      const auto message = noise(1 + random() % 300, static_cast<std::uint32_t>(i) + seed * 1000);
      if (!stage.client.send(id, message)) break;
      said += message;
      stage.run_for(std::chrono::milliseconds{random() % 40});
    }
    stage.run(
        [&] {
          return !stage.host.received.empty() && stage.host.received.begin()->second.size() >= said.size();
        },
        60s);
    ASSERT_TRUE(stage.client.closed.empty() || stage.client.closed.at(0).end == QuicEnd::no_answer ||
                stage.client.closed.at(0).end == QuicEnd::silent);
    ASSERT_LE(stage.host.received.size(), 1U);
    for (const auto& [host_id, text] : stage.host.received) {
      ASSERT_TRUE(said.starts_with(text));
      completed += text == said ? 1 : 0;
    }
  }
  EXPECT_GE(completed, 27);
}

TEST(QuicLoss, handshakes_are_quick_though_a_tenth_is_lost) {
  std::vector<Duration> times;
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    Stage stage{{}, {}, seed};
    stage.network.faults.lost = 0.1;
    const auto begin = stage.network.now();
    stage.connect();
    times.push_back(stage.network.now() - begin);
  }
  std::ranges::sort(times);
  EXPECT_LE(times[times.size() / 2], 80ms);
  EXPECT_LE(times[times.size() * 9 / 10], 300ms);
}

TEST(QuicLoss, without_loss_both_sides_are_sure_within_three_one_way_delays) {
  Stage stage;
  const auto begin = stage.network.now();
  stage.connect();
  EXPECT_LE(stage.network.now() - begin, 5 * stage.network.delay);
}

TEST(QuicPath, a_client_behind_another_address_is_followed_once_the_new_one_is_proven) {
  Stage stage;
  const auto ids = stage.connect();
  stage.run_for(200ms);
  const auto outside = at("198.51.100.7", 1234);
  stage.client.appear_as(outside);
  ASSERT_TRUE(stage.client.send(ids.client, "from elsewhere").has_value());
  ASSERT_TRUE(stage.run([&] { return !stage.host.moved.empty(); }));
  EXPECT_EQ(stage.host.moved.at(0).address, outside);
  EXPECT_EQ(stage.host.quic->status(ids.host)->address, outside);
  EXPECT_EQ(stage.host.received[ids.host], "from elsewhere");
  ASSERT_TRUE(stage.host.send(ids.host, "found you").has_value());
  ASSERT_TRUE(stage.run([&] { return stage.client.received[ids.client] == "found you"; }));
}

TEST(QuicPath, a_silent_client_behind_another_address_is_found_by_its_keep_alive) {
  Stage stage;
  const auto ids = stage.connect();
  stage.run_for(200ms);
  stage.client.appear_as(at("198.51.100.7", 1234));
  const auto begin = stage.network.now();
  ASSERT_TRUE(stage.run([&] { return !stage.host.moved.empty(); }));
  EXPECT_LE(stage.network.now() - begin, 3500ms);
  EXPECT_TRUE(stage.host.quic->status(ids.host).has_value());
}

TEST(QuicPath, six_changes_in_a_row_are_followed) {
  Stage stage;
  const auto ids = stage.connect();
  for (std::uint16_t i = 0; i < 6; ++i) {
    stage.run_for(2s);
    const auto outside = at("198.51.100.7", static_cast<std::uint16_t>(2000 + i));
    stage.client.appear_as(outside);
    ASSERT_TRUE(stage.client.send(ids.client, "x").has_value());
    ASSERT_TRUE(stage.run([&] { return stage.host.quic->status(ids.host)->address == outside; })) << i;
  }
  EXPECT_EQ(stage.host.moved.size(), 6U);
}

// Somebody on the way sends a client's own datagram from an address where nobody answers.
TEST(QuicPath, an_address_that_proves_nothing_is_not_followed) {
  Stage stage;
  const auto ids = stage.connect();
  stage.run_for(200ms);
  std::vector<std::byte> copy;
  stage.network.tap = [&](const Endpoint& from, const Endpoint&, ByteView bytes) {
    if (from == stage.client.address()) copy.assign(bytes.begin(), bytes.end());
  };
  stage.network.faults.lost = 1;
  ASSERT_TRUE(stage.client.send(ids.client, "copied").has_value());
  stage.network.tap = {};
  stage.network.faults.lost = 0;
  stage.network.send(at("203.0.113.66", 666), stage.host.address(), copy);
  stage.run_for(20s);
  EXPECT_TRUE(stage.host.moved.empty());
  EXPECT_EQ(stage.host.quic->status(ids.host)->address, stage.client.address());
  ASSERT_TRUE(stage.client.send(ids.client, ", and on").has_value());
  ASSERT_TRUE(stage.run([&] { return stage.host.received[ids.host] == "copied, and on"; }));
  ASSERT_TRUE(stage.host.send(ids.host, "still here").has_value());
  ASSERT_TRUE(stage.run([&] { return stage.client.received[ids.client] == "still here"; }));
}

TEST(QuicPath, a_client_may_go_on_from_another_socket) {
  Stage stage;
  const auto ids = stage.connect();
  stage.run_for(200ms);
  const auto wifi = at("198.51.100.20", 50'000);
  stage.client.listen(wifi);
  ASSERT_TRUE(stage.client.quic->migrate(ids.client, wifi, stage.network.now()).has_value());
  ASSERT_TRUE(stage.run([&] { return !stage.host.moved.empty(); }));
  stage.client.deafen(stage.client.address());
  EXPECT_EQ(stage.host.moved.at(0).address, wifi);
  ASSERT_TRUE(stage.host.send(ids.host, "").has_value());
  ASSERT_TRUE(stage.client.send(ids.client, "moved").has_value());
  ASSERT_TRUE(stage.run([&] { return stage.host.received[ids.host] == "moved"; }));
  ASSERT_TRUE(stage.host.send(ids.host, "welcome").has_value());
  ASSERT_TRUE(stage.run([&] { return stage.client.received[ids.client] == "welcome"; }));
}

TEST(QuicPath, a_socket_cannot_be_changed_before_the_handshake_or_to_itself) {
  Stage stage;
  const auto wifi = at("198.51.100.20", 50'000);
  const auto id = stage.client.connect(stage.host.address());
  EXPECT_EQ(stage.client.quic->migrate(id, wifi, stage.network.now()).error().id, "quic.migration");
  ASSERT_TRUE(stage.run([&] { return stage.client.is_connected(id); }));
  stage.run_for(200ms);
  EXPECT_EQ(stage.client.quic->migrate(id, stage.client.address(), stage.network.now()).error().id,
            "quic.migration");
  EXPECT_EQ(stage.host.quic->migrate(stage.host.connected.at(0).id, wifi, stage.network.now()).error().id,
            "quic.params");
}

TEST(QuicPath, sockets_need_no_names_and_addresses_may_be_of_ipv6) {
  Network network;
  Party host{network, at("2001:db8::1", 47986), Stage::as_host({})};
  Party client{network, at("2001:db8::2", 40000), Stage::as_client({})};
  client.deafen(client.address());
  client.listen(client.address(), Endpoint{});
  const auto id = client.quic->connect({.address = host.address()}, network.now()).value();
  ASSERT_TRUE(client.send(id, "hello").has_value());
  for (int i = 0; i < 100 && network.next(); ++i) {
    network.advance_to(*network.next());
    network.deliver_due();
  }
  EXPECT_TRUE(client.is_connected(id));
  EXPECT_EQ(host.received[host.connected.at(0).id], "hello");
  EXPECT_EQ(host.connected.at(0).address, client.address());
  EXPECT_EQ(client.quic->migrate(id, at("2001:db8::3", 1), network.now()).error().id, "quic.params");
}

}  // namespace
}  // namespace lumen::net::quic
