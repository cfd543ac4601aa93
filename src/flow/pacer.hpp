// lumen/flow: when may the next datagrams leave? Token bucket in time. Pure: time in, answer out.
#pragma once

#include <algorithm>

#include "base/units.hpp"

namespace lumen {

class Pacer {
 public:
  // `burst` bytes may leave at once after a pause; beyond that `rate` holds. Zero rate: no pacing.
  Pacer(BitsPerSecond rate, Bytes burst) : rate_{rate}, burst_{burst} {}

  // What is booked already keeps its time, so datagrams stay in order.
  void set_rate(BitsPerSecond rate) { rate_ = rate; }
  void set_burst(Bytes burst) { burst_ = burst; }
  BitsPerSecond rate() const { return rate_; }

  // Books `size` and returns when it may leave; never earlier than `now`, nor than what was booked before.
  // A booking larger than the burst leaves as soon as all before it has been paid for.
  Timestamp book(Timestamp now, Bytes size) {
    const auto cost = transmit_time(size, rate_);
    const auto credit = std::max(transmit_time(burst_, rate_), cost);
    paid_until_ = std::max(paid_until_, now) + cost;
    return last_ = std::max({now, last_, paid_until_ - credit});
  }

 private:
  BitsPerSecond rate_;
  Bytes burst_;
  Timestamp paid_until_{};  // when all that is booked would have gone at exactly `rate`
  Timestamp last_{};
};

}  // namespace lumen
