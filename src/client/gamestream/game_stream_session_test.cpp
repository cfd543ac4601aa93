// A whole session against the host ends of every protocol: HTTP by function calls, the rest over loopback.
#include "client/gamestream/game_stream_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "client/gamestream/test_folder.hpp"
#include "client/gamestream/test_host.hpp"
#include "client/gamestream/test_stream_host.hpp"
#include "gamestream/media/video_packetizer.hpp"

namespace lumen::client {
namespace {

using namespace std::chrono_literals;
namespace rtsp = gamestream::rtsp;
namespace control = gamestream::control;
using testing::Contains;

class NullDecoder final : public VideoDecoder {
 public:
  std::string name() const override { return "null"; }
  Result<PictureView> decode(const AccessUnit& unit) override {
    return PictureView{.width = unit.width, .height = unit.height};
  }
};

class Session : public testing::Test {
 protected:
  void SetUp() override {
    http_.typed_pin = "1234";
    auto connection = connect();
    ASSERT_TRUE(connection.pair("1234", [](auto) {}, {}));
    http_.on_launch = [this](const gamestream::LaunchRequest& request) {
      key_ = request.key;
      return stream_.launch(request.encrypted_rtsp ? std::optional{request.key.view()} : std::nullopt,
                            request.key.view());
    };
  }
  GameConnection connect() {
    return GameConnection::open(
               {.address = {"127.0.0.1"}, .book = &book_, .fetch = http_.fetch(book_.identity())}, {})
        .value();
  }
  GameStreamParams params(std::uint32_t app = 7) {
    return {.app = {.id = app, .title = "Chess"},
            .mode = {1280, 721, 59'940},
            .make_decoder = [](Codec) -> Result<std::unique_ptr<VideoDecoder>> {
              return std::make_unique<NullDecoder>();
            },
            .on_picture =
                [this](const auto& decoded) { note([&] { sizes_.push_back(decoded.picture.height); }); },
            .on_sound = [](const auto&) {},
            .on_failed =
                [this](const Error& error) { note([&] { failures_.push_back(std::string{error.id}); }); }};
  }
  Result<std::unique_ptr<GameStreamSession>> start(std::uint32_t app = 7) {
    auto connection = connect();
    return GameStreamSession::start(connection, params(app), {}, *log_);
  }
  // Key frames as the host's packetizer cuts them, until the client has seen one.
  bool stream_a_picture() {
    if (!stream_.wait_until([](auto& host) { return host.video_peer.has_value(); })) return false;
    const auto agreed = stream_.locked([](auto& host) { return host.agreement->video; });
    auto packetizer = gamestream::VideoPacketizer::create(
                          {.plan = {.packet_size = agreed.packet_size_bytes, .percent = agreed.fec_percent}},
                          agreed.encrypted ? key_.view() : ByteView{})
                          .value();
    std::vector<std::byte> unit;
    for (const auto byte : {0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 1, 0, 0, 0, 1, 0x65, 0x88, 0x84})
      unit.push_back(static_cast<std::byte>(byte));
    EXPECT_TRUE(packetizer.pack({.kind = PictureKind::idr, .bytes = unit},
                                {.type = gamestream::FrameType::idr, .time = RtpTicks{90'000}}));
    while (const auto train = packetizer.next_train()) {
      for (std::size_t i = 0; i < train->datagrams; ++i)
        stream_.send_video(train->bytes.subspan(i * train->datagram_bytes, train->datagram_bytes));
    }
    return wait([&] { return !sizes_.empty(); });
  }
  template <class Change>
  void note(Change change) {
    const std::lock_guard lock{mutex_};
    change();
    changed_.notify_all();
  }
  template <class Fits>
  bool wait(Fits fits) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, 20s, fits);
  }

  std::shared_ptr<Logger> log_ = make_null_logger();
  test::Folder folder_;
  HostBook book_ = HostBook::open(folder_.path() + "/client").value();
  test::FakeHttpHost http_;
  test::StreamHost stream_;
  gamestream::SessionKey key_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::uint32_t> sizes_;
  std::vector<std::string> failures_;
};

TEST_F(Session, runs_from_the_launch_to_the_goodbye) {
  auto session = start();
  ASSERT_TRUE(session) << describe(session.error());
  EXPECT_FALSE((*session)->resumed());
  EXPECT_EQ((*session)->stream().encryption, rtsp::kEncryptAll);
  const auto agreed = stream_.locked([](auto& host) { return host.agreement->video; });
  EXPECT_EQ(agreed.mode, (Mode{1280, 720, 59'940}));
  ASSERT_TRUE(stream_a_picture());
  EXPECT_EQ(sizes_[0], 720U);
  EXPECT_TRUE((*session)->video_verdict());
  EXPECT_TRUE(stream_.wait_until([](auto& host) { return host.audio_pings > 1 && host.video_pings > 1; }));
  (*session)->send_input(Key{30, true});
  EXPECT_TRUE(stream_.wait_until([](auto& host) { return !host.input.empty(); }));
  session->reset();
  EXPECT_TRUE(stream_.wait_until([](auto& host) { return host.disconnected; }));
  EXPECT_TRUE(failures_.empty());
}

TEST_F(Session, what_runs_already_is_resumed) {
  {
    ASSERT_TRUE(start());
  }
  const auto again = start();
  ASSERT_TRUE(again) << describe(again.error());
  EXPECT_TRUE((*again)->resumed());
}

TEST_F(Session, another_application_is_not_ended_unasked) {
  {
    ASSERT_TRUE(start(7));
  }
  const auto other = start(9);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().id, "client.other-app-runs");
  EXPECT_NE(other.error().remedy.find("lumen-client quit 127.0.0.1"), std::string::npos);
}

TEST_F(Session, a_refused_announcement_ends_the_start) {
  stream_.refuse_announce(rtsp::RtspStatus::internal_error);
  const auto session = start();
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().id, "gamestream.rtsp-status");
}

TEST_F(Session, a_host_without_control_connection_ends_the_start) {
  http_.on_launch = [this](const gamestream::LaunchRequest& request) {
    const auto port = stream_.launch(request.key.view(), request.key.view());
    stream_.withdraw_control();
    return port;
  };
  const auto session = start();
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().id, "client.control-refused");
}

TEST_F(Session, the_end_of_the_application_is_told) {
  const auto session = start();
  ASSERT_TRUE(session);
  stream_.terminate(static_cast<std::uint32_t>(control::TerminationCode::graceful));
  ASSERT_TRUE(wait([&] { return !failures_.empty(); }));
  EXPECT_EQ(failures_[0], "client.host-ended");
}

TEST_F(Session, a_start_can_be_stopped) {
  std::stop_source source;
  http_.on_launch = [&](const auto&) {
    source.request_stop();
    return std::uint16_t{1};
  };
  auto connection = connect();
  const auto session = GameStreamSession::start(connection, params(), source.get_token(), *log_);
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().id, "tcp.stopped");
}

TEST_F(Session, without_sound_nothing_is_decoded_but_the_host_knows_where_to_send) {
  auto connection = connect();
  auto silent = params();
  silent.audio_channels = 0;
  const auto session = GameStreamSession::start(connection, silent, {}, *log_);
  ASSERT_TRUE(session);
  EXPECT_TRUE(stream_.wait_until([](auto& host) { return host.audio_pings > 0; }));
}

}  // namespace
}  // namespace lumen::client
