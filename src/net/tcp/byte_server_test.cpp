#include "net/tcp/byte_server.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "base/handoff.hpp"
#include "net/tcp/test_loop.hpp"

namespace lumen::net {
namespace {

using namespace std::chrono_literals;
using Id = ByteServer::ConnectionId;
using End = ByteServer::End;

std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A server that reads until an empty line, then answers "got N bytes". Everything of it lives on the loop.
class ByteServerTest : public testing::Test {
 protected:
  void start(ByteServer::Limits limits = {}) {
    thread_.on_loop([&] {
      ByteServer::Events events{
          .opened = [this](Id id, const ByteServer::Peer& peer) { on_opened(id, peer); },
          .bytes = [this](Id id, ByteView bytes) { on_bytes(id, bytes); },
          .ended = [this](Id, End end) { ends_.put(end); }};
      server_ = ByteServer::create(thread_.loop(), {.listen = {.addresses = {"127.0.0.1", "::1"}},
                                                    .limits = limits,
                                                    .events = std::move(events)})
                    .value();
    });
  }
  void TearDown() override {
    thread_.on_loop([this] { server_.reset(); });
  }

  void on_opened(Id id, const ByteServer::Peer& peer) {
    EXPECT_EQ(peer.local.port(), server_->port());
    opened_.put(id);
  }
  void on_bytes(Id id, ByteView bytes) {
    requests_[id] += as_text(bytes);
    if (requests_[id].find("\r\n\r\n") == std::string::npos) return;
    if (deferred_) {
      EXPECT_TRUE(server_->complete(id));
      complete_.put(id);
    } else {
      EXPECT_TRUE(answer(id));
    }
  }
  bool answer(Id id) {
    const auto text = "got " + std::to_string(requests_[id].size()) + " bytes" + tail_;
    return server_->answer(id, as_view(text));
  }

  Endpoint to(std::size_t listener = 0) {
    return thread_.on_loop([&] { return server_->local().at(listener); });
  }
  End end() { return ends_.take_until({}, from_now(20s)).value(); }
  static Timestamp from_now(Duration after) { return SteadyTime{}.now() + after; }

