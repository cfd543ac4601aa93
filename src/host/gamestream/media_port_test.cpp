// A client of its own over loopback: pings, the control connection, what comes of them.
#include "host/gamestream/media_port.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>

#include "crypto/aead.hpp"
#include "gamestream/control/control_client.hpp"
#include "gamestream/control/input_client.hpp"

namespace lumen::host {
namespace {

namespace control = gamestream::control;
namespace rtsp = gamestream::rtsp;
using namespace std::chrono_literals;

constexpr auto kPatience = 5s;

Timestamp now() { return SteadyTime{}.now(); }
net::Endpoint any_port() { return *net::Endpoint::parse("127.0.0.1", 0); }
net::Endpoint at(std::uint16_t port) { return *net::Endpoint::parse("127.0.0.1", port); }

// What a client has of its launch: its key, its ids, its two sockets, its control connection.
class Client {
 public:
  Client(const rtsp::LaunchIds& ids, ByteView key, rtsp::MediaPorts ports)
      : ids_{ids}, ports_{ports}, control_{*control::ControlClient::create(key)} {}

  bool connect(std::uint32_t data) {
    peer_ = *enet_.connect(at(ports_.control), data, now());
    run_until([this] { return connected_ || ended_; });
    return connected_;
  }
  void send(const control::ClientMessage& message) {
    const auto packet = control_.seal(message);
    ASSERT_TRUE(packet);
    ASSERT_TRUE(enet_.send(peer_, packet->route.channel, packet->bytes(), net::EnetDelivery::reliable));
    enet_.flush();
  }
  void ping_video() { ping_video(++pings_); }
  void ping_video(std::uint32_t counter) {
    video.send_one(at(ports_.video), rtsp::write_ping(ids_.video_ping, counter));
  }
  void ping_video(const net::Endpoint& host) {
    video.send_one(host, rtsp::write_ping(ids_.video_ping, ++pings_));
  }
  bool hears_anything(Duration within) {
    std::size_t count = 0;
    video.receive(within, [&](const net::Endpoint&, MutableBytes) { ++count; });
    return count > 0;
  }
  void leave() {
    enet_.disconnect(peer_, 0);
    run_until([this] { return ended_; });
  }
  template <class Condition>
  bool run_until(Condition condition) {
    for (const auto until = now() + kPatience; !condition(); std::this_thread::sleep_for(1ms)) {
      if (now() > until) return false;
      enet_.service(now(), {.connected = [this](auto, const auto&, auto) { connected_ = true; },
                            .received =
                                [this](auto, auto, MutableBytes message) {
                                  if (const auto known = control_.receive(message)) heard.push_back(*known);
                                },
                            .disconnected = [this](auto, auto) { ended_ = true; }});
    }
    return true;
  }

  std::vector<control::HostMessage> heard;
  net::UdpSocket video = *net::UdpSocket::bind({.local = any_port()});
  bool ended() const { return ended_; }

 private:
  rtsp::LaunchIds ids_;
  rtsp::MediaPorts ports_;
  control::ControlClient control_;
  net::EnetClient enet_ = *net::EnetClient::create({});
  net::EnetPeerId peer_{};
  std::uint32_t pings_ = 0;
  bool connected_ = false, ended_ = false;
};

class MediaPortTest : public testing::Test {
 protected:
  MediaPortTest() {
    EXPECT_TRUE(crypto::fill_random(key_.bytes()));
    auto pair = *link::make_socket_pair();
    to_session_ = std::move(pair.host);
    session_ = std::move(pair.session);
    open(10s);
  }
  void open(Duration connect_within, const std::string& address = "127.0.0.1") {
    pipes_.reset();
    port_.reset();
    const auto any = *net::Endpoint::parse(address, 0);
    port_ = *MediaPort::create({any, any_port(), any, connect_within},
                               {.on_connected = [this](StreamId id) { connected_ = id.value; },
                                .on_ended =
                                    [this](StreamId id, std::string reason) {
                                      const MutexLock lock{mutex_};
                                      reason_ = std::move(reason);
                                      ended_ = id.value;
                                    }},
                               *log_);
    pipes_ = std::make_shared<Pipes>(port_->video_socket(), port_->audio_socket(), *log_);
    pipes_->port.set(to_session_.get());
    pipes_->video.set_ring(ring_);
  }
  ~MediaPortTest() override { pipes_->port.set(-1); }

