// lumen/flow: when may the next datagrams leave? Token bucket in time. Pure: time in, answer out.
#pragma once

#include <algorithm>

#include "base/units.hpp"

namespace lumen {

class Pacer {
 public:
  // `burst` bytes may leave at once after a pause; beyond that `rate` holds. Zero rate: no pacing.
  Pacer(BitsPerSecond rate, Bytes burst) : rate_{rate}, burst_{burst} {}

  void set_rate(BitsPerSecond rate) { rate_ = rate; }

  // Books `size` and returns when it may leave; never earlier than `now`.
  Timestamp book(Timestamp now, Bytes size) {
    const auto credit = transmit_time(burst_, rate_);
    next_ = std::max(next_, now - credit);
    next_ += transmit_time(size, rate_);
    return std::max(now, next_ - credit);
  }

 private:
  BitsPerSecond rate_;
  Bytes burst_;
  Timestamp next_{};
};

}  // namespace lumen
