// A host and a client of QUIC on a network that the input rules: what it forges, loses, changes, repeats and
// delays. Datagrams that leave have bit 0x40 set; bytes arrive in order and as they were sent; nobody is
// connected to anybody but these two; each connection ends once. In the end whoever is left still works.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/quic/quic.hpp"

namespace {

using namespace lumen;
using namespace lumen::net;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Someone {
  crypto::Identity identity =
      crypto::Identity::create("fuzz", std::chrono::system_clock::time_point{}, crypto::KeyKind::ecdsa_p256)
          .value();
  std::shared_ptr<const QuicIdentity> tls =
      std::make_shared<QuicIdentity>(QuicIdentity::create(identity).value());
};
const std::array<Someone, 2>& people() {
  static const std::array<Someone, 2> both;
  return both;
}

constexpr std::size_t kHost = 0, kClient = 1;
constexpr std::byte kFixedBit{0x40};

// The n-th byte of a stream.
std::byte nth(std::size_t n) { return static_cast<std::byte>(n * 2654435761U >> 11U); }

struct Run {
  Timestamp now = Timestamp{} + std::chrono::seconds{1000};
  const std::array<Endpoint, 2> addresses{*Endpoint::parse("192.0.2.1", 1), *Endpoint::parse("192.0.2.2", 2)};
  const Endpoint stranger = *Endpoint::parse("192.0.2.3", 3);
  std::array<std::deque<std::vector<std::byte>>, 2> on_the_way;  // to each
  std::array<QuicEndpoint, 2> ends{make(kHost), make(kClient)};
  struct Stream {
    bool connected = false, closed = false;
    std::size_t sent = 0, received = 0;
  };
  std::array<std::map<QuicId, Stream>, 2> streams;

  Run() = default;
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  QuicEndpoint make(std::size_t who) {
    QuicParams params;
    params.role = who == kHost ? QuicRole::host : QuicRole::client;
    params.identity = people()[who].tls;
    params.max_connections = 4;
    params.max_half_open = 3;
    params.retry_above = 1;
    params.send = [this, who](const QuicPath& path, ByteView datagram) {
      require(!datagram.empty() && (datagram[0] & kFixedBit) != std::byte{0});
      const auto to = 1 - who;
      if (path.peer == addresses[to] && on_the_way[to].size() < 64) {
        on_the_way[to].emplace_back(datagram.begin(), datagram.end());
      }
    };
    return QuicEndpoint::create(std::move(params)).value();
  }

