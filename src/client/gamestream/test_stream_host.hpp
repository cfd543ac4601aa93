// For tests: the streaming side of a host on real sockets of the loopback, made of the host ends of
// gamestream/rtsp and gamestream/control. One launch at a time.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <vector>

#include "gamestream/control/control_host.hpp"
#include "gamestream/rtsp/dispatcher.hpp"
#include "net/enet/enet.hpp"
#include "net/tcp/byte_server.hpp"
#include "net/tcp/test_loop.hpp"

namespace lumen::client::test {

namespace rtsp = gamestream::rtsp;
namespace control = gamestream::control;

class StreamHost {
 public:
  explicit StreamHost(rtsp::StreamOffer offer = {}) : offer_{std::move(offer)} {
    net_.on_loop([this] { open(); });
  }
  ~StreamHost() {
    net_.on_loop([this] {
      closing_ = true;
      net_.loop().unwatch(video_.fd());
      net_.loop().unwatch(audio_.fd());
      net_.loop().unwatch(enet_.fd());
      server_.reset();
    });
  }
  StreamHost(const StreamHost&) = delete;
  StreamHost& operator=(const StreamHost&) = delete;

  // What a launch with that key is told: the RTSP port. nullopt as key: a plain dialogue.
  std::uint16_t launch(std::optional<ByteView> key, ByteView control_key) {
    return net_.on_loop([&] {
      rtsp::LaunchParams params{.id = {1}, .peer = loopback()};
      if (key) {
        params.key.emplace();
        std::copy_n(key->begin(), params.key->size(), params.key->begin());
      }
      ids = rtsp::draw_launch_ids().value();
      params.host = {.ids = ids, .ports = ports_, .offer = offer_};
      rtsp_.remove({1}, now());
      EXPECT_TRUE(rtsp_.add(std::move(params)));
      enet_.expect({.connect_data = ids.connect_data, .until = now() + std::chrono::seconds{60}});
      control_ = control::ControlHost::create(control_key, {}, now()).value();
      peer_.reset();
      note([&] { video_pings = audio_pings = 0; });
      return server_->port();
    });
  }

  net::Endpoint control_endpoint() const { return enet_.local(); }

