// lumen/flow: how many copies of earlier packets ride along with sound, from the loss that the client
// reports. Pure. Owner: one thread.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "flow/parity_control.hpp"

namespace lumen {

// Losses are remembered for a few seconds. Before anything was reported one datagram in a hundred is taken to
// be lost, so that sound begins protected.
class SoundRedundancy {
 public:
  static constexpr std::size_t kMost = 3;
  static constexpr double kMissing = 1e-5;  // of the packets, in the end, if losses are independent

  // What the client measured since its last report, every 100 ms.
  void report(const LossReport& loss) {
    expected_ = expected_ * kForget + loss.expected;
    lost_ = lost_ * kForget + std::min(loss.lost, loss.expected);
  }
  double loss() const { return lost_ / std::max(expected_, 1.0); }
  std::size_t copies() const {
    std::size_t copies = 0;
    for (auto missing = loss(); missing > kMissing && copies < kMost; missing *= loss()) ++copies;
    return copies;
  }

 private:
  static constexpr double kForget = 0.98;  // five seconds' worth
  double expected_ = 100, lost_ = 1;
};

}  // namespace lumen
