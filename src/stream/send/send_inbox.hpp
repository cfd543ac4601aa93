// lumen/stream/send: what other threads tell lm-send. Everything merges or is replaced; nothing queues up.
// Producers: lm-main, lm-net. Consumer: lm-send. Thread-safe.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "lumen1/messages.hpp"
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
  static constexpr std::size_t kMostAsks = 64;
  struct Asks {
    std::array<lumen1::AskShards, kMostAsks> memory;
    std::size_t count = 0;
    std::span<const lumen1::AskShards> all() const { return std::span{memory}.first(count); }
  };
  struct Taken {
    bool peer_changed = false;
    std::optional<Peer> peer;                    // new one; nullopt with peer_changed: gone
    std::optional<net::Endpoint> moved_to;       // same connection, new address
    std::vector<std::byte> message;              // newest message body, empty: none
    std::vector<std::byte> pad_word;             // the same, of pads
    std::optional<lumen1::HostPointer> pointer;  // the newest one
    std::optional<lumen1::Feedback> feedback;    // the newest one, with the losses of all
    Duration round_trip{};                       // zero: none new
    Asks asks;
    std::optional<std::uint32_t> bitrate_cap_kbps;
    std::optional<FrameId> broken;  // newest frame the client cannot decode
  };

  void set_peer(std::optional<Peer> peer) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    const auto cap = next_.bitrate_cap_kbps;  // not the client's
    next_ = Taken{.peer_changed = true, .peer = std::move(peer), .bitrate_cap_kbps = cap};
  }
  void move_peer(const net::Endpoint& to) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    next_.moved_to = to;
  }
  void put_message(std::vector<std::byte> body) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    next_.message = std::move(body);
  }
  void put_pad_word(std::vector<std::byte> body) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    next_.pad_word = std::move(body);
  }
  void put_pointer(const lumen1::HostPointer& pointer) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    next_.pointer = pointer;
  }
  void report(const lumen1::Feedback& feedback) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    if (!next_.feedback) {
      next_.feedback = feedback;
      return;
    }
    auto loss = next_.feedback->loss;
    loss.add(feedback.loss);
    if (static_cast<std::int32_t>(feedback.sequence - next_.feedback->sequence) > 0)
      next_.feedback = feedback;
    next_.feedback->loss = loss;
  }
  void set_round_trip(Duration round_trip) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    next_.round_trip = round_trip;
  }
  // What is said again replaces what was said. More than kMostAsks wait for nobody: they are said again
  // anyway.
  void ask(const lumen1::AskShards& ask) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    auto& asks = next_.asks;
    std::size_t i = 0;
    while (i < asks.count && (asks.memory[i].frame != ask.frame || asks.memory[i].attempt != ask.attempt))
      ++i;
    if (i == kMostAsks) return;
    asks.memory[i] = ask;
    asks.count = std::max(asks.count, i + 1);
  }
  void set_bitrate_cap(std::uint32_t kbps) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    next_.bitrate_cap_kbps = kbps;
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
