#include "stream/send/video_sender.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "lumen1/messages.hpp"
#include "lumen1/reassembler.hpp"

namespace lumen::stream {
namespace {

using namespace std::chrono_literals;

net::UdpSocket any_socket() {
  return net::UdpSocket::bind({.local = net::Endpoint::parse("127.0.0.1", 0).value()}).value();
}

class VideoSenderTest : public testing::Test {
 protected:
  VideoSenderTest() {
    EXPECT_TRUE(crypto::fill_random(keys_.secret));
    opener_ = lumen1::Opener::create(keys_).value();
  }
  SenderParams params() {
    return {.stream = {.session = 3}, .on_idr_needed = [this] { idr_asked_.fetch_add(1); }};
  }
  void push(std::size_t bytes, PictureKind kind = PictureKind::delta, std::byte fill = std::byte{7}) {
    const std::vector<std::byte> data(bytes, fill);
    const auto now = SteadyTime{}.now();
    while (!ring_->try_push({FrameId{1}, Codec::h264, kind, 640, 480, data, {now, now, now, now}})) {
      std::this_thread::yield();
    }
  }
  // Everything that arrives until `frames` access units are whole, or a second of silence.
  std::vector<AccessUnit> collect(std::size_t frames) {
    std::vector<AccessUnit> units;
    while (units.size() < frames) {
      const auto got = receiver_.receive(2s, [this](const net::Endpoint&, MutableBytes datagram) {
        const auto opened = opener_->open(datagram);
        if (!opened) return;
        EXPECT_EQ(opened->header.session, 3);
        if (opened->header.kind == lumen1::Kind::video) reassembler_.push(opened->body, SteadyTime{}.now());
        if (opened->header.kind == lumen1::Kind::host_message) ++messages_;
      });
      if (got == 0) break;
      AccessUnit unit;
      while (reassembler_.pop(unit, SteadyTime{}.now())) units.push_back(unit);
    }
    return units;
  }

