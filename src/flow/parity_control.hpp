// lumen/flow: how much parity a frame gets. Parity follows the loss that the client measures, never below
// what a blink of a clean link may do.
//
// For k data shards and a loss probability p it picks the smallest m with
//   P[more than m of k + m shards lost] <= target,
// losses independent. A block survives when its k-th arriving shard comes before more than m are lost; the
// losses before it are negative binomial, so with q = 1 − p
//   P[survives] = Σ i=0…m of C(k + i − 1, i) · qᵏ · pⁱ,
// and each m costs one more term of one sum.
//
// p is what is known of the link, at the bad end of its uncertainty:
// - Reports are summed up and aged with `half_life`; p is the upper end of Wilson's interval (two standard
//   deviations) of lost / expected. Where little was sent, the sum is taken for as many clean datagrams as
//   make that `initial_loss`: an idle stream does not forget its way up to 100 %.
// - A report that the present p makes implausible (one in a thousand) replaces the sums: the link changed.
// - Losses in bursts come as if shards were lost by the handful. Of n datagrams, chance alone makes a run of
//   L with a probability of about n·q·pᴸ; p is multiplied by one plus what the longest burst exceeds the L
//   of one in a thousand.
// - p rises at once and falls with `half_life`, between `floor_loss` and `ceiling_loss`.
//
// Owner: one thread. Thread-safe: no.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/units.hpp"

namespace lumen {

struct LossReport {
  std::uint32_t expected = 0;       // datagrams that should have come since the last report
  std::uint32_t lost = 0;           // of those, how many did not
  std::uint32_t longest_burst = 0;  // most in a row
};

class ParityControl {
 public:
  struct Params {
    double initial_loss = 0.02, floor_loss = 0.002, ceiling_loss = 0.25;
    double target = 1e-7;  // probability that one block cannot be recovered; at least 1e-12
    Duration half_life = std::chrono::seconds{3};
  };
  explicit ParityControl(const Params& params);
  ParityControl() : ParityControl(Params{}) {}

  // Any values: more lost than expected counts as all lost.
  void report(Timestamp now, const LossReport& report);
  double assumed_loss() const { return assumed_; }
  // 1 <= result, data_shards + result <= 255 (fewer when no more fit). data_shards in 1…254.
  std::size_t parity_for(std::size_t data_shards) const;

 private:
  double aging_until(Timestamp now);
  double wanted_loss() const;

  Params params_;
  double assumed_;
  double expected_ = 0, lost_ = 0;  // aged sums
  double clump_ = 1;                // shards lost together, aged
  std::optional<Timestamp> last_;
  mutable std::array<std::uint8_t, 256> cached_{};  // 0: not computed for the present `assumed_`
};

}  // namespace lumen
