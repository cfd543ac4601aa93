// Packets from a session's ring to sealed datagrams over loopback.
#include "stream/send/sound_sender.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "net/test_marking.hpp"

namespace lumen::stream {
namespace {

using namespace std::chrono_literals;

net::UdpSocket any_socket() {
  return net::UdpSocket::bind({.local = net::Endpoint::parse("127.0.0.1", 0).value(), .offload = false})
      .value();
}
std::shared_ptr<link::AudioRing> new_ring() {
  return std::make_shared<link::AudioRing>(link::AudioRing::create().value());
}

class SoundSenderTest : public testing::Test {
 protected:
  SoundSenderTest() {
    EXPECT_TRUE(crypto::fill_random(keys_.secret));
    opener_ = lumen1::Opener::create(keys_).value();
    sender_.set_ring(ring_);
  }
  void push(std::uint8_t value, std::size_t bytes = 60) {
    const std::vector<std::byte> packet(bytes, std::byte{value});
    const auto now = SteadyTime{}.now();
    while (!ring_->try_push({.format = {}, .bytes = packet, .captured = now})) std::this_thread::yield();
  }
  struct Got {
    std::uint8_t stream = 0;
    std::vector<int> values;  // of its packets, the newest first
    std::uint32_t age_us = 0;
  };
  // The next datagram.
  std::optional<Got> receive(net::UdpSocket& socket, Duration patience = 5s) {
    std::optional<Got> got;
    socket.receive(patience, [&](const net::Endpoint&, MutableBytes datagram) {
      const auto opened = opener_->open(datagram);
      ASSERT_TRUE(opened);
      EXPECT_EQ(opened->header.kind, lumen1::Kind::sound);
      EXPECT_EQ(opened->header.session, 3);
      const auto sound = lumen1::decode_sound(lumen1::Kind::sound, opened->body);
      ASSERT_TRUE(sound);
      got = Got{sound->stream, {}, sound->age_us};
      for (const auto packet : sound->all()) got->values.push_back(std::to_integer<int>(packet[0]));
    });
    return got;
  }
  void connect() { sender_.set_peer(Peer{client_.local().value(), keys_}); }

  std::shared_ptr<Logger> log_ = make_null_logger();
  net::UdpSocket socket_ = any_socket(), client_ = any_socket();
  lumen1::DirectionKeys keys_;
  std::optional<lumen1::Opener> opener_;
  std::shared_ptr<link::AudioRing> ring_ = new_ring();
  SoundSender sender_{{.session = 3}, socket_, *log_};
};

TEST_F(SoundSenderTest, packets_arrive_with_copies_of_those_before) {
  connect();
  for (std::uint8_t i = 1; i <= 4; ++i) {
    push(i);
    const auto got = receive(client_);
    ASSERT_TRUE(got);
    std::vector<int> expected;
    for (int value = i; value >= std::max(1, i - 2); --value) expected.push_back(value);
    EXPECT_EQ(got->values, expected) << "loss is unknown: two copies";
    EXPECT_LT(got->age_us, 2'000'000U);
  }
  EXPECT_EQ(sender_.stats().packets, 4U);
}

TEST_F(SoundSenderTest, nothing_leaves_without_a_client) {
  push(1);
  connect();
  push(2);
  const auto got = receive(client_);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->values.front(), 2);
  sender_.allow(false);
  push(9);
  EXPECT_FALSE(receive(client_, 50ms)) << "it may not";
  sender_.allow(true);
  sender_.set_peer(std::nullopt);
  push(3);
  EXPECT_FALSE(receive(client_, 50ms));
}

TEST_F(SoundSenderTest, a_new_client_hears_nothing_of_before) {
  connect();
  push(1);
  ASSERT_TRUE(receive(client_));
  connect();
  opener_ = lumen1::Opener::create(keys_).value();
  push(2);
  const auto got = receive(client_);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->values, std::vector{2});
}

TEST_F(SoundSenderTest, who_may_hear_again_hears_nothing_of_before) {
  connect();
  push(1);
  ASSERT_TRUE(receive(client_));
  sender_.allow(false);
  push(2);
  EXPECT_FALSE(receive(client_, 50ms));
  sender_.allow(true);
  push(3);
  const auto got = receive(client_);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->values, std::vector{3});
}

TEST_F(SoundSenderTest, copies_follow_the_reported_loss) {
  connect();
  const auto settles_at = [&](std::uint32_t lost, std::uint64_t copies) {
    for (int i = 0; i < 1000 && sender_.stats().copies != copies; ++i) {
      sender_.report({.loss = {.expected = 1000, .lost = lost}});
      push(1);
      receive(client_);
    }
    return sender_.stats().copies == copies;
  };
  EXPECT_TRUE(settles_at(50, 3));
  EXPECT_TRUE(settles_at(0, 0));
}

// 60 bytes of sound, as many of headers and copies of those before, every two milliseconds or later.
TEST_F(SoundSenderTest, says_what_it_takes_of_the_path_until_nobody_hears_it) {
  connect();
  const auto& kbps = sender_.stats().wire_kbps;
  const auto deadline = SteadyTime{}.now() + 20s;
  while (kbps == 0 && SteadyTime{}.now() < deadline) {
    push(1);
    receive(client_);
    std::this_thread::sleep_for(2ms);  // the encoder's pace
  }
  EXPECT_GT(kbps, 0U);
  EXPECT_LT(kbps, 2000U);
  sender_.allow(false);
  push(2);
  while (kbps != 0 && SteadyTime{}.now() < deadline) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(kbps, 0U);
}

TEST_F(SoundSenderTest, another_session_process_is_another_stream) {
  connect();
  push(1);
  ASSERT_EQ(receive(client_)->stream, 1);
  ring_ = new_ring();
  sender_.set_ring(ring_);
  push(2);
  const auto got = receive(client_);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->stream, 2);
  EXPECT_EQ(got->values, std::vector{2});
}

TEST_F(SoundSenderTest, follows_a_client_that_moves) {
  connect();
  push(1);
  ASSERT_TRUE(receive(client_));
  auto elsewhere = any_socket();
  sender_.move_peer(elsewhere.local().value());
  push(2);
  EXPECT_TRUE(receive(elsewhere));
}

TEST_F(SoundSenderTest, a_packet_that_no_datagram_holds_is_counted) {
  connect();
  push(1, 2000);
  push(2);
  EXPECT_TRUE(receive(client_));
  EXPECT_EQ(sender_.stats().too_large, 1U);
}

TEST_F(SoundSenderTest, datagrams_are_marked_as_voice) {
  net::tell_markings(client_);
  connect();
  push(1);
  EXPECT_EQ(net::next_marking(client_), 48U << 2U);
}

}  // namespace
}  // namespace lumen::stream