  Client launch(StreamId id, bool ready = true) {
    const auto ids = *rtsp::draw_launch_ids();
    port_->add({.id = id, .key = key_, .ids = ids, .client = any_port(), .pipes = pipes_});
    EXPECT_TRUE(pipes_->video.begin(
        {.packets = {.plan = {.packet_size = 1024, .percent = 20, .min_parity = 2}}}, {}));
    if (ready) port_->ready(id, true);
    data_ = ids.connect_data;
    return {ids, key_.view(), port_->ports()};
  }
  // An IDR that a stock client takes: SPS, PPS, one slice.
  void push_picture() {
    std::vector<std::byte> bytes;
    for (const int header : {0x67, 0x68, 0x65}) {
      for (const int value : {0, 0, 0, 1, header, 0x42, 0xC0, 0x1F, 0x8B})
        bytes.push_back(static_cast<std::byte>(value));
    }
    bytes.insert(bytes.end(), 5000, std::byte{0x55});
    const auto time = now();
    EXPECT_TRUE(eventually([&] {
      return ring_->try_push(
          {FrameId{1}, Codec::h264, PictureKind::idr, 64, 64, bytes, {time, time, time, time}});
    }));
  }
  // What the session process hears next.
  std::optional<link::ToSession> next_at_session() {
    for (const auto until = now() + kPatience; now() < until; std::this_thread::sleep_for(1ms)) {
      auto got = link::receive_to_session(session_.get());
      if (!got) return std::nullopt;
      if (*got) return (*got)->message;
    }
    return std::nullopt;
  }
  // Of pictures that are made until then; it pings as clients do, for one may come before the port knows it.
  bool gets_picture(Client& client, bool pings = true) {
    return eventually([&] {
      if (pings) client.ping_video();
      push_picture();
      std::size_t count = 0;
      client.video.receive(20ms, [&](const auto&, auto) { ++count; });
      return count > 0;
    });
  }
  static bool eventually(const std::function<bool()>& condition) {
    for (const auto until = now() + kPatience; !condition(); std::this_thread::sleep_for(1ms)) {
      if (now() > until) return false;
    }
    return true;
  }
  std::string reason() {
    const MutexLock lock{mutex_};
    return reason_;
  }

