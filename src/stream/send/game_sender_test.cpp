// GameStream's senders over loopback, fed through rings as a session process does.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "net/test_marking.hpp"
#include "stream/send/game_audio_sender.hpp"
#include "stream/send/game_video_sender.hpp"

namespace lumen::stream {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 5s;
constexpr std::size_t kPacketBytes = 1024;

net::UdpSocket any_socket() {
  return *net::UdpSocket::bind({.local = *net::Endpoint::parse("127.0.0.1", 0)});
}

net::UdpSocket plain_socket() {
  auto socket = *net::UdpSocket::bind({.local = *net::Endpoint::parse("127.0.0.1", 0), .offload = false});
  net::tell_markings(socket);
  return socket;
}

bool eventually(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

void append(std::vector<std::byte>& bytes, std::initializer_list<int> values) {
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
}

class GameVideoSenderTest : public testing::Test {
 protected:
  void push(PictureKind kind, std::size_t slice_bytes = 3000, bool with_parameter_sets = true) {
    std::vector<std::byte> bytes;
    if (kind == PictureKind::idr && with_parameter_sets) {
      append(bytes, {0, 0, 0, 1, 0x67, 0x42, 0xC0, 0x1F, 0x8B, 0, 0, 0, 1, 0x68, 0xCE, 0x3C, 0x80});
    }
    append(bytes, {0, 0, 0, 1, kind == PictureKind::idr ? 0x65 : 0x41, 0x88});
    bytes.insert(bytes.end(), slice_bytes, std::byte{0x55});
    const auto now = SteadyTime{}.now();
    ASSERT_TRUE(eventually([&] {
      return ring_->try_push({FrameId{1}, Codec::h264, kind, 640, 480, bytes, {now, now, now, now}});
    }));
  }
  GameVideoParams params() {
    return {.packets = {.plan = {.packet_size = kPacketBytes, .percent = 20, .min_parity = 2}}};
  }
  std::size_t receive(Duration patience) {
    std::size_t count = 0;
    receiver_.receive(patience, [&](const net::Endpoint&, MutableBytes) { ++count; });
    return count;
  }

  std::shared_ptr<Logger> log_ = make_null_logger();
  net::UdpSocket socket_ = any_socket(), receiver_ = any_socket();
  std::shared_ptr<link::SharedRing> ring_ = std::make_shared<link::SharedRing>(*link::SharedRing::create());
  std::atomic<int> idr_asked_{0};
  GameVideoSender sender_{socket_, [this] { ++idr_asked_; }, *log_};
};

TEST_F(GameVideoSenderTest, nothing_leaves_before_the_client_has_shown_its_address) {
  sender_.set_ring(ring_);
  ASSERT_TRUE(sender_.begin(params(), {}));
  for (int i = 0; i < 20; ++i) push(PictureKind::idr);
  EXPECT_EQ(receive(50ms), 0);
  EXPECT_EQ(sender_.stats().frames, 0);
  EXPECT_EQ(idr_asked_, 0);  // nobody could use one
}

TEST_F(GameVideoSenderTest, a_stream_starts_with_an_idr_that_is_asked_for) {
  sender_.set_ring(ring_);
  ASSERT_TRUE(sender_.begin(params(), {}));
  sender_.set_peer(*receiver_.local());
  EXPECT_TRUE(eventually([this] { return idr_asked_ == 1; }));
  push(PictureKind::delta);
  push(PictureKind::idr);
  push(PictureKind::delta);
  EXPECT_TRUE(eventually([this] { return sender_.stats().frames == 2; }));
  EXPECT_EQ(sender_.stats().idr, 1);
  EXPECT_GT(receive(1s), 0);
  EXPECT_EQ(sender_.stats().datagrams, sender_.stats().data_shards + sender_.stats().parity_shards);
  EXPECT_EQ(sender_.stats().refused, 0);
}

TEST_F(GameVideoSenderTest, requests_within_a_round_trip_are_one) {
  sender_.set_ring(ring_);
  ASSERT_TRUE(sender_.begin(params(), {}));
  sender_.set_peer(*receiver_.local());
  push(PictureKind::idr);
  push(PictureKind::delta);
  ASSERT_TRUE(eventually([this] { return sender_.stats().frames == 2; }));
  std::this_thread::sleep_for(100ms);  // the first IDR answers nothing that comes now
  const int before = idr_asked_;
  for (int i = 0; i < 5; ++i) {
    sender_.request_idr();
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_TRUE(eventually([&] { return idr_asked_ > before; }));
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(idr_asked_, before + 1);
}

TEST_F(GameVideoSenderTest, what_a_client_would_not_understand_is_not_sent_but_asked_for_again) {
  sender_.set_ring(ring_);
  ASSERT_TRUE(sender_.begin(params(), {}));
  sender_.set_peer(*receiver_.local());
  ASSERT_TRUE(eventually([this] { return idr_asked_ == 1; }));
  push(PictureKind::idr, 3000, false);
  EXPECT_TRUE(eventually([this] { return sender_.stats().unfit == 1; }));
  EXPECT_EQ(sender_.stats().frames, 0);
  push(PictureKind::idr);
  EXPECT_TRUE(eventually([this] { return sender_.stats().frames == 1; }));
}

TEST_F(GameVideoSenderTest, a_new_stream_forgets_the_address_of_the_one_before) {
  sender_.set_ring(ring_);
  ASSERT_TRUE(sender_.begin(params(), {}));
  sender_.set_peer(*receiver_.local());
  push(PictureKind::idr);
  ASSERT_TRUE(eventually([this] { return sender_.stats().frames == 1; }));
  ASSERT_TRUE(sender_.begin(params(), {}));
  for (int i = 0; i < 10; ++i) push(PictureKind::idr);
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(sender_.stats().frames, 1);
  sender_.set_peer(*receiver_.local());
  push(PictureKind::idr);
  EXPECT_TRUE(eventually([this] { return sender_.stats().frames == 2; }));
}

TEST_F(GameVideoSenderTest, an_ended_stream_sends_nothing) {
  sender_.set_ring(ring_);
  ASSERT_TRUE(sender_.begin(params(), {}));
  sender_.set_peer(*receiver_.local());
  push(PictureKind::idr);
  ASSERT_TRUE(eventually([this] { return sender_.stats().frames == 1; }));
  sender_.end();
  for (int i = 0; i < 10; ++i) push(PictureKind::idr);
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(sender_.stats().frames, 1);
}

TEST_F(GameVideoSenderTest, parity_follows_the_loss_that_the_client_reports) {
  sender_.set_ring(ring_);
  ASSERT_TRUE(sender_.begin(params(), {}));
  sender_.set_peer(*receiver_.local());
  const auto parity_of_next = [this](PictureKind kind) {
    const auto before = sender_.stats().parity_shards.load();
    const auto frames = sender_.stats().frames.load();
    push(kind, 40'000);
    EXPECT_TRUE(eventually([&] { return sender_.stats().frames == frames + 1; }));
    receive(1s);  // makes room
    return sender_.stats().parity_shards - before;
  };
  const auto at_first = parity_of_next(PictureKind::idr);
  EXPECT_GE(at_first, 8U);  // a fifth of 40
  const auto until = std::chrono::steady_clock::now() + 1s;
  while (std::chrono::steady_clock::now() < until) {
    sender_.lost(4, 50);
    parity_of_next(PictureKind::delta);
  }
  EXPECT_GT(parity_of_next(PictureKind::delta), at_first);
  EXPECT_GT(sender_.stats().assumed_loss_ppm, 20'000U);
  EXPECT_GT(sender_.stats().reported_lost, 0U);
}

TEST_F(GameVideoSenderTest, m39_the_picture_is_marked_for_clients_that_want_it_and_for_no_other) {
  sender_.set_ring(ring_);
  for (const bool wanted : {true, false, true}) {
    const auto receiver = plain_socket();
    auto marked = params();
    marked.mark = wanted;
    ASSERT_TRUE(sender_.begin(marked, {}));
    sender_.set_peer(*receiver.local());
    push(PictureKind::idr);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(net::next_marking(receiver), wanted ? 0xA0 : 0);
  }
}

TEST_F(GameVideoSenderTest, a_packet_size_that_no_client_takes_is_refused) {
  auto wrong = params();
  wrong.packets.plan.packet_size = 8;
  EXPECT_FALSE(sender_.begin(wrong, {}));
}

class GameAudioSenderTest : public testing::Test {
 protected:
  void push(const AudioFormat& format) {
    const std::vector<std::byte> opus(120, std::byte{0x55});
    const auto now = SteadyTime{}.now();
    ASSERT_TRUE(
        eventually([&] { return ring_->try_push({.format = format, .bytes = opus, .captured = now}); }));
  }
  std::size_t receive(Duration patience) {
    std::size_t count = 0;
    receiver_.receive(patience, [&](const net::Endpoint&, MutableBytes) { ++count; });
    return count;
  }

  std::shared_ptr<Logger> log_ = make_null_logger();
  net::UdpSocket socket_ = any_socket(), receiver_ = any_socket();
  std::shared_ptr<link::AudioRing> ring_ = std::make_shared<link::AudioRing>(*link::AudioRing::create());
  GameAudioSender sender_{socket_, *log_};
};

TEST_F(GameAudioSenderTest, two_parity_packets_follow_every_four) {
  sender_.set_ring(ring_);
  ASSERT_TRUE(sender_.begin({.key_id = 7}, {}));
  sender_.set_peer(*receiver_.local());
  for (int i = 0; i < 8; ++i) push(AudioFormat{});
  EXPECT_TRUE(eventually([this] { return sender_.stats().datagrams == 12; }));
  EXPECT_EQ(sender_.stats().packets, 8);
  EXPECT_GT(receive(1s), 0);
}

TEST_F(GameAudioSenderTest, m39_sound_is_marked_for_clients_that_want_it_and_for_no_other) {
  sender_.set_ring(ring_);
  for (const bool wanted : {true, false, true}) {
    const auto receiver = plain_socket();
    ASSERT_TRUE(sender_.begin({.mark = wanted}, {}));
    sender_.set_peer(*receiver.local());
    push(AudioFormat{});
    EXPECT_EQ(net::next_marking(receiver), wanted ? 0xC0 : 0);
  }
}

TEST_F(GameAudioSenderTest, sound_of_another_format_is_not_sent) {
  sender_.set_ring(ring_);
  ASSERT_TRUE(sender_.begin({.key_id = 7}, {}));
  sender_.set_peer(*receiver_.local());
  push(AudioFormat{.channels = 6});
  EXPECT_TRUE(eventually([this] { return sender_.stats().unwanted == 1; }));
  push(AudioFormat{});
  EXPECT_TRUE(eventually([this] { return sender_.stats().packets == 1; }));
}

TEST_F(GameAudioSenderTest, nothing_leaves_before_the_client_has_shown_its_address) {
  sender_.set_ring(ring_);
  ASSERT_TRUE(sender_.begin({.key_id = 7}, {}));
  for (int i = 0; i < 8; ++i) push(AudioFormat{});
  EXPECT_EQ(receive(50ms), 0);
  EXPECT_EQ(sender_.stats().packets, 0);
}

}  // namespace
}  // namespace lumen::stream