  LoopThread thread_;
  std::unique_ptr<ByteServer> server_;
  std::map<Id, std::string> requests_;
  bool deferred_ = false;
  std::string tail_;
  Mailbox<End> ends_;
  Mailbox<Id> opened_, complete_;
};

using GameStream1 = ByteServerTest;

const std::string kRequest = "ANNOUNCE x RTSP/1.0\r\n" + std::string(1600, 'h') + "\r\n\r\n";
const std::string kAnswer = "got " + std::to_string(kRequest.size()) + " bytes";

TEST_F(GameStream1, s49_the_answer_is_followed_by_fin_even_when_request_bytes_stay_unread) {
  start();
  const PeerSocket peer{to()};
  ASSERT_TRUE(peer.send(kRequest + std::string(8000, 'x')));
  EXPECT_TRUE(peer.receive_all().ends_with(" bytes"));  // "!104" would be RST
}

TEST_F(GameStream1, s49_a_large_answer_arrives_whole_before_fin) {
  tail_.assign(4U << 20U, 'y');
  start();
  const PeerSocket peer{to(1)};
  ASSERT_TRUE(peer.send(kRequest));
  EXPECT_EQ(peer.receive_all(), kAnswer + tail_);
}

TEST_F(GameStream1, s50_segments_of_one_byte_of_536_and_all_at_once_give_the_same_answer) {
  start();
  for (const std::size_t segment : {std::size_t{1}, std::size_t{536}, kRequest.size()}) {
    PeerSocket peer{to()};
    for (std::size_t begin = 0; begin < kRequest.size(); begin += segment) {
      ASSERT_TRUE(peer.send(std::string_view{kRequest}.substr(begin, segment)));
    }
    EXPECT_EQ(peer.receive_all(), kAnswer) << segment;
    peer.close();
    EXPECT_EQ(end(), End::answered) << segment;
  }
}

TEST_F(ByteServerTest, a_deferred_answer_outlives_the_limit_of_the_request) {
  deferred_ = true;
  start({.request = 50ms, .answer = 20s});
  PeerSocket peer{to()};
  const PeerSocket silent{to()};
  ASSERT_TRUE(peer.send(kRequest));
  const auto id = complete_.take({}).value();
  EXPECT_EQ(end(), End::too_slow);  // the silent one, which came later
  EXPECT_TRUE(thread_.on_loop([&] { return answer(id); }));
  EXPECT_EQ(peer.receive_all(), kAnswer);
  peer.close();
  EXPECT_EQ(end(), End::answered);
  EXPECT_FALSE(thread_.on_loop([&] { return answer(id); }));
}

TEST_F(ByteServerTest, a_peer_that_closed_its_direction_still_gets_a_deferred_answer) {
  deferred_ = true;
  start();
  const PeerSocket peer{to()};
  ASSERT_TRUE(peer.send(kRequest));
  peer.finish_sending();
  const auto id = complete_.take({}).value();
  EXPECT_TRUE(thread_.on_loop([&] { return answer(id); }));
  EXPECT_EQ(peer.receive_all(), kAnswer);
}

TEST_F(ByteServerTest, a_peer_that_leaves_while_it_waits_is_reported) {
  deferred_ = true;
  start();
  PeerSocket peer{to()};
  ASSERT_TRUE(peer.send(kRequest));
  const auto id = complete_.take({}).value();
  peer.reset();
  EXPECT_EQ(end(), End::peer_left);
  EXPECT_FALSE(thread_.on_loop([&] { return answer(id); }));
}

TEST_F(ByteServerTest, a_peer_that_leaves_amid_the_request_is_reported) {
  start();
  PeerSocket peer{to()};
  ASSERT_TRUE(peer.send("OPTIONS"));
  peer.close();
  EXPECT_EQ(end(), End::peer_left);
}

TEST_F(ByteServerTest, a_request_that_is_too_long_or_too_slow_ends_the_connection) {
  start({.request_bytes = 1000, .request = 50ms});
  const PeerSocket large{to()};
  ASSERT_TRUE(large.send(kRequest));
  EXPECT_EQ(end(), End::too_large);
  const PeerSocket slow{to()};
  ASSERT_TRUE(slow.send("OPTIONS"));
  EXPECT_EQ(end(), End::too_slow);
  EXPECT_EQ(slow.receive_all(), "");
}

TEST_F(ByteServerTest, bytes_after_a_whole_request_are_thrown_away_up_to_a_limit) {
  deferred_ = true;
  start({.ignored_bytes = 1000});
  const PeerSocket peer{to()};
  ASSERT_TRUE(peer.send(kRequest));
  complete_.take({});
  ASSERT_TRUE(peer.send(std::string(2000, 'x')));
  EXPECT_EQ(end(), End::too_large);
}

TEST_F(ByteServerTest, a_peer_that_never_closes_is_closed_after_the_answer) {
  start({.flush = 50ms});
  const PeerSocket peer{to()};
  ASSERT_TRUE(peer.send(kRequest));
  EXPECT_EQ(end(), End::answered);
  EXPECT_EQ(peer.receive_all(), kAnswer);
}

TEST_F(ByteServerTest, one_address_gets_so_many_connections_and_a_place_becomes_free_again) {
  start({.connections_per_address = 2});
  PeerSocket first{to()};
  opened_.take({});
  const PeerSocket second{to()};
  opened_.take({});
  const PeerSocket third{to()};
  EXPECT_EQ(third.receive_all(), "");
  EXPECT_EQ(thread_.on_loop([&] { return server_->refused(); }), 1U);
  first.close();
  EXPECT_EQ(end(), End::peer_left);
  const PeerSocket fourth{to()};
  EXPECT_TRUE(opened_.take_until({}, from_now(20s)).has_value());
}

TEST_F(ByteServerTest, drop_closes_without_an_event) {
  deferred_ = true;
  start();
  const PeerSocket peer{to()};
  ASSERT_TRUE(peer.send(kRequest));
  const auto id = complete_.take({}).value();
  thread_.on_loop([&] { server_->drop(id); });
  EXPECT_EQ(peer.receive_all(), "");
  EXPECT_EQ(thread_.on_loop([&] { return server_->connection_count(); }), 0U);
  EXPECT_FALSE(ends_.try_take());
}

}  // namespace
}  // namespace lumen::net
