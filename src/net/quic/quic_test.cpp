// Handshakes, identities, the stream, closing.
#include "net/quic/quic.hpp"

#include <gtest/gtest.h>

#include "net/quic/test_network.hpp"

namespace lumen::net::quic {
namespace {

using namespace std::chrono_literals;

std::vector<std::byte> secret_of(const Party& party, QuicId id, std::string_view context) {
  std::vector<std::byte> out(32);
  EXPECT_TRUE(party.quic->export_secret(id, "EXPORTER-lumen-media", text_view(context), out).has_value());
  return out;
}

TEST(Quic, both_sides_learn_whom_they_speak_with) {
  Stage stage;
  const auto ids = stage.connect();
  EXPECT_EQ(stage.host.connected.at(0).peer.fingerprint(), the_client().fingerprint());
  EXPECT_EQ(stage.client.connected.at(0).peer.fingerprint(), the_host().fingerprint());
  EXPECT_EQ(stage.host.connected.at(0).address, stage.client.address());
  EXPECT_EQ(stage.client.connected.at(0).address, stage.host.address());
  EXPECT_TRUE(stage.host.quic->status(ids.host)->connected);
  EXPECT_EQ(stage.host.quic->connections(), 1U);
  EXPECT_EQ(stage.host.quic->counters().handshakes, 1U);
}

TEST(Quic, a_client_without_a_pin_is_told_who_the_host_is) {
  Stage stage;
  const auto id = stage.client.connect(stage.host.address(), std::nullopt);
  ASSERT_TRUE(stage.run([&] { return stage.client.is_connected(id); }));
  EXPECT_EQ(stage.client.connected.at(0).peer.fingerprint(), the_host().fingerprint());
}

TEST(Quic, a_host_with_another_certificate_gets_nothing_from_the_client_not_even_its_name) {
  Stage stage;
  const auto id = stage.client.connect(stage.host.address(), somebody_else().fingerprint());
  ASSERT_TRUE(stage.client.send(id, "a secret").has_value());
  ASSERT_TRUE(stage.run([&] { return !stage.client.closed.empty(); }));
  EXPECT_EQ(stage.client.closed.at(0).end, QuicEnd::wrong_host);
  EXPECT_EQ(to_error(stage.client.closed.at(0)).id, "quic.wrong-host");
  stage.run_for(1s);
  EXPECT_TRUE(stage.host.connected.empty());
  EXPECT_TRUE(stage.host.received.empty());
  EXPECT_EQ(stage.host.quic->counters().failed_handshakes, 1U);
  EXPECT_EQ(stage.host.quic->connections(), 0U);
}

TEST(Quic, a_client_without_a_certificate_is_refused_and_never_believes_to_be_connected) {
  Stage stage{{}, {.identity = std::make_shared<QuicIdentity>(QuicIdentity::anonymous().value())}};
  stage.client.connect(stage.host.address());
  ASSERT_TRUE(stage.run([&] { return !stage.client.closed.empty(); }));
  EXPECT_EQ(stage.client.closed.at(0).end, QuicEnd::tls);
  EXPECT_EQ(stage.client.closed.at(0).code, 116U);  // certificate_required
  EXPECT_TRUE(stage.client.connected.empty());
  EXPECT_TRUE(stage.host.connected.empty());
}

TEST(Quic, other_application_protocols_are_incompatible) {
  Stage stage{{}, {.alpn = "other/1"}};
  stage.client.connect(stage.host.address());
  ASSERT_TRUE(stage.run([&] { return !stage.client.closed.empty(); }));
  EXPECT_EQ(stage.client.closed.at(0).end, QuicEnd::incompatible);
  EXPECT_TRUE(stage.host.connected.empty());
}

TEST(Quic, identities_with_rsa_work_as_well) {
  const auto identity =
      crypto::Identity::create("rsa", std::chrono::system_clock::time_point{1'800'000'000s}).value();
  const auto tls = std::make_shared<QuicIdentity>(QuicIdentity::create(identity).value());
  Stage stage{{}, {.identity = tls}};
  stage.connect();
  EXPECT_EQ(stage.host.connected.at(0).peer.fingerprint(), identity.certificate().fingerprint());
}

TEST(Quic, exported_secrets_are_equal_at_both_ends_and_differ_by_context_and_connection) {
  Stage stage;
  const auto one = stage.connect();
  const auto two = stage.connect();
  EXPECT_EQ(secret_of(stage.client, one.client, "1"), secret_of(stage.host, one.host, "1"));
  EXPECT_EQ(secret_of(stage.client, one.client, ""), secret_of(stage.host, one.host, ""));
  EXPECT_NE(secret_of(stage.client, one.client, "1"), secret_of(stage.client, one.client, "2"));
  EXPECT_NE(secret_of(stage.client, one.client, "1"), secret_of(stage.client, two.client, "1"));
  std::vector<std::byte> other(32);
  ASSERT_TRUE(stage.client.quic->export_secret(one.client, "EXPORTER-other", text_view("1"), other));
  EXPECT_NE(other, secret_of(stage.client, one.client, "1"));
}

TEST(Quic, secrets_are_to_be_had_while_the_connection_is_and_not_before_or_after) {
  Stage stage;
  std::array<std::byte, 32> out{};
  const auto id = stage.client.connect(stage.host.address());
  EXPECT_EQ(stage.client.quic->export_secret(id, "x", {}, out).error().id, "quic.closed");
  ASSERT_TRUE(stage.run([&] { return stage.client.is_connected(id); }));
  EXPECT_TRUE(stage.client.quic->export_secret(id, "x", {}, out).has_value());
  stage.client.close(id, 0, "");
  EXPECT_EQ(stage.client.quic->export_secret(id, "x", {}, out).error().id, "quic.closed");
}

TEST(Quic, bytes_go_both_ways) {
  Stage stage;
  const auto ids = stage.connect();
  ASSERT_TRUE(stage.client.send(ids.client, "hello ").has_value());
  ASSERT_TRUE(stage.client.send(ids.client, "host").has_value());
  ASSERT_TRUE(stage.run([&] { return stage.host.received[ids.host] == "hello host"; }));
  ASSERT_TRUE(stage.host.send(ids.host, "hello client").has_value());
  ASSERT_TRUE(stage.run([&] { return stage.client.received[ids.client] == "hello client"; }));
}

TEST(Quic, what_a_client_says_at_once_comes_with_its_handshake) {
  Stage stage;
  const auto id = stage.client.connect(stage.host.address());
  ASSERT_TRUE(stage.client.send(id, "hello").has_value());
  const auto begin = stage.network.now();
  ASSERT_TRUE(stage.run([&] { return !stage.host.received.empty(); }));
  EXPECT_LE(stage.network.now() - begin, 3 * stage.network.delay);
}

TEST(Quic, a_host_may_speak_first_and_is_heard_once_the_client_has_spoken) {
  Stage stage;
  const auto ids = stage.connect();
  ASSERT_TRUE(stage.host.send(ids.host, "welcome").has_value());
  stage.run_for(1s);
  EXPECT_TRUE(stage.client.received.empty());
  ASSERT_TRUE(stage.client.send(ids.client, "hello").has_value());
  ASSERT_TRUE(stage.run([&] { return stage.client.received[ids.client] == "welcome"; }));
}

TEST(Quic, a_full_send_buffer_takes_nothing_until_the_other_side_does) {
  Stage stage;
  const auto ids = stage.connect();
  const std::string all(kQuicSendBufferBytes, 'x');
  ASSERT_TRUE(stage.client.send(ids.client, all).has_value());
  EXPECT_EQ(stage.client.send(ids.client, "y").error().id, "quic.send-buffer-full");
  EXPECT_EQ(stage.client.quic->status(ids.client)->unacknowledged_bytes, all.size());
  ASSERT_TRUE(stage.run([&] { return stage.client.quic->status(ids.client)->unacknowledged_bytes == 0; }));
  EXPECT_EQ(stage.host.received[ids.host], all);
  EXPECT_TRUE(stage.client.send(ids.client, "y").has_value());
}

TEST(Quic, bytes_that_are_not_polled_stop_the_sender_at_the_receive_buffer) {
  Stage stage;
  const auto ids = stage.connect();
  stage.host.polls = false;
  const std::string half(kQuicSendBufferBytes / 2, 'x');
  for (int i = 0; i < 8; ++i) {
    if (!stage.client.send(ids.client, half)) break;
    stage.run_for(1s);
  }
  EXPECT_EQ(stage.client.quic->status(ids.client)->unacknowledged_bytes, kQuicSendBufferBytes);
  stage.host.polls = true;
  stage.host.poll();
  EXPECT_EQ(stage.host.received[ids.host].size(), kQuicReceiveBufferBytes);
  ASSERT_TRUE(stage.run([&] { return stage.client.quic->status(ids.client)->unacknowledged_bytes == 0; }));
}

TEST(Quic, closing_tells_the_other_side_code_and_reason) {
  Stage stage;
  const auto ids = stage.connect();
  stage.host.close(ids.host, 0x4c01, "taken over");
  EXPECT_EQ(stage.host.send(ids.host, "x").error().id, "quic.closed");
  EXPECT_EQ(stage.host.quic->status(ids.host), std::nullopt);
  ASSERT_TRUE(stage.run([&] { return !stage.client.closed.empty(); }));
  EXPECT_EQ(stage.client.closed.at(0).end, QuicEnd::peer_closed);
  EXPECT_EQ(stage.client.closed.at(0).code, 0x4c01U);
  EXPECT_EQ(stage.client.closed.at(0).text, "taken over");
  EXPECT_EQ(to_error(stage.client.closed.at(0)).what,
            "the other side has ended the connection: taken over (code 0x4c01)");
  stage.run_for(2s);
  EXPECT_TRUE(stage.host.closed.empty());  // its own doing
  EXPECT_EQ(stage.client.quic->next_deadline(), std::nullopt);
  EXPECT_EQ(stage.host.quic->next_deadline(), std::nullopt);
}

TEST(Quic, what_came_before_the_end_is_told_before_the_end) {
  Stage stage;
  const auto ids = stage.connect();
  std::vector<std::string> order;
  stage.host.on_event = [&](const QuicEvent& event) {
    if (const auto* bytes = std::get_if<QuicBytes>(&event)) order.push_back(text_of(bytes->bytes));
    if (std::holds_alternative<QuicClosed>(event)) order.emplace_back("closed");
  };
  ASSERT_TRUE(stage.client.send(ids.client, "last words").has_value());
  stage.client.close(ids.client, 7, "");
  stage.run_for(1s);
  EXPECT_EQ(order, (std::vector<std::string>{"last words", "closed"}));
}

TEST(Quic, a_reason_is_cut_to_its_length_and_made_printable) {
  Stage stage;
  const auto ids = stage.connect();
  stage.client.close(ids.client, 1, std::string("a\nb\x1b[31m") + std::string(500, 'c'));
  ASSERT_TRUE(stage.run([&] { return !stage.host.closed.empty(); }));
  const auto& text = stage.host.closed.at(0).text;
  EXPECT_EQ(text.size(), 256U);
  EXPECT_EQ(text.substr(0, 8), "a?b?[31m");
}

TEST(Quic, a_lost_farewell_is_repeated_when_the_other_side_goes_on) {
  Stage stage;
  const auto ids = stage.connect();
  stage.network.faults.lost = 1;
  stage.host.close(ids.host, 5, "bye");
  stage.network.faults.lost = 0;
  ASSERT_TRUE(stage.client.send(ids.client, "still there?").has_value());
  ASSERT_TRUE(stage.run([&] { return !stage.client.closed.empty(); }, 1s));
  EXPECT_EQ(stage.client.closed.at(0).end, QuicEnd::peer_closed);
  EXPECT_EQ(stage.client.closed.at(0).code, 5U);
}

TEST(Quic, a_host_that_does_not_exist_gives_no_answer_in_time) {
  Stage stage{{}, {.handshake_timeout = 4s}};
  stage.client.connect(at("192.0.2.9", 47986));
  const auto begin = stage.network.now();
  ASSERT_TRUE(stage.run([&] { return !stage.client.closed.empty(); }));
  EXPECT_EQ(stage.client.closed.at(0).end, QuicEnd::no_answer);
  EXPECT_GE(stage.network.now() - begin, 4s);
  EXPECT_LE(stage.network.now() - begin, 4100ms);
}

TEST(Quic, keep_alives_hold_a_quiet_connection) {
  Stage stage;
  const auto ids = stage.connect();
  const auto before = stage.network.sent;
  stage.run_for(10min);
  EXPECT_TRUE(stage.client.closed.empty());
  EXPECT_TRUE(stage.host.quic->status(ids.host).has_value());
  EXPECT_LE(stage.network.sent - before, 1000U);
}

TEST(Quic, silence_ends_a_connection_at_both_sides_after_the_idle_time) {
  Stage stage;
  stage.connect();
  stage.run_for(1s);
  stage.network.faults.lost = 1;
  const auto begin = stage.network.now();
  ASSERT_TRUE(stage.run([&] { return !stage.client.closed.empty() && !stage.host.closed.empty(); }));
  EXPECT_EQ(stage.client.closed.at(0).end, QuicEnd::silent);
  EXPECT_EQ(stage.host.closed.at(0).end, QuicEnd::silent);
  EXPECT_LE(stage.network.now() - begin,
            14s);  // the idle time begins anew with the first unanswered keep-alive
  EXPECT_EQ(stage.host.quic->connections(), 0U);
}

TEST(Quic, the_round_trip_and_the_paths_size_are_known) {
  Stage stage;
  stage.network.delay = 15ms;
  const auto ids = stage.connect();
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(stage.client.send(ids.client, "ping").has_value());
    stage.run_for(100ms);
  }
  const auto status = *stage.client.quic->status(ids.client);
  EXPECT_GE(status.round_trip, 28ms);
  EXPECT_LE(status.round_trip, 60ms);
  EXPECT_GE(status.path_bytes, 1200U);
  EXPECT_LE(status.path_bytes, kQuicMaxDatagramBytes);
  EXPECT_EQ(status.address, stage.host.address());
}

TEST(Quic, a_connection_may_be_closed_at_any_of_its_events) {
  Stage stage;
  const auto ids = stage.connect();
  stage.client.on_event = [&](const QuicEvent&) { stage.client.close(ids.client, 1, "in the middle"); };
  ASSERT_TRUE(stage.client.send(ids.client, "x").has_value());
  stage.run_for(10ms);
  ASSERT_TRUE(stage.host.send(ids.host, std::string(10'000, 'y')).has_value());
  ASSERT_TRUE(stage.run([&] { return !stage.host.closed.empty(); }));
  EXPECT_EQ(stage.host.closed.at(0).text, "in the middle");

  stage.client.on_event = [&](const QuicEvent& event) {
    if (const auto* connected = std::get_if<QuicConnected>(&event)) stage.client.close(connected->id, 2, "");
  };
  stage.client.connect(stage.host.address());
  ASSERT_TRUE(stage.run([&] { return stage.host.closed.size() == 2; }));
}

TEST(Quic, an_endpoint_may_be_destroyed_with_events_not_polled) {
  Stage stage;
  const auto ids = stage.connect();
  stage.host.polls = false;
  ASSERT_TRUE(stage.client.send(ids.client, "bytes").has_value());
  stage.run_for(50ms);
  stage.client.close(ids.client, 2, "");
  stage.run_for(50ms);
  EXPECT_TRUE(std::holds_alternative<QuicBytes>(*stage.host.quic->poll(stage.network.now())));
  stage.host.quic.reset();  // QuicClosed has not been told
  stage.run_for(1s);
}

TEST(Quic, after_close_nothing_more_of_that_connection_is_told) {
  Stage stage;
  const auto ids = stage.connect();
  ASSERT_TRUE(stage.client.send(ids.client, "unheard").has_value());
  stage.host.polls = false;
  stage.run_for(50ms);
  stage.host.close(ids.host, 1, "");
  EXPECT_EQ(stage.host.quic->poll(stage.network.now()), std::nullopt);
}

TEST(Quic, close_all_says_goodbye_to_everybody) {
  Stage stage;
  stage.connect();
  stage.connect();
  stage.host.quic->close_all(9, "shutting down", stage.network.now());
  EXPECT_EQ(stage.host.quic->connections(), 0U);
  ASSERT_TRUE(stage.run([&] { return stage.client.closed.size() == 2; }));
  EXPECT_EQ(stage.client.closed.at(1).text, "shutting down");
}

TEST(Quic, nonsense_is_refused_where_it_is_given) {
  EXPECT_EQ(QuicEndpoint::create({}).error().id, "quic.params");
  EXPECT_EQ(QuicEndpoint::create({.identity = the_host().tls}).error().id, "quic.params");
  const auto nowhere = [](const QuicPath&, ByteView) {};
  EXPECT_EQ(QuicEndpoint::create({.identity = the_host().tls, .send = nowhere, .alpn = ""}).error().id,
            "quic.params");
  EXPECT_EQ(
      QuicEndpoint::create({.identity = the_host().tls, .send = nowhere, .idle_timeout = 0s}).error().id,
      "quic.params");
  Stage stage;
  const auto now = stage.network.now();
  EXPECT_EQ(stage.host.quic->connect({.address = stage.client.address()}, now).error().id, "quic.params");
  EXPECT_EQ(stage.client.quic->connect({}, now).error().id, "quic.params");
  EXPECT_EQ(stage.client.send(QuicId{77}, "x").error().id, "quic.closed");
  EXPECT_EQ(stage.client.quic->migrate(QuicId{77}, at("192.0.2.3", 1), now).error().id, "quic.closed");
  stage.client.close(QuicId{77}, 0, "");
}

TEST(Quic, every_end_has_a_name_an_id_and_a_remedy) {
  for (int i = 0; i <= static_cast<int>(QuicEnd::internal); ++i) {
    const auto end = static_cast<QuicEnd>(i);
    const auto error = to_error({.id = {}, .end = end, .code = 0, .text = {}});
    EXPECT_FALSE(to_string(end).empty());
    EXPECT_TRUE(error.id.starts_with("quic."));
    EXPECT_FALSE(error.remedy.empty());
  }
  EXPECT_EQ(to_error({.id = {}, .end = QuicEnd::internal, .code = 0, .text = {}}).id, "quic.internal");
  EXPECT_EQ(to_error({.id = {}, .end = QuicEnd::silent, .code = 0, .text = {}}).id, "quic.silent");
}

}  // namespace
}  // namespace lumen::net::quic