  std::shared_ptr<Logger> log_ = make_null_logger();
  crypto::SecretBytes<16> key_;
  UniqueFd to_session_, session_;
  std::shared_ptr<link::SharedRing> ring_ = std::make_shared<link::SharedRing>(*link::SharedRing::create());
  std::uint32_t data_ = 0;
  std::atomic<std::uint64_t> connected_{0}, ended_{0};
  Mutex mutex_;
  std::string reason_ LUMEN_GUARDED_BY(mutex_);
  std::unique_ptr<MediaPort> port_;
  std::shared_ptr<Pipes> pipes_;  // its senders use the port's sockets
};

TEST_F(MediaPortTest, s65_picture_goes_where_the_first_ping_came_from) {
  auto client = launch(StreamId{7});
  push_picture();
  const std::array<std::byte, 4> legacy = rtsp::write_legacy_ping();
  const auto stranger = *net::UdpSocket::bind({.local = any_port()});
  stranger.send_one(at(port_->ports().video), legacy);  // of no client that showed ids
  EXPECT_TRUE(gets_picture(client));
}

TEST_F(MediaPortTest, s66_a_ping_before_the_stream_is_ready_is_not_lost) {
  auto client = launch(StreamId{7}, false);
  for (int i = 0; i < 20; ++i, std::this_thread::sleep_for(10ms)) client.ping_video();
  port_->ready(StreamId{7}, true);
  EXPECT_TRUE(gets_picture(client, false));
}

TEST_F(MediaPortTest, m1_picture_comes_from_the_port_that_was_told) {
  auto client = launch(StreamId{7});
  net::Endpoint from;
  ASSERT_TRUE(eventually([&] {
    client.ping_video();
    push_picture();
    client.video.receive(20ms, [&](const net::Endpoint& sender, auto) { from = sender; });
    return from.port() != 0;
  }));
  EXPECT_EQ(from.port(), port_->ports().video);
}

// All of 127.0.0.0/8 is this machine's.
TEST_F(MediaPortTest, m1_picture_comes_from_the_address_that_the_client_knows) {
  open(10s, "0.0.0.0");
  auto client = launch(StreamId{7});
  for (const auto* address : {"127.0.0.2", "127.0.0.3"}) {
    const auto known = *net::Endpoint::parse(address, port_->ports().video);
    EXPECT_TRUE(eventually([&] {
      client.ping_video(known);
      push_picture();
      net::Endpoint from;
      client.video.receive(20ms, [&](const net::Endpoint& sender, auto) { from = sender; });
      return from == known;
    })) << address;
  }
}

// Before the picture, and while it runs: from strangers, from the client itself, late and repeated.
TEST_F(MediaPortTest, m40_odd_datagrams_on_the_media_ports_end_nothing) {
  auto client = launch(StreamId{7});
  ASSERT_TRUE(client.connect(data_));
  const auto ports = port_->ports();
  auto stranger = *net::UdpSocket::bind({.local = any_port()});
  const auto disturb = [&] {
    for (const auto* from : {&stranger, &client.video}) {
      for (const std::size_t size : {0UL, 1UL, 4UL, 19UL, 20UL, 21UL, 1400UL}) {
        const std::vector<std::byte> junk(size, std::byte{'P'});
        from->send_one(at(ports.video), junk);
        from->send_one(at(ports.audio), junk);
      }
      from->send_one(at(ports.video), rtsp::write_legacy_ping());
      from->send_one(at(ports.audio), rtsp::write_legacy_ping());
    }
    client.ping_video(1);
    client.ping_video(1);
  };
  disturb();
  ASSERT_TRUE(gets_picture(client));
  for (int i = 0; i < 20; ++i) disturb();
  EXPECT_TRUE(gets_picture(client, false));
  EXPECT_EQ(stranger.receive(20ms, [](const auto&, auto) {}), 0) << "nobody else gets any of it";
  EXPECT_EQ(connected_, 7);
  EXPECT_EQ(ended_, 0);
}

TEST_F(MediaPortTest, m4_s68_a_client_that_shows_no_address_is_ended) {
  open(2s);
  auto client = launch(StreamId{7});
  ASSERT_TRUE(client.connect(data_));
  ASSERT_TRUE(client.run_until([&] {
    return !client.heard.empty() && std::holds_alternative<control::Termination>(client.heard.back());
  }));
  client.leave();
  EXPECT_TRUE(eventually([this] { return ended_ == 7; }));
}

TEST_F(MediaPortTest, s68_c10_a_client_that_does_not_connect_is_ended) {
  open(300ms);
  auto client = launch(StreamId{7});
  client.ping_video(1);
  EXPECT_TRUE(eventually([this] { return ended_ == 7; }));
  EXPECT_EQ(reason(), "it did not connect");
  EXPECT_FALSE(client.connect(data_));  // its connect data is void
}

TEST_F(MediaPortTest, m5_an_address_does_not_change_twice_in_a_moment) {
  auto client = launch(StreamId{7});
  ASSERT_TRUE(gets_picture(client));
  std::this_thread::sleep_for(300ms);
  auto first = std::exchange(client.video, *net::UdpSocket::bind({.local = any_port()}));
  client.ping_video();
  auto second = std::exchange(client.video, *net::UdpSocket::bind({.local = any_port()}));
  client.ping_video();  // at once: ignored
  std::this_thread::sleep_for(30ms);
  push_picture();
  std::size_t moved = 0, moved_again = 0;
  second.receive(1s, [&](const auto&, auto) { ++moved; });
  client.video.receive(20ms, [&](const auto&, auto) { ++moved_again; });
  EXPECT_GT(moved, 0);
  EXPECT_EQ(moved_again, 0);
}

TEST_F(MediaPortTest, a_client_that_moves_is_followed_and_an_older_ping_is_not) {
  auto client = launch(StreamId{7});
  ASSERT_TRUE(gets_picture(client));
  std::this_thread::sleep_for(300ms);  // no sooner
  auto old_socket = std::exchange(client.video, *net::UdpSocket::bind({.local = any_port()}));
  client.ping_video(1);  // replayed
  EXPECT_FALSE(client.hears_anything(100ms));
  EXPECT_TRUE(gets_picture(client));
}

TEST_F(MediaPortTest, s67_c5_connect_data_decides_who_may_connect) {
  auto client = launch(StreamId{7});
  Client stranger{*rtsp::draw_launch_ids(), key_.view(), port_->ports()};
  std::thread trying{[&] { EXPECT_FALSE(stranger.connect(data_ + 1)); }};
  EXPECT_TRUE(client.connect(data_));
  trying.join();
  EXPECT_TRUE(eventually([this] { return connected_ == 7; }));
  EXPECT_EQ(ended_, 0);
}

TEST_F(MediaPortTest, input_reaches_the_session_and_is_released_when_the_client_goes) {
  auto client = launch(StreamId{7});
  ASSERT_TRUE(client.connect(data_));
  control::InputClient input;
  std::vector<control::InputPacket> packets;
  input.add(Key{.evdev_code = 30, .pressed = true}, packets);
  for (const auto& packet : packets) client.send(control::ClientMessage{packet});
  const auto key = next_at_session();
  ASSERT_TRUE(key && std::holds_alternative<InputEvent>(*key));
  client.leave();
  bool released = false;
  while (!released) {
    const auto next = next_at_session();
    ASSERT_TRUE(next);
    const auto* event = std::get_if<InputEvent>(&*next);
    released = event != nullptr && std::holds_alternative<ReleaseAll>(*event);
  }
  EXPECT_TRUE(eventually([this] { return ended_ == 7; }));
  EXPECT_EQ(reason(), "the client left");
}

TEST_F(MediaPortTest, c22_c33_pads_reach_the_session_and_their_feedback_the_client_at_once) {
  auto client = launch(StreamId{7});
  ASSERT_TRUE(client.connect(data_));
  client.send(control::ClientMessage{
      control::InputPacket{control::PadState{.pad = 1, .active_mask = 2, .buttons = pad_button::kA}}});
  const auto next_pad = [this]() -> std::optional<PadEvent> {
    while (const auto next = next_at_session()) {
      if (const auto* event = std::get_if<PadEvent>(&*next)) return *event;
    }
    return std::nullopt;
  };
  const auto arrival = next_pad();
  ASSERT_TRUE(arrival && std::holds_alternative<PadArrival>(*arrival));
  const PadEvent pressed = PadState{.slot = 1, .buttons = pad_button::kA};
  EXPECT_EQ(next_pad(), pressed);
  port_->repeat_pads(StreamId{7});
  EXPECT_EQ(next_pad(), arrival);
  EXPECT_EQ(next_pad(), pressed);
  const auto begin = now();
  port_->tell_pads(StreamId{7}, PadRumble{.slot = 1, .strong = 5, .weak = 6});
  const control::HostMessage rumble = control::Rumble{.pad = 1, .low_frequency = 5, .high_frequency = 6};
  EXPECT_TRUE(client.run_until([&] { return !client.heard.empty() && client.heard.back() == rumble; }));
  EXPECT_LT(now() - begin, 50ms) << "it waits for no timer";
}

TEST_F(MediaPortTest, c32_fingers_and_pens_reach_the_session) {
  auto client = launch(StreamId{7});
  ASSERT_TRUE(client.connect(data_));
  const auto arrives = [&](const control::InputPacket& packet, const InputEvent& wanted) {
    client.send(control::ClientMessage{packet});
    const auto next = next_at_session();
    ASSERT_TRUE(next);
    const auto* event = std::get_if<InputEvent>(&*next);
    ASSERT_NE(event, nullptr);
    EXPECT_EQ(*event, wanted);
  };
  arrives(control::Touch{.event = control::TouchEvent::down, .pointer = 9, .x = 1},
          Touch{.phase = TouchPhase::down, .id = 9, .x = 65535});
  arrives(control::Pen{.event = control::TouchEvent::hover, .y = 1, .tilt = 30},
          Pen{.place = PenPlace::hovering, .y = 65535, .tilt_degrees = 30});
}

TEST_F(MediaPortTest, c23_a_terminated_client_hears_why) {
  auto client = launch(StreamId{7});
  ASSERT_TRUE(client.connect(data_));
  ASSERT_TRUE(eventually([this] { return connected_ == 7; }));
  port_->terminate(StreamId{7}, control::TerminationCode::graceful);
  const auto is_told = [&] {
    return !client.heard.empty() && std::holds_alternative<control::Termination>(client.heard.back());
  };
  ASSERT_TRUE(client.run_until(is_told));
  const auto* message = std::get_if<control::Termination>(&client.heard.back());
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(message->code, 0x8003'0023U);
  client.leave();
  EXPECT_TRUE(eventually([this] { return ended_ == 7; }));
}

TEST_F(MediaPortTest, a_client_that_never_connected_ends_at_once) {
  launch(StreamId{7});
  port_->terminate(StreamId{7}, control::TerminationCode::graceful);
  EXPECT_TRUE(eventually([this] { return ended_ == 7; }));
}

TEST_F(MediaPortTest, a_removed_stream_lets_nobody_in) {
  auto client = launch(StreamId{7});
  port_->remove(StreamId{7});
  std::this_thread::sleep_for(50ms);  // lm-net reads its socket before it hears of the removal
  EXPECT_FALSE(client.connect(data_));
  client.ping_video();
  std::this_thread::sleep_for(50ms);
  push_picture();
  EXPECT_FALSE(client.hears_anything(100ms));
  EXPECT_EQ(ended_, 0);
}

TEST_F(MediaPortTest, an_idr_that_the_client_asks_for_is_asked_of_the_encoder) {
  auto client = launch(StreamId{7});
  ASSERT_TRUE(client.connect(data_));
  client.ping_video(1);
  client.send(control::ClientMessage{control::RequestIdr{}});
  for (;;) {
    const auto next = next_at_session();
    ASSERT_TRUE(next);
    if (std::holds_alternative<link::RequestIdr>(*next)) break;
  }
}

TEST_F(MediaPortTest, clients_hear_that_the_host_stops) {
  auto client = launch(StreamId{7});
  ASSERT_TRUE(client.connect(data_));
  ASSERT_TRUE(eventually([this] { return connected_ == 7; }));
  std::thread stopping{[this] {
    pipes_->video.end();
    port_.reset();
  }};
  EXPECT_TRUE(client.run_until([&] {
    return !client.heard.empty() && std::holds_alternative<control::Termination>(client.heard.back());
  }));
  stopping.join();
}

}  // namespace
}  // namespace lumen::host
