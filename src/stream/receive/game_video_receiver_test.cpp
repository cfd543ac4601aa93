// The picture's way from a host's packetizer over loopback to a decoder that only looks at bytes.
#include "stream/receive/game_video_receiver.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <vector>

#include "gamestream/media/video_packetizer.hpp"

namespace lumen::stream {
namespace {

using namespace std::chrono_literals;
namespace control = gamestream::control;
using gamestream::FrameType;

constexpr std::uint32_t kPacketSize = 1024;
constexpr std::array<std::byte, 16> kKey{std::byte{3}};

// An H.264 unit by its first bytes: SPS and IDR slice, or a slice; then noise with the frame's number.
std::vector<std::byte> unit_of(bool idr, std::uint8_t number, std::size_t bytes) {
  std::vector<std::byte> unit;
  const auto add_nal = [&](std::uint8_t type) {
    for (const auto byte : {0, 0, 0, 1, static_cast<int>(type), 0x42})
      unit.push_back(static_cast<std::byte>(byte));
  };
  if (idr) {
    add_nal(0x67);
    add_nal(0x68);
  }
  add_nal(idr ? 0x65 : 0x41);
  unit.resize(bytes, static_cast<std::byte>(0x80U | number));
  return unit;
}

class NullDecoder final : public VideoDecoder {
 public:
  std::string name() const override { return "null"; }
  Result<PictureView> decode(const AccessUnit& unit) override {
    if (unit.bytes.back() == std::byte{0x80 | 99})
      return fail(ErrorCode::malformed, "decoder.malformed", "bad");
    return PictureView{.width = unit.width, .height = unit.height};
  }
};

class Video : public testing::Test {
 protected:
  void start(bool encrypted = true, double loss_percent = 0) {
    rtsp_ping_.fill('x');
    packetizer_ = gamestream::VideoPacketizer::create(
                      {.plan = {.packet_size = kPacketSize, .percent = 20, .min_parity = 2}},
                      encrypted ? ByteView{kKey} : ByteView{})
                      .value();
    receiver_ =
        GameVideoReceiver::create({.socket = MediaSocket::open(host_.local().value(), rtsp_ping_).value(),
                                   .width = 1280,
                                   .height = 720,
                                   .packet_size_bytes = kPacketSize,
                                   .key = crypto::SecretBytes<16>{ByteView{kKey}},
                                   .is_encrypted = encrypted,
                                   .loss_percent = loss_percent,
                                   .make_decoder = [](Codec) -> Result<std::unique_ptr<VideoDecoder>> {
                                     return std::make_unique<NullDecoder>();
                                   },
                                   .on_picture = [this](const auto& decoded) { on_picture(decoded); },
                                   .on_report = [this](const auto& report) { return on_report(report); },
                                   .on_failed = [](const Error& error) { ADD_FAILURE() << describe(error); }},
                                  *log_)
            .value();
    while (!client_) host_.receive(1s, [&](const net::Endpoint& from, MutableBytes) { client_ = from; });
  }
  // Sends a frame but for its first `without` datagrams.
  void send(bool idr, std::uint8_t number, std::size_t bytes = 3000, std::size_t without = 0) {
    const auto unit = unit_of(idr, number, bytes);
    ASSERT_TRUE(packetizer_->pack({.kind = idr ? PictureKind::idr : PictureKind::delta, .bytes = unit},
                                  {.type = idr ? FrameType::idr : FrameType::predicted,
                                   .time = RtpTicks{90'000U + number},
                                   .host_latency = 5ms}));
    while (const auto train = packetizer_->next_train()) {
      for (std::size_t i = 0; i < train->datagrams; ++i) {
        if (without > 0 && without-- > 0) continue;
        host_.send_one(*client_, train->bytes.subspan(i * train->datagram_bytes, train->datagram_bytes));
      }
    }
  }
  struct Seen {
    std::uint64_t id;
    bool idr;
    std::uint32_t width;
    Duration host_latency;
    std::uint8_t number;
  };
  // Until so many pictures have come; false after 20 s.
  bool pictures(std::size_t count) {
    return wait([&] { return seen_.size() >= count; });
  }
  bool idr_is_asked(std::size_t times = 1) {
    return wait([&] { return idr_asked_ >= times; });
  }
  template <class Fits>
  bool wait(Fits fits) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, 20s, fits);
  }
  // Sends frames until the recovery has been seen, as a host does that was asked.
  GameVideoStats settled(std::uint64_t frames) {
    for (;;) {
      auto stats = receiver_->stats();
      if (stats.reassembly.frames >= frames) return stats;
      std::this_thread::yield();
    }
  }

