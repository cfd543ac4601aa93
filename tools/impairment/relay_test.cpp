#include "tools/impairment/relay.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace lumen::impairment {
namespace {

using namespace std::chrono_literals;

struct Came {
  net::Endpoint from;
  std::string text;
};

net::Endpoint any_port() { return net::Endpoint::parse("127.0.0.1", 0).value(); }

// A client, a host and the relay between them, all on this thread.
class Relayed : public testing::Test {
 protected:
  void open(std::initializer_list<std::string_view> statements = {}) {
    RelayParams params{.listen = any_port(), .host = host_.local().value()};
    for (const auto statement : statements) params.changes.push_back(parse_change(statement).value());
    relay_ = Relay::create(std::move(params), *loop_, *log_).value();
  }
  // The next `count` datagrams; fewer when they do not come within `limit`.
  std::vector<Came> receive(net::UdpSocket& socket, std::size_t count, Duration limit = 2s) {
    std::vector<Came> all;
    EXPECT_TRUE(loop_->watch(socket.fd(), EPOLLIN, [&](std::uint32_t) {
      socket.receive(Duration::zero(), [&](const net::Endpoint& from, MutableBytes bytes) {
        all.push_back({from, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}});
      });
      if (all.size() >= count) loop_->stop();
    }));
    const auto timer = loop_->call_at(SteadyTime{}.now() + limit, [this] { loop_->stop(); });
    loop_->run();
    loop_->cancel(timer);
    loop_->unwatch(socket.fd());
    return all;
  }
  void send_to_host(const std::string& text) { send(client_, relay_->local(), text); }
  static void send(const net::UdpSocket& socket, const net::Endpoint& to, const std::string& text) {
    ASSERT_TRUE(socket.send_one(to, std::as_bytes(std::span{text})));
  }
  // The address that the host knows the client by.
  net::Endpoint seen_by_host() {
    send_to_host("who am I");
    const auto came = receive(host_, 1);
    return came.empty() ? net::Endpoint{} : came.front().from;
  }

  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  std::shared_ptr<Logger> log_ = make_null_logger();
  net::UdpSocket client_ = net::UdpSocket::bind({.local = any_port()}).value();
  net::UdpSocket host_ = net::UdpSocket::bind({.local = any_port()}).value();
  std::unique_ptr<Relay> relay_;
};

TEST_F(Relayed, datagrams_go_both_ways_unchanged_and_in_order) {
  open();
  std::vector<std::string> sent;
  for (std::size_t i = 0; i < 200; ++i) sent.emplace_back(1 + i * 37 % 1400, static_cast<char>('a' + i % 26));
  for (const auto& text : sent) send_to_host(text);
  const auto came = receive(host_, sent.size());
  ASSERT_EQ(came.size(), sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) ASSERT_EQ(came[i].text, sent[i]) << i;
  send(host_, came[0].from, "answer");
  const auto answer = receive(client_, 1);
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer[0].text, "answer");
  EXPECT_EQ(answer[0].from, relay_->local());
}

TEST_F(Relayed, a_train_stays_one) {
  open();
  const std::vector<std::byte> train(std::size_t{100} * 1200 + 300, std::byte{7});
  ASSERT_EQ(client_.send_segments(relay_->local(), train, 1200), 101U);
  const auto came = receive(host_, 101);
  ASSERT_EQ(came.size(), 101U);
  EXPECT_EQ(came[99].text.size(), 1200U);
  EXPECT_EQ(came[100].text.size(), 300U);
}

TEST_F(Relayed, each_client_has_an_address_of_its_own_and_gets_its_own_answers) {
  open();
  auto other = net::UdpSocket::bind({.local = any_port()}).value();
  const auto first = seen_by_host();
  send(other, relay_->local(), "another");
  const auto came = receive(host_, 1);
  ASSERT_EQ(came.size(), 1U);
  EXPECT_FALSE(came[0].from == first);
  send(host_, came[0].from, "for the other");
  EXPECT_EQ(receive(other, 1).size(), 1U);
  EXPECT_EQ(relay_->clients(), 2U);
}

TEST_F(Relayed, a_delay_holds_datagrams_for_its_time) {
  open({"up delay 30ms"});
  const auto begun = SteadyTime{}.now();
  send_to_host("late");
  EXPECT_EQ(receive(host_, 1).size(), 1U);
  EXPECT_GE(SteadyTime{}.now() - begun, 30ms);
}

TEST_F(Relayed, all_that_is_lost_is_counted) {
  open({"up loss 100%"});
  for (int i = 0; i < 10; ++i) send_to_host("nobody hears");
  EXPECT_TRUE(receive(host_, 1, 50ms).empty());
  EXPECT_EQ(relay_->network().direction(Side::up).totals().lost, 10U);
}

TEST_F(Relayed, a_duplicate_arrives_too) {
  open({"up duplicate 100%"});
  send_to_host("twice");
  const auto came = receive(host_, 2);
  ASSERT_EQ(came.size(), 2U);
  EXPECT_EQ(came[1].text, "twice");
}

TEST_F(Relayed, after_a_move_the_host_sees_another_port_and_what_it_sends_to_the_old_one_is_lost) {
  open();
  const auto before = seen_by_host();
  relay_->move();
  const auto after = seen_by_host();
  EXPECT_NE(before.port(), after.port());
  send(host_, before, "to the old address");
  send(host_, after, "to the new one");
  const auto came = receive(client_, 1);
  ASSERT_EQ(came.size(), 1U);
  EXPECT_EQ(came[0].text, "to the new one");
}

TEST_F(Relayed, a_move_can_be_scheduled_and_happens_without_traffic) {
  open({"20ms move"});
  const auto before = seen_by_host();
  EXPECT_TRUE(receive(host_, 1, 60ms).empty());
  EXPECT_EQ(relay_->counters().moves, 1U);
  EXPECT_NE(seen_by_host().port(), before.port());
}

TEST_F(Relayed, what_does_not_come_from_the_host_does_not_reach_a_client) {
  open();
  const auto seen = seen_by_host();
  const auto stranger = net::UdpSocket::bind({.local = any_port()}).value();
  send(stranger, seen, "trust me");
  EXPECT_TRUE(receive(client_, 1, 50ms).empty());
  EXPECT_EQ(relay_->counters().strangers, 1U);
}

TEST_F(Relayed, the_report_is_json_with_both_directions) {
  open({"up rate 8mbit"});
  for (int i = 0; i < 4; ++i) send_to_host(std::string(1000, 'x'));
  EXPECT_EQ(receive(host_, 4).size(), 4U);
  const auto report = nlohmann::json::parse(to_json(*relay_, 1s));
  EXPECT_EQ(report["up"]["passed"], 4);
  EXPECT_EQ(report["up"]["bytes"], 4000);
  EXPECT_GT(report["up"]["queued_ms"]["max"], 0.9);
  EXPECT_EQ(report["down"]["datagrams"], 0);
  EXPECT_FALSE(report["up"]["tenths_of_a_second"].empty());
}

}  // namespace
}  // namespace lumen::impairment
