// libenet behind the wrapper, from datagrams of a connected client, of one that connects, and of a stranger,
// over loopback. The input is a script of datagrams and time. The host hands out no message that is empty or
// too long, never has more connections than slots, and a client that is expected gets in at the end.
#include <poll.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "net/enet/enet.hpp"

namespace {

using namespace lumen;
using namespace lumen::net;

void require(bool condition) {
  if (!condition) std::abort();
}

constexpr std::size_t kPeers = 4;
constexpr std::uint32_t kData = 0x0102'0304, kLastData = 0x0A0B'0C0D;

Endpoint any() { return *Endpoint::parse("127.0.0.1", 0); }

// A busy kernel may take its time to hand over what loopback carries.
bool readable(int fd, int patience_ms = 0) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&entry, 1, patience_ms) == 1;
}
constexpr int kPatienceMs = 5000;

struct Run {
  Timestamp now = Timestamp{} + std::chrono::seconds{1000};
  EnetHost host = std::move(*EnetHost::create({.local = any(), .max_peers = kPeers}));
  UdpSocket client = std::move(*UdpSocket::bind({.local = any()}));
  UdpSocket stranger = std::move(*UdpSocket::bind({.local = any()}));
  int connected = 0;
  EnetHandlers handlers{.connected = [this](EnetPeerId, const Endpoint&, std::uint32_t) { ++connected; },
                        .received =
                            [](EnetPeerId, std::uint8_t, MutableBytes message) {
                              require(!message.empty() && message.size() <= kEnetMaxMessageBytes);
                            },
                        .disconnected = [this](EnetPeerId, std::uint32_t) { require(--connected >= 0); }};
  Run() = default;
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void service() {
    host.service(now, handlers);
    require(host.connections() <= kPeers);
    require(host.connections() == static_cast<std::size_t>(connected));
    const auto next = host.next_deadline(now);
    require(!next || *next >= now);
  }

  // As a stock client does it.
  void connect(const UdpSocket& socket, std::uint32_t data) {
    std::array<std::byte, 52> bytes{};
    ByteWriter writer{bytes};
    writer.big(std::uint16_t{0x8FFF});
    writer.big(std::uint16_t{0});
    for (const std::uint32_t word :
         {0x82FF'0001U, 0x0000'FFFFU, 900U, 65536U, 48U, 0U, 0U, 5000U, 2U, 2U, 1U, data}) {
      writer.big(word);
    }
    socket.send_one(host.local(), bytes);
  }
  void handshake() {
    host.expect({.connect_data = kData, .until = now + std::chrono::seconds{10}});
    connect(client, kData);
    require(readable(host.fd(), kPatienceMs));
    service();
    require(readable(client.fd(), kPatienceMs));
    std::array<std::byte, 12> answer{};
    while (readable(client.fd())) {
      client.receive(Duration::zero(), [&](const Endpoint&, MutableBytes verify) {
        if (verify.size() < 10) return;
        ByteWriter writer{answer};
        writer.put(verify.subspan(8, 2));  // the slot: the peer to address
        writer.put(verify.subspan(2, 2));
        writer.big(std::uint32_t{0x01FF'0001});
        writer.big(std::uint16_t{1});
        writer.put(verify.subspan(2, 2));
        answer[0] |= std::byte{0x80};
      });
    }
    client.send_one(host.local(), answer);
    require(readable(host.fd(), kPatienceMs));
    service();
    require(connected == 1);
  }
  // Whoever waits for a slot gets it once those that were taken are free again.
  void last_client() {
    now += std::chrono::seconds{60};
    for (int i = 0; i < 40 && host.connections() > 0; ++i) {
      service();
      now += std::chrono::seconds{1};
    }
    auto last = EnetClient::create({});
    host.expect({.connect_data = kLastData, .until = now + std::chrono::seconds{1000}});
    require(last->connect(host.local(), kLastData, now).has_value());
    bool in = false;
    const EnetHandlers mine{.connected = [&in](EnetPeerId, const Endpoint&, std::uint32_t) { in = true; },
                            .received = [](EnetPeerId, std::uint8_t, MutableBytes) {},
                            .disconnected = [](EnetPeerId, std::uint32_t) {}};
    for (int i = 0; i < 100 && !in; ++i) {
      last->service(now, mine);
      (void)readable(host.fd(), 1);
      service();
      (void)readable(last->fd(), 1);
      now += std::chrono::milliseconds{20};
    }
    require(in);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader script{std::as_bytes(std::span{data, std::min<std::size_t>(size, 8192)})};
  Run run;
  run.handshake();
  while (script.remaining() >= 2) {
    const auto action = script.little<std::uint8_t>();
    const std::size_t length = script.little<std::uint8_t>();
    const auto datagram = script.take(std::min(length, script.remaining()));
    switch (action % 4) {
      case 0:
      case 1:
        run.client.send_one(run.host.local(), datagram);
        break;
      case 2:
        run.stranger.send_one(run.host.local(), datagram);
        break;
      default:
        run.now += std::chrono::milliseconds{length * 10};
        break;
    }
    if ((action & 0x80U) != 0) run.service();
  }
  run.service();
  if ((size & 15U) == 0) run.last_client();
  return 0;
}
