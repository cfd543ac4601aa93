// lumen/gamepad: what may happen so often. Pure. Private to the broker.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/units.hpp"

namespace lumen::gamepad {

class Allowance {
 public:
  // So often a second; what was not used adds up to `most`, which is there at first.
  Allowance(double per_second, double most) : per_second_{per_second}, most_{most}, left_{most} {}

  bool take(Timestamp now) {
    left_ = left_at(now);
    last_ = now;
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }
  bool is_full(Timestamp now) const { return left_at(now) >= most_; }

 private:
  double left_at(Timestamp now) const {
    return std::min(most_, left_ + std::chrono::duration<double>(now - last_).count() * per_second_);
  }

  double per_second_, most_, left_;
  Timestamp last_{};
};

}  // namespace lumen::gamepad
