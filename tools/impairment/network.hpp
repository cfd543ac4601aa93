// tools/impairment: two directions of a network whose properties change over time, in virtual time: says of
// each datagram whether and when it arrives (simulation/link.hpp), and keeps count. Nothing is moved.
// Owner: one thread. Thread-safe: no.
#pragma once

#include <array>
#include <vector>

#include "base/histogram.hpp"
#include "simulation/link.hpp"
#include "tools/impairment/schedule.hpp"

namespace lumen::impairment {

struct Totals {
  std::uint64_t datagrams = 0, bytes = 0;  // that came
  std::uint64_t passed = 0, lost = 0, overflowed = 0, blacked_out = 0, reordered = 0, duplicated = 0;
  std::uint64_t passed_bytes = 0;
};

// A tenth of a second of one direction.
struct Moment {
  std::uint64_t passed_bytes = 0, dropped = 0;
  Duration queued{};  // the longest wait at the bottleneck of those that came in it
};

// One direction.
class Direction {
 public:
  static constexpr Duration kMoment = std::chrono::milliseconds{100};
  static constexpr std::size_t kMoments = 36'000;  // an hour; what comes later is in the totals alone

  explicit Direction(std::uint64_t seed) : link_{{}, seed} {}
  void apply(const Change& change, Timestamp now);
  simulation::Fate send(Timestamp now, Duration since_start, Bytes size);

  Totals totals() const;
  const std::vector<Moment>& moments() const { return moments_; }
  const LatencyHistogram& queued() const { return queued_; }

 private:
  void fit_queue();

  simulation::LinkParams params_;
  std::optional<Duration> queue_time_;  // instead of bytes
  Timestamp dark_until_{};
  simulation::Link link_;
  Totals totals_;
  std::vector<Moment> moments_;
  LatencyHistogram queued_;
};

class Network {
 public:
  // Changes of the same time happen in the order given.
  Network(const std::vector<Change>& changes, std::uint64_t seed);

  // `now` never runs backwards. The first datagram starts the schedule.
  simulation::Fate send(Side side, Timestamp now, Bytes size);
  // Lives through what is due.
  void advance(Timestamp now);
  std::optional<Timestamp> next_change() const;
  // How often the client's address was to change since the last call.
  std::uint64_t take_moves();

  const Direction& direction(Side side) const { return directions_[static_cast<std::size_t>(side)]; }
  std::optional<Timestamp> started() const { return started_; }

 private:
  void apply(const Change& change, Timestamp now);

  std::array<Direction, 2> directions_;
  std::vector<Change> changes_;
  std::size_t next_ = 0;
  std::optional<Timestamp> started_;
  std::uint64_t moves_ = 0;
};

}  // namespace lumen::impairment
