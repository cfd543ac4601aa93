// lumen/stream/send: what other threads tell lm-send. Everything merges or is replaced; nothing queues up.
// Producers: lm-main, lm-net. Consumer: lm-send. Thread-safe.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "flow/parity_control.hpp"
#include "lumen1/protection.hpp"
#include "net/udp.hpp"

namespace lumen::stream {

// Where a connection's datagrams go and under which keys. A new connection replaces the old one.
struct Peer {
  net::Endpoint endpoint;
  lumen1::DirectionKeys keys;
};

class SendInbox {
 public:
  struct Taken {
    bool peer_changed = false;
    std::optional<Peer> peer;               // new one; nullopt with peer_changed: gone
    std::optional<net::Endpoint> moved_to;  // same connection, new address
    std::vector<std::byte> message;         // newest message body, empty: none
    std::optional<LossReport> loss;
    Duration round_trip{};
    std::optional<FrameId> broken;  // newest frame the client cannot decode
  };

  void set_peer(std::optional<Peer> peer) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    next_ = Taken{.peer_changed = true, .peer = std::move(peer)};
  }
  void move_peer(const net::Endpoint& to) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    next_.moved_to = to;
  }
  void put_message(std::vector<std::byte> body) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    next_.message = std::move(body);
  }
  void report(const LossReport& loss, Duration round_trip) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    if (next_.loss) {
      next_.loss->add(loss);
    } else {
      next_.loss = loss;
    }
    next_.round_trip = round_trip;
  }
  void broken(FrameId frame) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    if (!next_.broken || *next_.broken < frame) next_.broken = frame;
  }
  Taken take() LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    return std::exchange(next_, Taken{});
  }

 private:
  Mutex mutex_;
  Taken next_ LUMEN_GUARDED_BY(mutex_);
};

}  // namespace lumen::stream
