// lumen/simulation: one direction of a network in virtual time. Says of each datagram whether and when it
// arrives; nothing is moved and nothing waits.
//
// Datagrams pass, in this order: a bottleneck with a queue in front of it that drops what does not fit; a
// place where some are lost, as Gilbert's two-state chain says (flow/frame_loss.hpp), so also independently
// of each other; a way of `delay` and up to `jitter`, on which they do not overtake each other, except for
// those that are held back by `reorder_by`.
//
// All is drawn from a seed. After restart(n) the draws depend on the seed, n and the count of datagrams since
// then alone: senders that add different parity to the same frames meet the same losses at the same places
// when each restarts at each frame. Owner: one thread. Thread-safe: no. Never allocates.
#pragma once

#include <cstdint>
#include <optional>

#include "base/units.hpp"
#include "flow/frame_loss.hpp"
#include "simulation/random.hpp"

namespace lumen::simulation {

struct LinkParams {
  LossModel loss;         // a loss of 1 is an outage
  std::uint32_t run = 0;  // losses come in runs of exactly so many instead; 0: as `loss` says
  Duration delay{};       // one way
  Duration jitter{};      // 0…jitter more, for each datagram
  double reordered = 0;   // share of the datagrams that is held back
  double duplicated = 0;  // share that arrives once more, up to `reorder_by` later
  Duration reorder_by = std::chrono::milliseconds{1};
  BitsPerSecond rate{};     // of the bottleneck; 0: none
  Bytes queue{256 * 1024};  // that may wait for it, with the one that is on its way through
};

enum class Outcome : std::uint8_t { arrived, lost, overflowed };

struct Fate {
  Outcome outcome = Outcome::arrived;
  Timestamp arrives{};                 // when it did
  std::optional<Timestamp> duplicate;  // and when once more
  Duration queued{};                   // at the bottleneck, its own way through included
};

struct LinkStats {
  std::uint64_t sent = 0, lost = 0, overflowed = 0, reordered = 0, duplicated = 0;
};

class Link {
 public:
  Link(const LinkParams& params, std::uint64_t seed);

  void set(const LinkParams& params) { params_ = params; }  // from the next datagram on
  const LinkParams& params() const { return params_; }
  void restart(std::uint64_t trace);
  // `now` never runs backwards.
  Fate send(Timestamp now, Bytes size);
  const LinkStats& stats() const { return stats_; }

 private:
  bool next_is_lost();
  double chance_of_loss() const;
  std::optional<Timestamp> pass_bottleneck(Timestamp now, Bytes size);
  void travel(Timestamp left, Fate& fate);

  LinkParams params_;
  std::uint64_t seed_;
  Random losses_, times_;
  std::optional<bool> lost_before_;  // nullopt: the chain begins anew
  std::uint32_t run_left_ = 0;
  Timestamp free_{}, last_arrival_{};
  LinkStats stats_;
};

}  // namespace lumen::simulation
