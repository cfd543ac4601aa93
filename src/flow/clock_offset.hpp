// lumen/flow: how far a peer's clock is from ours, from pings that it answered. Pure.
//
// offset = ((remote received − sent) + (remote sent − received)) / 2, wrong by at most half the round trip,
// and by nothing when both ways take equally long. The shortest round trip is the one that waited least in
// queues, so its offset is taken; it is forgotten after kMemory, since clocks drift (50 ppm: 1.5 ms in 30 s).
// Owner: one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/units.hpp"

namespace lumen {

class ClockOffset {
 public:
  static constexpr Duration kMemory = std::chrono::seconds{30};
  static constexpr std::size_t kMaxSamples = 64;

  // `sent` and `received` by our clock, `remote_received` and `remote_answered` by the peer's, which may say
  // anything: a sample that cannot be is dropped.
  struct Sample {
    Timestamp sent, received;
    std::uint64_t remote_received_ns = 0, remote_answered_ns = 0;
  };
  void add(const Sample& sample) {
    constexpr std::uint64_t kEndOfTime = 1ULL << 62U;
    if (sample.remote_received_ns > sample.remote_answered_ns || sample.remote_answered_ns > kEndOfTime)
      return;
    if (sample.received < sample.sent || to_ns(sample.sent) < 0) return;
    const auto remote_received = static_cast<std::int64_t>(sample.remote_received_ns),
               remote_answered = static_cast<std::int64_t>(sample.remote_answered_ns);
    const Duration round_trip = sample.received - sample.sent - Duration{remote_answered - remote_received};
    if (round_trip < Duration::zero()) return;
    const auto there = remote_received - to_ns(sample.sent), back = remote_answered - to_ns(sample.received);
    keep({sample.received, round_trip, Duration{there / 2 + back / 2}});
  }

  // The peer's clock minus ours; nothing before the first sample.
  std::optional<Duration> offset() const {
    return kept_.empty() ? std::nullopt : std::optional{best().offset};
  }
  // What offset() may be wrong by.
  Duration uncertainty() const { return kept_.empty() ? Duration::max() : best().round_trip / 2; }
  // The shortest one of the last kMemory; nothing before the first sample.
  std::optional<Duration> round_trip() const {
    return kept_.empty() ? std::nullopt : std::optional{best().round_trip};
  }

 private:
  struct Kept {
    Timestamp received;
    Duration round_trip, offset;
  };
  const Kept& best() const { return *std::ranges::min_element(kept_, {}, &Kept::round_trip); }
  void keep(const Kept& sample) {
    kept_.push_back(sample);
    while (kept_.size() > kMaxSamples || kept_.front().received + kMemory < sample.received)
      kept_.pop_front();
  }
  std::deque<Kept> kept_;
};

}  // namespace lumen
