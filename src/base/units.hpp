// lumen/base: types that carry their unit. No bare integer crosses a module edge
// when it means time, size, rate or identity.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace lumen {

using Clock = std::chrono::steady_clock;
using Timestamp = std::chrono::time_point<Clock, std::chrono::nanoseconds>;
using Duration = std::chrono::nanoseconds;
using RtpTicks = std::chrono::duration<std::uint32_t, std::ratio<1, 90'000>>;  // video RTP clock

template <class Tag, class Rep>
struct Quantity {
  Rep value{};
  constexpr auto operator<=>(const Quantity&) const = default;
  constexpr Quantity operator+(Quantity other) const { return {static_cast<Rep>(value + other.value)}; }
  constexpr Quantity operator-(Quantity other) const { return {static_cast<Rep>(value - other.value)}; }
};

using Bytes = Quantity<struct BytesTag, std::uint64_t>;
using BitsPerSecond = Quantity<struct BitsPerSecondTag, std::uint64_t>;
using FrameId = Quantity<struct FrameIdTag, std::uint64_t>;  // counts encoded frames, never wraps

// Time `size` occupies the wire at `rate`; zero rate means "do not pace".
constexpr Duration transmit_time(Bytes size, BitsPerSecond rate) {
  if (rate.value == 0) return Duration::zero();
  return Duration{static_cast<Duration::rep>(size.value * 8'000'000'000U / rate.value)};
}

constexpr double to_ms(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}
constexpr std::int64_t to_ns(Timestamp time) { return time.time_since_epoch().count(); }
constexpr Timestamp from_ns(std::int64_t ns) { return Timestamp{Duration{ns}}; }

// Time is an input, not a global: production passes SteadyTime, tests pass ManualTime.
class TimeSource {
 public:
  virtual ~TimeSource() = default;
  virtual Timestamp now() const noexcept = 0;
};

// Reads CLOCK_MONOTONIC, which every process of one machine shares.
class SteadyTime final : public TimeSource {
 public:
  Timestamp now() const noexcept override {
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(Clock::now());
  }
};

class ManualTime final : public TimeSource {
 public:
  Timestamp now() const noexcept override { return now_; }
  void advance(Duration by) { now_ += by; }

 private:
  Timestamp now_{};
};

}  // namespace lumen
