// A peer that has a certificate, completes the handshake, and then does what Lumen never does.
#include <gtest/gtest.h>

#include "net/quic/connection.hpp"
#include "net/quic/test_network.hpp"

namespace lumen::net::quic {
namespace {

using namespace std::chrono_literals;

// A client without the endpoint around it, so that ngtcp2 can be misused.
class Misuser {
 public:
  explicit Misuser(Stage& stage) : stage_{stage}, address_{at("203.0.113.13", 1300)} {
    shared.params = Stage::as_client({});
    shared.params.send = [this](const QuicPath& path, ByteView datagram) {
      stage_.network.send(path.local, path.peer, datagram);
    };
    const QuicPath path{address_, stage.host.address()};
    connection = Connection::connect(shared, QuicId{1}, path, std::nullopt, stage.network.now()).value();
    stage_.network.attach(address_, [this, path](const Endpoint&, const Endpoint&, ByteView bytes) {
      connection->receive(path, bytes, stage_.network.now());
    });
    connection->pump(stage_.network.now());
    EXPECT_TRUE(stage_.run([&] { return !stage_.host.connected.empty() && connection->status().connected; }));
    EXPECT_TRUE(connection->send(text_view("hello"), stage_.network.now()).has_value());
    EXPECT_TRUE(stage_.run([&] { return !stage_.host.received.empty(); }));
  }
  Misuser(const Misuser&) = delete;
  Misuser& operator=(const Misuser&) = delete;
  ~Misuser() { stage_.network.detach(address_); }

  void pump() { connection->pump(stage_.network.now()); }

  Shared shared;
  std::unique_ptr<Connection> connection;

 private:
  Stage& stage_;
  Endpoint address_;
};

// GnuTLS would obey, and ngtcp2 abort the process.
TEST(QuicMisuse, a_tls_message_after_the_handshake_ends_the_connection) {
  constexpr std::array<std::uint8_t, 5> kKeyUpdate{24, 0, 0, 1, 0};  // RFC 8446 4.6.3
  Stage stage;
  Misuser client{stage};
  ASSERT_EQ(ngtcp2_conn_submit_crypto_data(client.connection->native(), NGTCP2_CRYPTO_LEVEL_APPLICATION,
                                           kKeyUpdate.data(), kKeyUpdate.size()),
            0);
  client.pump();
  ASSERT_TRUE(stage.run([&] { return !stage.host.closed.empty(); }));
  EXPECT_EQ(stage.host.closed.at(0).end, QuicEnd::tls);
  EXPECT_EQ(stage.host.closed.at(0).code, 10U);  // unexpected_message
  stage.run_for(10ms);
  EXPECT_FALSE(client.connection->is_alive());
}

TEST(QuicMisuse, to_reset_the_control_stream_ends_the_connection) {
  Stage stage;
  Misuser client{stage};
  ASSERT_EQ(ngtcp2_conn_shutdown_stream(client.connection->native(), 0, 77), 0);
  client.pump();
  ASSERT_TRUE(stage.run([&] { return !stage.host.closed.empty(); }));
  EXPECT_EQ(stage.host.closed.at(0).end, QuicEnd::protocol);
}

TEST(QuicMisuse, to_end_the_control_stream_ends_the_connection) {
  Stage stage;
  Misuser client{stage};
  std::array<std::uint8_t, kQuicMaxDatagramBytes> datagram;
  ngtcp2_path_storage path;
  ngtcp2_path_storage_zero(&path);
  ngtcp2_pkt_info info;
  const auto count = ngtcp2_conn_writev_stream(
      client.connection->native(), &path.path, &info, datagram.data(), datagram.size(), nullptr,
      NGTCP2_WRITE_STREAM_FLAG_FIN, 0, nullptr, 0, to_ngtcp2(stage.network.now()));
  ASSERT_GT(count, 0);
  client.shared.params.send(from_ngtcp2(path.path), view(datagram.data(), static_cast<std::size_t>(count)));
  ASSERT_TRUE(stage.run([&] { return !stage.host.closed.empty(); }));
  EXPECT_EQ(stage.host.closed.at(0).end, QuicEnd::protocol);
  EXPECT_EQ(stage.host.received.begin()->second, "hello");
}

TEST(QuicMisuse, there_is_one_stream_and_no_datagram_to_be_had) {
  Stage stage;
  Misuser client{stage};
  auto* conn = client.connection->native();
  std::int64_t stream = -1;
  EXPECT_EQ(ngtcp2_conn_open_bidi_stream(conn, &stream, nullptr), NGTCP2_ERR_STREAM_ID_BLOCKED);
  EXPECT_EQ(ngtcp2_conn_open_uni_stream(conn, &stream, nullptr), NGTCP2_ERR_STREAM_ID_BLOCKED);
  const auto* host = ngtcp2_conn_get_remote_transport_params(conn);
  EXPECT_EQ(host->max_datagram_frame_size, 0U);
  EXPECT_EQ(host->initial_max_data, kQuicReceiveBufferBytes);
  EXPECT_EQ(host->grease_quic_bit, 0U);
}

TEST(QuicMisuse, keys_may_be_updated_as_quic_does_it) {
  Stage stage;
  Misuser client{stage};
  stage.run_for(100ms);
  ASSERT_EQ(ngtcp2_conn_initiate_key_update(client.connection->native(), to_ngtcp2(stage.network.now())), 0);
  ASSERT_TRUE(client.connection->send(text_view(" again"), stage.network.now()).has_value());
  ASSERT_TRUE(stage.run([&] { return stage.host.received.begin()->second == "hello again"; }));
}

}  // namespace
}  // namespace lumen::net::quic
