// lumen/flow: how much parity a frame gets. Parity follows the loss that the client measures, never below
// what a blink of a clean link may do.
//
// For k data shards and a loss probability p it picks the smallest m with
//   P[more than m of k + m shards lost] <= target,
// losses independent; bursts widen p. p is an upper confidence bound over a sliding window: it starts at
// `initial_loss`, rises at once with what is reported, and decays towards `floor_loss` over seconds.
// Owner: one thread. Thread-safe: no.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

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
    double initial_loss = 0.02, floor_loss = 0.005, ceiling_loss = 0.25;
    double target = 1e-7;  // probability that one block cannot be recovered
    Duration half_life = std::chrono::seconds{3};
  };
  explicit ParityControl(const Params& params);
  ParityControl() : ParityControl(Params{}) {}

  void report(Timestamp now, const LossReport& report);
  double assumed_loss() const { return assumed_; }
  // 1 <= result, data_shards + result <= 255 (fewer when no more fit). data_shards in 1…254.
  std::size_t parity_for(std::size_t data_shards) const;

 private:
  Params params_;
  double assumed_;
  double expected_ = 0, lost_ = 0;  // exponentially aged sums
  Timestamp last_{};
  mutable std::array<std::uint8_t, 256> cached_{};  // 0: not computed for the present `assumed_`
};

}  // namespace lumen
