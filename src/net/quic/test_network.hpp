// lumen/net/quic, tests: endpoints on a network in memory, with a clock of its own and seeded faults.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "net/quic/quic.hpp"

namespace lumen::net::quic {

inline crypto::Identity new_identity() {
  const std::chrono::system_clock::time_point kNow{std::chrono::seconds{1'800'000'000}};
  return crypto::Identity::create("test", kNow, crypto::KeyKind::ecdsa_p256).value();
}
// Three of them for the whole program: who they are does not matter, that they differ does.
struct Someone {
  crypto::Identity identity = new_identity();
  std::shared_ptr<const QuicIdentity> tls =
      std::make_shared<QuicIdentity>(QuicIdentity::create(identity).value());
  const crypto::Fingerprint& fingerprint() const { return identity.certificate().fingerprint(); }
};
inline const Someone& the_host() {
  static const Someone someone;
  return someone;
}
inline const Someone& the_client() {
  static const Someone someone;
  return someone;
}
inline const Someone& somebody_else() {
  static const Someone someone;
  return someone;
}

inline Endpoint at(std::string_view ip, std::uint16_t port) {
  return *Endpoint::parse(std::string{ip}, port);
}
inline ByteView text_view(std::string_view text) { return std::as_bytes(std::span{text}); }
inline std::string text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Faults {
  double lost = 0, duplicated = 0, reordered = 0;
};

// Carries datagrams between endpoints in order of time. Everything that an endpoint sends is checked for bit
// 0x40.
class Network {
 public:
  explicit Network(std::uint32_t seed = 1) : random_{seed} {}
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  Timestamp now() const { return now_; }
  void wait(Duration time) { now_ += time; }

  // What `from` sends to `to` arrives at whoever is attached there.
  void send(const Endpoint& from, const Endpoint& to, ByteView bytes) {
    EXPECT_NE(bytes[0] & std::byte{0x40}, std::byte{0});
    EXPECT_LE(bytes.size(), kQuicMaxDatagramBytes);
    ++sent;
    if (tap) tap(from, to, bytes);
    if (chance(faults.lost)) return;
    const auto due = now_ + delay + (chance(faults.reordered) ? 3 * delay : Duration::zero());
    const Datagram datagram{from, to, {bytes.begin(), bytes.end()}};
    in_flight_.emplace(due, datagram);
    if (chance(faults.duplicated)) in_flight_.emplace(due + delay, datagram);
  }
  using Receiver = std::function<void(const Endpoint& from, const Endpoint& to, ByteView bytes)>;
  void attach(const Endpoint& address, Receiver receiver) {
    receivers_.emplace_back(address, std::move(receiver));
  }
  void detach(const Endpoint& address) {
    std::erase_if(receivers_, [&](const auto& entry) { return entry.first == address; });
  }

  std::optional<Timestamp> next() const {
    return in_flight_.empty() ? std::nullopt : std::optional{in_flight_.begin()->first};
  }
  void advance_to(Timestamp time) { now_ = std::max(now_, time); }
  void deliver_due() {
    while (!in_flight_.empty() && in_flight_.begin()->first <= now_) {
      const auto datagram = in_flight_.extract(in_flight_.begin()).mapped();
      const auto receivers = receivers_;  // a receiver may attach and detach
      for (const auto& [address, receiver] : receivers) {
        if (address == datagram.to) receiver(datagram.from, datagram.to, datagram.bytes);
      }
    }
  }

  Faults faults;
  Duration delay = std::chrono::milliseconds{1};
  std::function<void(const Endpoint& from, const Endpoint& to, ByteView bytes)> tap;
  std::uint64_t sent = 0;

 private:
  struct Datagram {
    Endpoint from, to;
    std::vector<std::byte> bytes;
  };
  bool chance(double share) { return share > 0 && std::uniform_real_distribution<>{0, 1}(random_) < share; }

  std::mt19937 random_;
  Timestamp now_{std::chrono::seconds{1000}};
  std::multimap<Timestamp, Datagram> in_flight_;
  std::vector<std::pair<Endpoint, Receiver>> receivers_;
};

// An endpoint with what it has been told.
class Party {
 public:
  // `network` outlives it.
  Party(Network& network, const Endpoint& address, QuicParams params) : network_{network}, address_{address} {
    params.send = [this](const QuicPath& path, ByteView datagram) {
      network_.send(translate(path.local), path.peer, datagram);
    };
    quic.emplace(QuicEndpoint::create(std::move(params)).value());
    listen(address);
  }
  Party(const Party&) = delete;
  Party& operator=(const Party&) = delete;
  ~Party() {
    for (const auto& address : attached_) network_.detach(address);
  }

  // Datagrams to `address` come in as for `name` (default: the address itself).
  void listen(const Endpoint& address, std::optional<Endpoint> name = {}) {
    attached_.push_back(address);
    network_.attach(address, [this, name](const Endpoint& from, const Endpoint& to, ByteView bytes) {
      if (quic) quic->receive({name.value_or(to), from}, bytes, network_.now());
      poll();
    });
  }
  void deafen(const Endpoint& address) { network_.detach(address); }
  // A NAT between gives the socket another address: the endpoint does not learn of it.
  void appear_as(const Endpoint& outside) {
    deafen(outside_.value_or(address_));
    outside_ = outside;
    listen(outside, address_);
  }

  void poll() {
    if (!polls) return;
    while (auto event = quic->poll(network_.now())) {
      if (on_event) on_event(*event);
      std::visit([this](auto& any) { note(any); }, *event);
    }
  }
  void tick() {
    if (const auto due = quic->next_deadline(); due && *due <= network_.now()) {
      quic->on_timer(network_.now());
      poll();
    }
  }

  Status send(QuicId id, std::string_view text) { return quic->send(id, text_view(text), network_.now()); }
  void close(QuicId id, std::uint64_t code, std::string_view text) {
    quic->close(id, code, text, network_.now());
  }
  QuicId connect(const Endpoint& host, std::optional<crypto::Fingerprint> pin = the_host().fingerprint()) {
    return quic->connect({.address = host, .local = address_, .pin = pin}, network_.now()).value();
  }
  const Endpoint& address() const { return address_; }
  bool is_connected(QuicId id) const {
    return std::ranges::any_of(connected, [id](const auto& one) { return one.id == id; });
  }

  std::optional<QuicEndpoint> quic;
  bool polls = true;  // false: the test does, or nobody
  std::function<void(const QuicEvent&)> on_event;
  std::vector<QuicConnected> connected;
  std::vector<QuicMoved> moved;
  std::vector<QuicClosed> closed;
  std::map<QuicId, std::string> received;

 private:
  void note(QuicConnected& event) { connected.push_back(event); }
  void note(QuicMoved& event) { moved.push_back(event); }
  void note(QuicClosed& event) { closed.push_back(event); }
  void note(QuicBytes& event) { received[event.id] += text_of(event.bytes); }
  Endpoint translate(const Endpoint& local) const {
    if (outside_ && local == address_) return *outside_;
    return local.port() == 0 ? address_ : local;
  }

  Network& network_;
  Endpoint address_;
  std::optional<Endpoint> outside_;
  std::vector<Endpoint> attached_;
};

// One host, one client, and time.
class Stage {
 public:
  explicit Stage(QuicParams for_host = {}, QuicParams for_client = {}, std::uint32_t seed = 1)
      : network{seed},
        host{network, at("192.0.2.1", 47986), as_host(std::move(for_host))},
        client{network, at("192.0.2.2", 40000), as_client(std::move(for_client))} {}

  static QuicParams as_host(QuicParams params) {
    params.role = QuicRole::host;
    if (!params.identity) params.identity = the_host().tls;
    params.secret = crypto::SecretBytes<32>{text_view("a secret of thirty-two bytes....")};
    return params;
  }
  static QuicParams as_client(QuicParams params) {
    params.role = QuicRole::client;
    if (!params.identity) params.identity = the_client().tls;
    return params;
  }

  // Lets time pass until `done` or for `patience`.
  bool run(const std::function<bool()>& done, Duration patience = std::chrono::seconds{30}) {
    const auto end = network.now() + patience;
    for (int same = 0; !done();) {
      std::optional<Timestamp> next = network.next();
      for (auto* party : parties()) {
        const auto due = party->quic ? party->quic->next_deadline() : std::nullopt;
        if (due && (!next || *due < *next)) next = due;
      }
      if (!next || *next > end) {
        network.advance_to(end);
        return done();
      }
      // An endpoint that wants its timer again and again at one time would keep a program busy for ever.
      same = *next <= network.now() ? same + 1 : 0;
      if (same > 20'000) {
        ADD_FAILURE() << "time stands still";
        return false;
      }
      network.advance_to(*next);
      network.deliver_due();
      for (auto* party : parties()) {
        if (party->quic) party->tick();
      }
    }
    return true;
  }
  void run_for(Duration time) {
    (void)run([] { return false; }, time);
  }
  // Both sides sure of each other; the client's and the host's names for the connection.
  struct Ids {
    QuicId client, host;
  };
  Ids connect() {
    const auto known = host.connected.size();
    const auto id = client.connect(host.address());
    EXPECT_TRUE(run([&] { return client.is_connected(id) && host.connected.size() > known; }));
    return {id, host.connected.empty() ? QuicId{} : host.connected.back().id};
  }
  std::vector<Party*> parties() {
    std::vector<Party*> all{&host, &client};
    all.insert(all.end(), others.begin(), others.end());
    return all;
  }

  Network network;
  Party host, client;
  std::vector<Party*> others;
};

}  // namespace lumen::net::quic
