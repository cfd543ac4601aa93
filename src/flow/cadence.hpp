// lumen/flow: which pictures are encoded, and when. Pure: time in, answers out.
//
// The desktop delivers pictures when it changes; the encoder wants at most one per period. A picture may be
// half a period early and still goes at once: the desktop paces already, and a second pacer at full
// strictness would halve the rate. What it is early counts against the next one, so a desktop that is too
// fast still gets one encode per period. A picture that comes earlier than that waits, the newest winning.
// A still desktop is encoded again `refine_count` times at `refine_interval`, so that a coarse last picture
// converges, then every `keepalive_interval`, so that a client always has something to notice loss by.
#pragma once

#include <algorithm>

#include "base/units.hpp"

namespace lumen {

class Cadence {
 public:
  struct Params {
    Duration period{};
    Duration refine_interval = std::chrono::milliseconds{100};
    int refine_count = 5;
    Duration keepalive_interval = std::chrono::milliseconds{500};
  };
  explicit Cadence(const Params& params) : params_{params} {}

  void set_period(Duration period) {
    params_.period = period;
    slot_ = std::min(slot_, last_ + period);
  }

  // Earliest time at which a fresh picture may be encoded.
  Timestamp earliest() const { return slot_ - params_.period / 2; }
  // When the last picture is to be encoded again, if no fresh one came.
  Timestamp repeat_due() const {
    return last_ + (repeats_ < params_.refine_count ? params_.refine_interval : params_.keepalive_interval);
  }
  void encoded(Timestamp now, bool fresh) {
    slot_ = std::max(slot_, now) + params_.period;
    last_ = now;
    repeats_ = fresh ? 0 : std::min(repeats_ + 1, params_.refine_count);
  }

 private:
  Params params_;
  Timestamp slot_{};  // the next one's, one per period
  Timestamp last_{};
  int repeats_ = 0;
};

}  // namespace lumen
