// lumen/flow: how much parity a frame gets. Parity follows the loss that the client measures, never below
// what a blink of a clean link may do.
//
// A frame gets the least parity for which it is lost with a probability of `target` at most, as if losses
// were independent, and of `burst_target` at most with the bursts in which they come (frame_loss.hpp); within
// a floor and a ceiling. Both, target and ceiling, are humbler for bursts: each further decimal costs some
// bursts' worth of parity, and a small frame has no affordable parity at all (docs/fec.md).
//
// The model of the link is what is known of it, at the bad end of its uncertainty:
// - Reports are summed up and aged with `half_life`; the loss is the upper end of Wilson's interval (two
//   standard deviations) of lost / expected. Where little was sent, the sum is taken for as many clean
//   datagrams as make that `initial_loss`: an idle stream does not forget its way up to 100 %.
// - Losses are taken for independent until more of them follow one another than chance explains (one in a
//   thousand). Then the mean run is the upper end of the interval of lost / runs, and the loss is that of
//   runs / expected times the mean run, for it is runs that are independent of one another. One run so long
//   that runs of this mean do not explain it lengthens the mean. With less than one run left in the aged sum
//   losses are taken for independent again.
// - A run that not even a mean of `max_burst` explains is an outage and not counted: what stays away for that
//   long no parity brings back, and parity after it would be in vain.
// - A report that the present model makes implausible (one in a thousand) replaces the sums: the link has
//   changed.
// - Loss and mean run rise at once. The loss falls with `half_life`, the mean run to its square root in that
//   time; the loss stays between `floor_loss` and `ceiling_loss`.
//
// Owner: one thread. Thread-safe: no.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/units.hpp"
#include "flow/frame_loss.hpp"

namespace lumen {

struct LossReport {
  std::uint32_t expected = 0;       // datagrams that should have come since the last report
  std::uint32_t lost = 0;           // of those, how many did not
  std::uint32_t longest_burst = 0;  // most in a row
  std::uint32_t runs = 0;           // how many times one that came was followed by one that did not

  // Reports of the intervals one after the other.
  void add(const LossReport& later);
};

class ParityControl {
 public:
  struct Params {
    double initial_loss = 0.02, floor_loss = 0.002, ceiling_loss = 0.25;
    double target = 1e-7, burst_target = 1e-5;  // probability that a frame cannot be mended; 1e-12…0.1
    double repeat_target = 1e-5, repeat_burst_target = 0.05;  // where it can still be asked for in time
    Duration half_life = std::chrono::seconds{3};
    double max_burst = 64;  // datagrams; of the mean run
    // Floor: min_shards, and min_percent of the data. Ceiling: max_percent of the data, but a frame may
    // always have small_frame_shards: a few datagrams more, however many percent they are.
    std::size_t min_shards = 1, small_frame_shards = 16;
    double min_percent = 0, max_percent = 50;
  };
  explicit ParityControl(const Params& params);
  ParityControl() : ParityControl(Params{}) {}

  // Whether shards that are missing can come again in time: then a frame that cannot be mended is late, but
  // not lost, and less parity will do.
  void set_repeats(bool possible);
  // Any values: more lost than expected counts as all lost, runs are taken for 1…lost.
  void report(Timestamp now, const LossReport& received);
  double assumed_loss() const { return assumed_.loss; }
  double assumed_burst() const { return assumed_.mean_burst; }  // datagrams lost in a row, on average
  // 1…65535; the caller takes what its code can do. Microseconds at worst, remembered until the next change.
  std::size_t parity_for(std::size_t data_shards) const;

 private:
  struct Cached {
    std::uint64_t version = 0;
    std::size_t data_shards = 0, parity = 0;
  };
  double aging_until(Timestamp now);
  bool is_implausible(double expected, double lost) const;
  double wanted_burst(double longest_burst) const;
  double wanted_loss(double burst) const;
  std::size_t compute(std::size_t data_shards) const;

  Params params_;
  LossModel assumed_;
  bool repeats_ = false;
  double expected_ = 0, lost_ = 0, runs_ = 0;  // aged sums
  std::optional<Timestamp> last_;
  std::uint64_t version_ = 1;  // counts changes of assumed_
  mutable std::array<Cached, 64> cached_{};
};

}  // namespace lumen
