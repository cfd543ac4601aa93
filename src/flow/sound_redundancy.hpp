// lumen/flow: how many copies of earlier packets ride along with sound, from the loss that the client
// reports. Pure. Owner: one thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>

#include "base/units.hpp"
#include "flow/parity_control.hpp"

namespace lumen {

// Losses are remembered for a few seconds, or kMostRemembered datagrams if there are more. Before anything
// was reported one datagram in a hundred is taken to be lost, so that sound begins protected. More copies
// come at once, fewer only when they would do for kSafety of the loss, too.
class SoundRedundancy {
 public:
  static constexpr std::size_t kMost = 3;
  static constexpr double kMissing = 1e-5;  // of the packets, in the end, if losses are independent
  static constexpr double kSafety = 1.5, kMostRemembered = 5'000;
  static constexpr Duration kMemory = std::chrono::seconds{5};

  // What the client measured since its last report.
  void report(const LossReport& loss, Timestamp now) {
    const auto elapsed = reported_ == Timestamp{} ? Duration::zero() : std::max(now - reported_, Duration{});
    reported_ = now;
    forget(std::exp(-std::chrono::duration<double>(elapsed) / kMemory));
    expected_ += loss.expected;
    lost_ += std::min(loss.lost, loss.expected);
    if (expected_ > kMostRemembered) forget(kMostRemembered / expected_);
    const auto needed = copies_for(this->loss());
    copies_ = std::max(needed, std::min(copies_, copies_for(kSafety * this->loss())));
  }
  double loss() const { return std::min(lost_ / std::max(expected_, 1.0), 1.0); }
  std::size_t copies() const { return copies_; }

 private:
  static std::size_t copies_for(double loss) {
    std::size_t copies = 0;
    for (auto missing = loss; missing > kMissing && copies < kMost; missing *= loss) ++copies;
    return copies;
  }
  void forget(double kept) {
    expected_ *= kept;
    lost_ *= kept;
  }

  double expected_ = 100, lost_ = 1;
  std::size_t copies_ = copies_for(0.01);
  Timestamp reported_{};
};

}  // namespace lumen
