// lumen/flow: how long datagrams wait in queues on their way. What the sender's clock said and what the
// receiver's says differ by an unknown offset and the time of flight; the least such difference of the last
// kMemory…2·kMemory stands for an empty queue, and everything above it is queueing. So the clocks may
// drift, and a way that has become longer is the new normal after that time. Owner: one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/units.hpp"

namespace lumen {

// Of the datagrams of an interval, above the base.
struct QueueDelay {
  Duration last{}, least{}, most{};
  bool operator==(const QueueDelay&) const = default;
};

class DelayMeter {
 public:
  static constexpr Duration kMemory = std::chrono::seconds{10};

  // `sent_us`: low 32 bits of a steady clock in microseconds. Any values.
  void received(std::uint32_t sent_us, Timestamp now) {
    const auto clock_us = static_cast<std::uint32_t>(to_ns(now) / 1000);
    if (!first_) first_ = clock_us - sent_us;
    const auto difference = static_cast<std::int32_t>(clock_us - sent_us - *first_);
    const Duration delay = std::chrono::microseconds{difference};
    remember(delay, now);
    const auto queue = delay - std::min(base_, older_base_);
    if (!seen_) seen_ = QueueDelay{queue, queue, queue};
    seen_->last = queue;
    seen_->least = std::min(seen_->least, queue);
    seen_->most = std::max(seen_->most, queue);
  }
  // Of what came since the last call; nullopt: nothing.
  std::optional<QueueDelay> take() { return std::exchange(seen_, std::nullopt); }

 private:
  void remember(Duration delay, Timestamp now) {
    if (now >= next_window_) {
      older_base_ = next_window_ == Timestamp{} ? Duration::max() : base_;
      base_ = delay;
      next_window_ = now + kMemory;
    }
    base_ = std::min(base_, delay);
  }

  std::optional<std::uint32_t> first_;
  Duration base_ = Duration::max(), older_base_ = Duration::max();
  Timestamp next_window_{};
  std::optional<QueueDelay> seen_;
};

}  // namespace lumen