  void take(std::size_t who, const QuicEvent& event) {
    const auto id = std::visit([](const auto& any) { return any.id; }, event);
    auto& stream = streams[who][id];
    require(!stream.closed);
    if (const auto* connected = std::get_if<QuicConnected>(&event)) {
      require(!stream.connected && connected->peer == people()[1 - who].identity.certificate());
      stream.connected = true;
    }
    if (const auto* bytes = std::get_if<QuicBytes>(&event)) {
      require(stream.connected && !bytes->bytes.empty());
      for (const auto byte : bytes->bytes) require(byte == nth(stream.received++));
    }
    if (std::holds_alternative<QuicClosed>(event)) {
      require(who == kClient || stream.connected);
      stream.closed = true;
    }
  }
  void settle(std::size_t who) {
    if (const auto due = ends[who].next_deadline(); due && *due <= now) ends[who].on_timer(now);
    while (const auto event = ends[who].poll(now)) take(who, *event);
    require(ends[kHost].connections() <= 4);
  }
  void hand_over(std::size_t to, ByteView datagram, bool forged_address = false) {
    ends[to].receive({addresses[to], forged_address ? stranger : addresses[1 - to]}, datagram, now);
    settle(to);
  }
  void deliver(std::size_t to, ByteView changes, bool twice) {
    if (on_the_way[to].empty()) return;
    auto datagram = std::move(on_the_way[to].front());
    on_the_way[to].pop_front();
    for (std::size_t i = 0; i + 1 < changes.size(); i += 2) {
      datagram[std::to_integer<std::size_t>(changes[i]) * 7 % datagram.size()] ^= changes[i + 1];
    }
    hand_over(to, datagram);
    if (twice) hand_over(to, datagram);
  }
  void send(std::size_t who, std::size_t count) {
    for (auto& [id, stream] : streams[who]) {
      std::vector<std::byte> bytes(count);
      for (std::size_t i = 0; i < count; ++i) bytes[i] = nth(stream.sent + i);
      if (ends[who].send(id, bytes, now)) stream.sent += count;
    }
    settle(who);
  }
  void connect(bool right_pin) {
    if (ends[kClient].connections() >= 4) return;
    const auto& pinned = people()[right_pin ? kHost : kClient].identity.certificate();
    const auto id = ends[kClient].connect(
        {.address = addresses[kHost], .local = addresses[kClient], .pin = pinned.fingerprint()}, now);
    require(id.has_value());
    streams[kClient][*id] = {};
  }
  void close(std::size_t who) {
    for (auto& [id, stream] : streams[who]) {
      if (stream.closed) continue;
      ends[who].close(id, 1, "fuzz", now);
      stream.closed = true;
      return;
    }
  }
  void pass(Duration time) {
    now += time;
    settle(kHost);
    settle(kClient);
  }
  // Everything has ended after a while of silence, and a new client gets in.
  void finish() {
    on_the_way = {};
    // Long, as QUIC's idle time is three timeouts at least, and the input may have made round trips of
    // minutes.
    for (int i = 0; i < 100; ++i) {
      on_the_way = {};
      pass(std::chrono::minutes{10});
    }
    on_the_way = {};
    require(ends[kHost].connections() == 0);
    connect(true);
    const auto id = streams[kClient].rbegin()->first;
    for (int i = 0; i < 400 && !streams[kClient][id].connected; ++i) {
      while (!on_the_way[kHost].empty()) deliver(kHost, {}, false);
      while (!on_the_way[kClient].empty()) deliver(kClient, {}, false);
      pass(std::chrono::milliseconds{5});
    }
    require(streams[kClient][id].connected);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader script{std::as_bytes(std::span{data, std::min<std::size_t>(size, 4096)})};
  Run run;
  run.connect(true);
  while (script.remaining() >= 2) {
    run.pass(std::chrono::milliseconds{1});
    const auto action = script.little<std::uint8_t>();
    const std::size_t length = script.little<std::uint8_t>();
    const std::size_t who = (action >> 4U) & 1U;
    switch (action % 12) {
      case 0:
      case 1:
      case 2:
        for (std::size_t i = 0; i <= length % 4; ++i) run.deliver(who, {}, false);
        break;
      case 3:
        run.deliver(who, script.take(std::min(length % 16, script.remaining())), (action & 0x80U) != 0);
        break;
      case 4:
        if (!run.on_the_way[who].empty()) run.on_the_way[who].pop_front();
        break;
      case 5:
        run.hand_over(who, script.take(std::min(length, script.remaining())), (action & 0x80U) != 0);
        break;
      case 6: {  // long ones, which look like a first datagram
        auto head = script.take(std::min(length, script.remaining()));
        std::vector<std::byte> datagram(head.begin(), head.end());
        datagram.resize(1200);
        run.hand_over(who, datagram, (action & 0x80U) != 0);
        break;
      }
      case 7:
        run.send(who, length * 16);
        break;
      case 8:
        run.pass(std::chrono::milliseconds{length * ((action & 0x80U) != 0 ? 20 : 1)});
        break;
      case 9:
        if (run.on_the_way[who].size() > 1)
          std::swap(run.on_the_way[who].front(), run.on_the_way[who].back());
        break;
      case 10:
        run.connect((length & 1U) == 0);
        break;
      default:
        run.close(who);
        break;
    }
  }
  if ((size & 7U) == 0) run.finish();
  return 0;
}