  // Waits until `fits(*this)` holds; false after 20 s. It may look at everything public.
  template <class Fits>
  bool wait_until(Fits fits) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::chrono::seconds{20}, [&] { return fits(*this); });
  }
  // On the host's thread, with everything public at hand.
  template <class Work>
  auto locked(Work work) {
    const std::lock_guard lock{mutex_};
    return work(*this);
  }
  void terminate(std::uint32_t code) {
    net_.on_loop([&] {
      control_->terminate(code, now());
      settle();
    });
  }
  // The launch's control connection is refused from now on.
  void withdraw_control() {
    net_.on_loop([this] { enet_.withdraw(ids.connect_data); });
  }
  void drop_client() {
    ASSERT_TRUE(wait_until([](auto& host) { return host.connected; }));
    net_.on_loop([this] { enet_.disconnect(*peer_, 0); });
  }
  void send_video(ByteView datagram) {
    const auto to = locked([](auto& host) { return host.video_peer; });
    if (to) video_.send_one(*to, datagram);
  }
  void send_audio(ByteView datagram) {
    const auto to = locked([](auto& host) { return host.audio_peer; });
    if (to) audio_.send_one(*to, datagram);
  }
  // Answers every ANNOUNCE with this from now on.
  void refuse_announce(rtsp::RtspStatus status) {
    const std::lock_guard lock{mutex_};
    announce_status_ = status;
  }

  // Guarded by the mutex: look at them in wait_until() and locked() only.
  rtsp::LaunchIds ids;
  std::optional<rtsp::StreamAgreement> agreement;
  std::optional<net::Endpoint> video_peer, audio_peer;
  std::uint32_t video_pings = 0, audio_pings = 0;
  std::uint32_t audio_pings_at_announce = 0;
  bool connected = false, disconnected = false, played = false;
  std::vector<control::HostEvent> events;
  std::vector<InputEvent> input;
  std::vector<PadEvent> pads;

 private:
  static Timestamp now() { return SteadyTime{}.now(); }
  static rtsp::PeerAddress loopback() { return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1}; }
  static net::UdpSocket socket() {
    return net::UdpSocket::bind({.local = net::Endpoint::parse("127.0.0.1", 0).value()}).value();
  }

  template <class Change>
  void note(Change change) {
    {
      const std::lock_guard lock{mutex_};
      change();
    }
    changed_.notify_all();
  }

  void open() {
    using Id = net::ByteServer::ConnectionId;
    ports_ = {video_.local()->port(), enet_.local().port(), audio_.local()->port()};
    server_ =
        net::ByteServer::create(
            net_.loop(),
            {.listen = {.addresses = {"127.0.0.1"}},
             .events = {
                 .opened = [this](Id id, const auto&) { EXPECT_TRUE(rtsp_.open({id}, loopback(), now())); },
                 .bytes = [this](Id id, ByteView bytes) { act(rtsp_.receive({id}, bytes, now())); },
                 .ended = [this](Id id, auto) { rtsp_.closed({id}); }}})
            .value();
    EXPECT_TRUE(net_.loop().watch(video_.fd(), EPOLLIN, [this](auto) { receive_pings(video_, true); }));
    EXPECT_TRUE(net_.loop().watch(audio_.fd(), EPOLLIN, [this](auto) { receive_pings(audio_, false); }));
    EXPECT_TRUE(net_.loop().watch(enet_.fd(), EPOLLIN, [this](auto) { service(); }));
    tick();
  }
  void tick() {
    if (closing_) return;
    service();
    net_.loop().call_at(now() + std::chrono::milliseconds{10}, [this] { tick(); });
  }
  void act(rtsp::RtspOutput output) {
    for (auto& event : output.events) {
      if (auto* announced = std::get_if<rtsp::Announced>(&event)) {
        auto status = rtsp::RtspStatus::ok;
        note([&] {
          agreement = announced->agreement;
          audio_pings_at_announce = audio_pings;
          status = announce_status_;
        });
        act(status == rtsp::RtspStatus::ok ? rtsp_.ready({1}, now()) : rtsp_.failed({1}, now(), status));
      } else if (std::holds_alternative<rtsp::DialogueDone>(event)) {
        note([&] { played = true; });
      }
    }
    for (auto& send : output.sends) {
      if (send.bytes.empty()) {
        server_->drop(send.connection.value);
      } else {
        server_->answer(send.connection.value, send.bytes);
      }
    }
  }
  void receive_pings(net::UdpSocket& socket, bool video) {
    socket.receive({}, [&](const net::Endpoint& from, MutableBytes datagram) {
      const auto ping = rtsp::parse_ping(datagram);
      const auto& expected = video ? ids.video_ping : ids.audio_ping;
      if (!ping || ping->legacy || ping->payload != expected) return;
      note([&] {
        (video ? video_peer : audio_peer) = from;
        auto& count = video ? video_pings : audio_pings;
        EXPECT_EQ(ping->counter, ++count);
      });
    });
  }
  void service() {
    enet_.service(now(), {.connected =
                              [this](net::EnetPeerId peer, const auto&, std::uint32_t data) {
                                EXPECT_EQ(data, ids.connect_data);
                                peer_ = peer;
                                control_->connected(now());
                                note([&] { connected = true; });
                              },
                          .received =
                              [this](net::EnetPeerId, std::uint8_t, MutableBytes bytes) {
                                note([&] { control_->receive(bytes, now(), events); });
                              },
                          .disconnected =
                              [this](net::EnetPeerId, std::uint32_t) {
                                control_->disconnected();
                                note([&] { disconnected = true; });
                              }});
    settle();
  }
  void settle() {
    if (!control_ || !peer_) return;
    note([&] {
      control_->tick(now(), events);
      control_->drain_input(input);
      control_->drain_pads(pads);
    });
    while (const auto packet = control_->next_outgoing(now()))
      enet_.send(*peer_, packet->route.channel, packet->bytes(), net::EnetDelivery::reliable);
    enet_.flush();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  rtsp::StreamOffer offer_;
  rtsp::RtspStatus announce_status_ = rtsp::RtspStatus::ok;
  net::UdpSocket video_ = socket(), audio_ = socket();
  net::EnetHost enet_ =
      net::EnetHost::create({.local = net::Endpoint::parse("127.0.0.1", 0).value()}).value();
  rtsp::MediaPorts ports_;
  // The loop's thread
  rtsp::RtspDispatcher rtsp_;
  std::optional<control::ControlHost> control_;
  std::optional<net::EnetPeerId> peer_;
  std::unique_ptr<net::ByteServer> server_;
  bool closing_ = false;
  net::LoopThread net_;  // last
};

}  // namespace lumen::client::test