  std::shared_ptr<Logger> log_ = make_null_logger();
  net::UdpSocket sender_socket_ = any_socket(), receiver_ = any_socket();
  lumen1::DirectionKeys keys_;
  std::optional<lumen1::Opener> opener_;
  fec::Leopard codec_;
  lumen1::Reassembler reassembler_{codec_};
  std::shared_ptr<link::SharedRing> ring_ =
      std::make_shared<link::SharedRing>(link::SharedRing::create().value());
  std::atomic<int> idr_asked_{0};
  int messages_ = 0;
};

TEST_F(VideoSenderTest, units_arrive_whole_in_order_and_are_renumbered) {
  VideoSender sender{params(), codec_, sender_socket_, *log_};
  sender.set_ring(ring_);
  sender.set_peer(Peer{receiver_.local().value(), keys_});
  std::vector<AccessUnit> units;
  for (std::size_t i = 0; i < 50; ++i) {  // one at a time: a socket's buffer need not hold them all
    push(100 + i * 997, PictureKind::delta, static_cast<std::byte>(i));
    for (auto& unit : collect(1)) units.push_back(std::move(unit));
  }
  ASSERT_EQ(units.size(), 50U);
  for (std::size_t i = 0; i < units.size(); ++i) {
    EXPECT_EQ(units[i].id.value, i + 1);
    EXPECT_EQ(units[i].bytes, std::vector<std::byte>(100 + i * 997, static_cast<std::byte>(i)));
  }
}

TEST_F(VideoSenderTest, numbers_go_on_when_the_session_process_is_replaced) {
  VideoSender sender{params(), codec_, sender_socket_, *log_};
  sender.set_ring(ring_);
  sender.set_peer(Peer{receiver_.local().value(), keys_});
  push(1000);
  ASSERT_EQ(collect(1).size(), 1U);
  ring_ = std::make_shared<link::SharedRing>(link::SharedRing::create().value());
  sender.set_ring(ring_);
  push(1000);
  const auto units = collect(1);
  ASSERT_EQ(units.size(), 1U);
  EXPECT_EQ(units[0].id.value, 2U);
}

TEST_F(VideoSenderTest, a_new_client_gets_an_idr_and_its_own_wish_makes_no_second_one) {
  VideoSender sender{params(), codec_, sender_socket_, *log_};
  sender.set_ring(ring_);
  sender.set_peer(Peer{receiver_.local().value(), keys_});
  push(1000);
  ASSERT_EQ(collect(1).size(), 1U);
  for (int i = 0; i < 10; ++i) sender.broken(1);
  push(1000, PictureKind::idr);
  ASSERT_EQ(collect(1).size(), 1U);
  EXPECT_EQ(idr_asked_, 1);
}

TEST_F(VideoSenderTest, nonsense_about_frames_never_sent_is_ignored) {
  VideoSender sender{params(), codec_, sender_socket_, *log_};
  sender.set_ring(ring_);
  sender.set_peer(Peer{receiver_.local().value(), keys_});
  push(1000, PictureKind::idr);
  ASSERT_EQ(collect(1).size(), 1U);
  const int before = idr_asked_;
  for (const auto frame : {5U, 1000U, 0xFFFFFFFFU}) sender.broken(frame);
  push(1000);
  ASSERT_EQ(collect(1).size(), 1U);
  EXPECT_EQ(idr_asked_, before);
}

TEST_F(VideoSenderTest, without_a_client_units_are_taken_and_dropped) {
  VideoSender sender{params(), codec_, sender_socket_, *log_};
  sender.set_ring(ring_);
  for (int i = 0; i < 20; ++i) push(1000);  // would hang here if nobody emptied the ring
  EXPECT_EQ(sender.stats().frames, 0U);
}

TEST_F(VideoSenderTest, messages_reach_the_client) {
  VideoSender sender{params(), codec_, sender_socket_, *log_};
  sender.set_peer(Peer{receiver_.local().value(), keys_});
  std::vector<std::byte> body;
  ASSERT_TRUE(lumen1::append(body, lumen1::HostMessage{lumen1::Goodbye{}}, 1000));
  sender.send_message(body);
  while (messages_ == 0 && receiver_.receive(2s, [this](const net::Endpoint&, MutableBytes datagram) {
    if (opener_->open(datagram)) ++messages_;
  }) > 0) {
  }
  EXPECT_EQ(messages_, 1);
}

TEST_F(VideoSenderTest, whoever_has_a_frame_finds_it_counted) {
  VideoSender sender{params(), codec_, sender_socket_, *log_};
  sender.set_ring(ring_);
  sender.set_peer(Peer{receiver_.local().value(), keys_});
  for (std::uint64_t i = 1; i <= 300; ++i) {
    push(300);
    ASSERT_EQ(collect(1).size(), 1U);
    ASSERT_EQ(sender.stats().frames, i);
    ASSERT_EQ(sender.stats().data_shards, i);
    ASSERT_GE(sender.stats().parity_shards, i);
  }
}

TEST_F(VideoSenderTest, parity_grows_with_the_reported_loss) {
  VideoSender sender{params(), codec_, sender_socket_, *log_};
  sender.set_ring(ring_);
  sender.set_peer(Peer{receiver_.local().value(), keys_});
  push(40'000);
  ASSERT_EQ(collect(1).size(), 1U);
  const auto before = sender.stats().parity_shards.load();
  sender.report({.sequence = 1, .loss = {.expected = 1000, .lost = 150, .longest_burst = 5}});
  push(40'000);
  ASSERT_EQ(collect(1).size(), 1U);
  EXPECT_GT(sender.stats().parity_shards - before, before);
}

TEST_F(VideoSenderTest, a_report_is_answered_by_a_mark) {
  VideoSender sender{params(), codec_, sender_socket_, *log_};
  sender.set_ring(ring_);
  sender.set_peer(Peer{receiver_.local().value(), keys_});
  push(1000);
  ASSERT_EQ(collect(1).size(), 1U);
  sender.report({.sequence = 4});
  std::optional<lumen1::VideoMark> mark;
  while (!mark && receiver_.receive(2s, [&](const net::Endpoint&, MutableBytes datagram) {
    const auto opened = opener_->open(datagram);
    if (!opened || opened->header.kind != lumen1::Kind::host_message) return;
    for (const auto& message : lumen1::decode_host_messages(opened->body).messages) {
      if (const auto* said = std::get_if<lumen1::VideoMark>(&message)) mark = *said;
    }
  }) > 0) {
  }
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->feedback, 4U);
  EXPECT_EQ(mark->newest_frame, 1U);
}

TEST_F(VideoSenderTest, shards_that_are_asked_for_come_again) {
  VideoSender sender{params(), codec_, sender_socket_, *log_};
  sender.set_ring(ring_);
  sender.set_peer(Peer{receiver_.local().value(), keys_});
  push(5000);
  ASSERT_EQ(collect(1).size(), 1U);
  reassembler_.reset();
  sender.ask({.frame = 1, .attempt = 1});
  const auto again = collect(1);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].bytes, std::vector<std::byte>(5000, std::byte{7}));
  EXPECT_EQ(sender.stats().shards_asked, 4U);
}

TEST_F(VideoSenderTest, the_bitrate_is_told_at_first_and_when_a_queue_lowers_it) {
  std::atomic<std::uint32_t> told{0}, refusals{2};
  auto wanted = params();
  wanted.on_bitrate = [&](std::uint32_t kbps) {
    if (refusals > 0) {
      --refusals;
      return false;
    }
    told = kbps;
    told.notify_all();
    return true;
  };
  VideoSender sender{std::move(wanted), codec_, sender_socket_, *log_};
  sender.set_ring(ring_);
  sender.set_peer(Peer{receiver_.local().value(), keys_});
  sender.set_bitrate_cap(9'000);
  for (int i = 0; i < 3; ++i) {
    push(1000);
    ASSERT_EQ(collect(1).size(), 1U);
  }
  told.wait(0);
  EXPECT_EQ(told, 9'000U);
  for (std::uint32_t i = 1; told == 9'000U && i < 30'000; ++i) {
    sender.report({.sequence = i,
                   .clock_us = i * 25'000,
                   .bytes = i * 12'500,                // 4 Mbit/s
                   .queue_last_us = 60'000 + i * 100,  // grows
                   .queue_least_us = 60'000 + i * 100,
                   .queue_most_us = 60'000 + i * 100});
    push(1000);
    ASSERT_EQ(collect(1).size(), 1U);
  }
  EXPECT_LT(told, 4'000U);
  EXPECT_EQ(sender.stats().rate_reason, RateReason::queue);
}

TEST(SendInboxAsks, what_is_said_again_replaces_what_was_said) {
  SendInbox inbox;
  inbox.ask({.frame = 1, .attempt = 1, .count = 0});
  inbox.ask({.frame = 1, .attempt = 2, .count = 0});
  inbox.ask({.frame = 1, .attempt = 1, .count = 1, .ranges = {{{2, 3}}}});
  const auto taken = inbox.take();
  ASSERT_EQ(taken.asks.all().size(), 2U);
  EXPECT_EQ(taken.asks.all()[0].attempt, 1U);
  EXPECT_EQ(taken.asks.all()[0].count, 1U);
  EXPECT_EQ(taken.asks.all()[1].attempt, 2U);
  EXPECT_TRUE(inbox.take().asks.all().empty());
}

TEST(SendInboxAsks, are_bounded) {
  SendInbox inbox;
  for (std::uint32_t i = 0; i < 1000; ++i) inbox.ask({.frame = i});
  const auto taken = inbox.take();
  ASSERT_EQ(taken.asks.all().size(), SendInbox::kMostAsks);
  EXPECT_EQ(taken.asks.all().back().frame, SendInbox::kMostAsks - 1);
}

}  // namespace
}  // namespace lumen::stream