  void on_picture(const DecodedPicture& decoded) {
    const std::lock_guard lock{mutex_};
    seen_.push_back(
        {decoded.unit.id.value, decoded.unit.kind == PictureKind::idr, decoded.picture.width,
         decoded.unit.host_encode,
         static_cast<std::uint8_t>(std::to_integer<unsigned>(decoded.unit.bytes.back()) & 0x7FU)});
    changed_.notify_all();
  }
  bool on_report(const control::ClientMessage& report) {
    const std::lock_guard lock{mutex_};
    if (std::holds_alternative<control::RequestIdr>(report)) ++idr_asked_;
    if (const auto* status = std::get_if<control::FrameFecStatus>(&report)) statuses_.push_back(*status);
    changed_.notify_all();
    return true;
  }

  std::shared_ptr<Logger> log_ = make_null_logger();
  net::UdpSocket host_ =
      net::UdpSocket::bind({.local = net::Endpoint::parse("127.0.0.1", 0).value()}).value();
  gamestream::rtsp::PingPayload rtsp_ping_{};
  std::optional<net::Endpoint> client_;
  std::optional<gamestream::VideoPacketizer> packetizer_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Seen> seen_;
  std::size_t idr_asked_ = 0;
  std::vector<control::FrameFecStatus> statuses_;
  std::unique_ptr<GameVideoReceiver> receiver_;  // last
};

TEST_F(Video, frames_arrive_in_order_encrypted_and_plain) {
  for (const bool encrypted : {true, false}) {
    seen_.clear();
    client_.reset();
    start(encrypted);
    for (std::uint8_t i = 0; i < 20; ++i) {
      send(i == 0, i, 200 + 900U * i);
      ASSERT_TRUE(pictures(i + 1U)) << encrypted << ' ' << int{i};
    }
    for (std::size_t i = 0; i < seen_.size(); ++i) {
      EXPECT_EQ(seen_[i].id, i + 1);
      EXPECT_EQ(seen_[i].number, i);
      EXPECT_EQ(seen_[i].idr, i == 0);
      EXPECT_EQ(seen_[i].width, 1280U);
      EXPECT_EQ(seen_[i].host_latency, Duration{5ms});
    }
    EXPECT_EQ(settled(20).idr, 1U);
    receiver_.reset();
  }
}

TEST_F(Video, what_parity_mends_is_reported_and_needs_no_key_frame) {
  start();
  send(true, 0);
  send(false, 1, 8000, 2);
  ASSERT_TRUE(pictures(2));
  ASSERT_TRUE(wait([&] { return !statuses_.empty(); }));
  EXPECT_EQ(statuses_[0].frame, 2U);
  EXPECT_EQ(statuses_[0].total_data - statuses_[0].received_data, 2);
  EXPECT_EQ(idr_asked_, 0U);
  EXPECT_EQ(settled(2).reassembly.frames_repaired, 1U);
}

TEST_F(Video, a_lost_frame_asks_for_a_key_frame_and_nothing_is_shown_until_it_comes) {
  start();
  send(true, 0);
  ASSERT_TRUE(pictures(1));
  send(false, 1, 3000, 4);
  send(false, 2);
  ASSERT_TRUE(idr_is_asked());
  send(false, 3);
  send(true, 4);
  send(false, 5);
  ASSERT_TRUE(pictures(3));
  EXPECT_EQ(seen_[1].number, 4);
  EXPECT_EQ(seen_[2].number, 5);
  const auto stats = settled(5);
  EXPECT_EQ(stats.reassembly.frames_lost, 1U);
  EXPECT_EQ(stats.frames_skipped, 2U);
}

TEST_F(Video, what_does_not_decode_asks_for_a_key_frame) {
  start();
  send(true, 0);
  send(false, 99);
  ASSERT_TRUE(idr_is_asked());
  send(true, 2);
  ASSERT_TRUE(pictures(2));
  EXPECT_EQ(seen_[1].number, 2);
}

TEST_F(Video, a_key_frame_that_does_not_come_is_asked_for_again) {
  start();
  send(false, 0);
  EXPECT_TRUE(idr_is_asked(3));
}

TEST_F(Video, injected_loss_is_counted) {
  start(true, 50);
  for (std::uint8_t i = 0; i < 50; ++i) send(true, i);
  for (;;) {
    const auto stats = receiver_->stats();
    if (stats.dropped_by_injection > 50) break;
    std::this_thread::yield();
  }
}

}  // namespace
}  // namespace lumen::stream
