// lumen/net/quic, internal: so many per second, some at once.
#pragma once

#include <algorithm>

#include "base/units.hpp"

namespace lumen::net::quic {

class TokenBucket {
 public:
  TokenBucket(std::int64_t burst, Duration interval) : burst_{burst}, interval_{interval} {}

  bool take(Timestamp now) {
    // The time at which the bucket was, or would have been, empty; it holds what has dripped in since.
    empty_at_ = std::max(empty_at_, now - burst_ * interval_);
    if (now - empty_at_ < interval_) return false;
    empty_at_ += interval_;
    return true;
  }

 private:
  std::int64_t burst_;
  Duration interval_;
  Timestamp empty_at_{Duration::min() / 2};
};

}  // namespace lumen::net::quic
