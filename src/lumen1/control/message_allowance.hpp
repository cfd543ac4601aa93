// lumen1/control: how many messages a peer may send: `burst` at once, `per_second` for long. Pure.
#pragma once

#include <algorithm>

#include "base/units.hpp"

namespace lumen::lumen1::control {

class MessageAllowance {
 public:
  explicit MessageAllowance(Timestamp now, double per_second = 100, double burst = 200)
      : per_second_{per_second}, burst_{burst}, left_{burst}, last_{now} {}

  // False: it was one too many.
  bool spend(Timestamp now) {
    const auto passed = std::chrono::duration<double>(std::max(now, last_) - last_).count();
    last_ = std::max(now, last_);
    left_ = std::min(burst_, left_ + passed * per_second_);
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  double per_second_, burst_, left_;
  Timestamp last_;
};

}  // namespace lumen::lumen1::control
