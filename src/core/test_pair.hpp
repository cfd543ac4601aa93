// A host session and a client session with a link between them that loses, delays and doubles datagrams; one
// thread, time by hand.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <vector>

#include "core/client_session.hpp"
#include "core/host_session.hpp"

namespace lumen::core::test {

using namespace std::chrono_literals;

inline lumen1::Secret secret() {
  lumen1::Secret secret{};
  for (std::size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::byte>(i * 7 + 1);
  return secret;
}

// One way. What to do with each datagram is asked of `fate`: how often it arrives, and how much later.
class Link {
 public:
  struct Fate {
    int copies = 1;
    Duration delay = 1ms;
  };
  std::function<Fate(ByteView)> fate = [](ByteView) { return Fate{}; };

  void send(ByteView datagram, Timestamp now) {
    const auto what = fate(datagram);
    for (int i = 0; i < what.copies; ++i) {
      under_way_.emplace(now + what.delay, std::vector<std::byte>{datagram.begin(), datagram.end()});
    }
  }
  // Hands out what has arrived by `now`.
  void receive(Timestamp now, const std::function<void(MutableBytes)>& take) {
    while (!under_way_.empty() && under_way_.begin()->first <= now) {
      auto datagram = std::move(under_way_.begin()->second);
      under_way_.erase(under_way_.begin());
      take(datagram);
    }
  }

 private:
  std::multimap<Timestamp, std::vector<std::byte>> under_way_;
};

struct Received {
  std::uint64_t id = 0;
  PictureKind kind{};
  std::vector<std::byte> bytes;
  bool repaired = false;
};

class Pair {
 public:
  explicit Pair(HostSessionParams host_params = {}, ClientReceiverParams client_params = {})
      : host{with_secret(host_params), codec},
        client{with_secret(client_params), ClientWish{{1920, 1080, 60'000}, true}, codec} {}

  // Everything that is due until `end`, in steps of a tenth of a millisecond.
  void run_until(Timestamp end) {
    for (; now < end; now += 100us) step();
  }
  void run_for(Duration span) { run_until(now + span); }
  void connect() {
    for (int i = 0; i < 1000 && !client.units().host_state(); ++i) run_for(1ms);
    ASSERT_TRUE(client.units().host_state().has_value());
  }
  // As an encoder would: an IDR when one was asked for. Remembers what was sent.
  void push(std::vector<std::byte> bytes) {
    const auto kind = idr_wanted ? PictureKind::idr : PictureKind::delta;
    const auto pushed = host.push({.kind = kind, .width = 1920, .height = 1080, .bytes = bytes}, now);
    ASSERT_TRUE(pushed) << describe(pushed.error());
    if (kind == PictureKind::idr) idr_wanted = false;
    sent[host.sender().last_frame().value] = std::move(bytes);
    send_from_host();
  }

  fec::Leopard codec;
  HostSession host;
  ClientSession client;
  Link down, up;
  Timestamp now = from_ns(1'000'000'000);
  bool idr_wanted = false, send_from_client = true;
  int idr_requests = 0, connections = 0;
  std::map<std::uint64_t, std::vector<std::byte>> sent;
  std::vector<Received> received;
  std::vector<lumen1::FrameLoss> missing;
  std::vector<InputEvent> inputs;
  std::vector<Train> trains;  // their bytes are gone

 private:
  template <class Params>
  static Params with_secret(Params params) {
    params.secret = secret();
    return params;
  }
  void step() {
    up.receive(now, [this](MutableBytes datagram) {
      ASSERT_TRUE(host.receive(datagram, now));
      inputs.insert(inputs.end(), host.inputs().begin(), host.inputs().end());
      connections += host.has_connected() ? 1 : 0;
      send_from_host();
    });
    down.receive(now, [this](MutableBytes datagram) {
      ASSERT_TRUE(client.receive(datagram, now));
      deliver();
    });
    deliver();
    if (!send_from_client) return;
    while (const auto datagram = client.next_datagram(now).value()) up.send(*datagram, now);
  }
  void send_from_host() {
    while (const auto outgoing = host.next(now)) {
      const auto& train = outgoing->train;
      trains.push_back(train);
      for (std::size_t i = 0; i < train.datagrams; ++i) {
        down.send(train.bytes.subspan(i * train.datagram_bytes, train.datagram_bytes), train.due);
      }
    }
    if (host.take_idr_request()) {
      idr_wanted = true;
      ++idr_requests;
    }
  }
  void deliver() {
    AccessUnit unit;
    for (;;) {
      const auto bytes = client.units().pop_view(unit, now);
      if (const auto gap = client.units().take_missing()) missing.push_back(*gap);
      if (!bytes) return;
      received.push_back(
          {unit.id.value, unit.kind, {bytes->begin(), bytes->end()}, client.units().is_repaired()});
    }
  }
};

inline std::vector<std::byte> noise(std::size_t bytes, std::uint64_t seed) {
  std::mt19937_64 random{seed};
  std::vector<std::byte> noise(bytes);
  for (auto& byte : noise) byte = static_cast<std::byte>(random());
  return noise;
}

}  // namespace lumen::core::test
