// lumen/flow: which pictures are encoded, and when. Pure: time in, answers out.
//
// The desktop delivers pictures when it changes; the encoder wants about one per period. The desktop paces
// already, and a second pacer at full strictness would halve the rate, or leave every picture late for ever
// after one that was early. So a picture goes at once when it comes half a period after the one before it and
// is not more than a whole period ahead of an even stream; that lead melts by 1/64 of a period per picture.
// Only a desktop that stays too fast waits, the newest picture winning, and gets 64/63 of its rate at most.
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
    slot_ = std::min(slot_, fresh_ + period);
  }

  // Earliest time at which a fresh picture may be encoded.
  Timestamp earliest() const { return std::max(fresh_ + params_.period / 2, slot_ - params_.period); }
  // When the last picture is to be encoded again, if no fresh one came.
  Timestamp repeat_due() const {
    return last_ + (repeats_ < params_.refine_count ? params_.refine_interval : params_.keepalive_interval);
  }
  void encoded(Timestamp now, bool fresh) {
    last_ = now;
    if (fresh) {
      fresh_ = now;
      slot_ = std::max(slot_, now) + params_.period - params_.period / 64;
    }
    repeats_ = fresh ? 0 : std::min(repeats_ + 1, params_.refine_count);
  }

 private:
  Params params_;
  Timestamp slot_{};   // where the next picture of an even stream would be
  Timestamp last_{};   // last encode
  Timestamp fresh_{};  // last encode of a fresh picture
  int repeats_ = 0;
};

}  // namespace lumen
