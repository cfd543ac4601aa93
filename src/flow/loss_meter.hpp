// lumen/flow: how many datagrams of a numbered sequence did not come, per reporting interval.
// A number counts as missing once kReorder newer ones have come, and stays so if it comes later still: what
// is that late is of no use to the frame it belongs to. Owner: one thread. Never allocates.
#pragma once

#include <algorithm>
#include <bitset>
#include <cstdint>
#include <utility>

#include "flow/parity_control.hpp"

namespace lumen {

class LossMeter {
 public:
  // The link was gone: what is missing before `number` says nothing of the losses of a link.
  void skip_outage(std::uint64_t number) {
    if (!started_ || number < highest_ + kOutage) return;
    const auto report = report_;
    *this = LossMeter{};
    report_ = report;
  }
  void received(std::uint64_t number) {
    if (!started_) {
      started_ = true;
      settled_ = highest_ = number;
      seen_.set(slot(number));
      return;
    }
    if (number + kReorder < highest_ || number < settled_) return;
    for (; highest_ < number; ++highest_) {
      if (number - highest_ > kReorder * 2) skip_to(number - kReorder);
      seen_.reset(slot(highest_ + 1));
      settle_until(highest_ + 1 >= kReorder ? highest_ + 1 - kReorder : 0);
    }
    seen_.set(slot(number));
  }

  // What was settled since the last call.
  LossReport take() { return std::exchange(report_, LossReport{}); }

 private:
  static constexpr std::uint64_t kReorder = 64, kOutage = 32;
  static std::size_t slot(std::uint64_t number) { return number % (2 * kReorder); }

  void settle_until(std::uint64_t end) {
    for (; settled_ < end; ++settled_) {
      ++report_.expected;
      if (seen_.test(slot(settled_))) {
        burst_ = 0;
        continue;
      }
      ++report_.lost;
      if (burst_ == 0) ++report_.runs;
      report_.longest_burst = std::max(report_.longest_burst, ++burst_);
    }
  }

  // A gap far beyond the window: account for it at once instead of walking it.
  void skip_to(std::uint64_t number) {
    settle_until(highest_ + 1);
    const auto missing =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(number - settled_, UINT32_MAX / 2));
    report_.expected += missing;
    report_.lost += missing;
    if (burst_ == 0) ++report_.runs;
    report_.longest_burst = std::max(report_.longest_burst, burst_ + missing);
    settled_ = highest_ = number;
    seen_.reset();
  }

  std::bitset<2 * kReorder> seen_;
  std::uint64_t settled_ = 0;  // everything below is accounted for
  std::uint64_t highest_ = 0;
  bool started_ = false;
  std::uint32_t burst_ = 0;
  LossReport report_;
};

}  // namespace lumen
