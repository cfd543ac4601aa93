// lumen/simulation/session: what lumen/1 promises over bad networks, each as a run whose figures can be read.
// Tests hold them against the promise over a few seeds; tools/loss-harness prints them over many.
#pragma once

#include <string>
#include <vector>

#include "simulation/session/session_run.hpp"

namespace lumen::simulation {

// In this time after the begin the parity learns what the link loses; losses are not counted.
inline constexpr Duration kLearning = std::chrono::seconds{1};

enum class Trouble : std::uint8_t {
  none,
  uniform_2,  // percent of the datagrams, both ways
  uniform_5,
  bursts_5,  // in runs of 8 on average
  uniform_8,
  blackout,    // nothing passes for 300 ms, again and again
  bottleneck,  // 50 → 10 Mbit/s, after a while 50 again
};
const char* to_string(Trouble trouble);

struct Scenario {
  Trouble trouble = Trouble::none;
  Duration round_trip = std::chrono::milliseconds{20}, jitter{};
  Duration span = std::chrono::seconds{60};
  Duration recovery_span = std::chrono::seconds{15};  // after a bottleneck
  std::uint32_t bitrate_kbps = 10'000;
  bool still = false;  // a desktop that changes now and then only
  ParityControl::Params parity;
};

struct Figures {
  std::uint64_t frames = 0, lost = 0, lost_learning = 0;
  double longest_freeze_ms = 0, latency_p50_ms = 0, latency_p99_ms = 0;
  double parity_percent = 0;  // of the data
  double overhead = 0;        // of what is sent over the pictures
  std::uint64_t rescued = 0;  // frames, by shards sent again
  std::uint64_t idr = 0;
  double back_after_ms = 0;  // blackout: the worst time from the link's return to a picture
  // bottleneck: when the queue has fallen below 50 ms for good; its longest after that and at all; what the
  // encoder got of the 10 Mbit/s, and its share between the least and the most of it
  double drained_after_ms = 0, queue_after_ms = 0, queue_most_ms = 0;
  double kbps = 0, kbps_low = 0, kbps_high = 0;
  double kbps_recovered = 0;  // `recovery_span` after the bottleneck is gone
};

Figures run(const Scenario& scenario, std::uint64_t seed);
// The median of each figure.
Figures median(std::vector<Figures> figures);
// The worst.
Figures worst(const std::vector<Figures>& figures);

}  // namespace lumen::simulation
