// lumen/base: the three ways data may move between threads. Nothing else is allowed.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/mutex.hpp"
#include "base/units.hpp"

namespace lumen {

// One slot, newest wins. For raw frames: a late consumer must get the latest picture,
// never a queue of old ones. Any number of producers, one consumer. Thread-safe.
template <class T>
class Mailbox {
 public:
  // Replaces an unread value; the replaced value is destroyed outside the lock.
  void put(T value) LUMEN_EXCLUDES(mutex_) {
    std::optional<T> replaced;
    {
      MutexLock lock{mutex_};
      replaced = std::exchange(slot_, std::move(value));
      if (replaced) ++overwritten_;
    }
    ready_.notify_one();
  }

  // Blocks until a value arrives or `stop` is requested (then nullopt).
  std::optional<T> take(const std::stop_token& stop) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    if (!wait_filled(stop)) return std::nullopt;
    return std::exchange(slot_, std::nullopt);
  }

  // Like take(), but also gives up at `deadline`: nullopt then too.
  std::optional<T> take_until(const std::stop_token& stop, Timestamp deadline) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    const auto filled = [this]() LUMEN_REQUIRES(mutex_) { return slot_.has_value(); };
    if (!ready_.wait_until(mutex_, stop, deadline, filled)) return std::nullopt;
    return std::exchange(slot_, std::nullopt);
  }

  // Never blocks.
  std::optional<T> try_take() LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    return std::exchange(slot_, std::nullopt);
  }

  std::uint64_t overwritten() const LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    return overwritten_;
  }

 private:
  bool wait_filled(const std::stop_token& stop) LUMEN_REQUIRES(mutex_) {
    return ready_.wait(mutex_, stop, [this]() LUMEN_REQUIRES(mutex_) { return slot_.has_value(); });
  }

  mutable Mutex mutex_;
  std::condition_variable_any ready_;
  std::optional<T> slot_ LUMEN_GUARDED_BY(mutex_);
  std::uint64_t overwritten_ LUMEN_GUARDED_BY(mutex_) = 0;
};

// Bounded single-producer single-consumer ring, wait-free. For encoded slices and input
// events, where order matters and nothing may be overwritten. Full means the producer
// decides (and counts); it never blocks.
template <class T, std::size_t Capacity>
class SpscRing {
  static_assert(Capacity > 0 && (Capacity & (Capacity - 1)) == 0, "power of two");
  static constexpr std::size_t kCacheLine = 64;

 public:
  // Producer thread only. False leaves `value` untouched.
  [[nodiscard]] bool try_push(T& value) {
    const auto head = head_.load(std::memory_order_relaxed);
    if (head - tail_.load(std::memory_order_acquire) == Capacity) return false;
    slots_[head & (Capacity - 1)] = std::move(value);
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  // Consumer thread only.
  std::optional<T> try_pop() {
    const auto tail = tail_.load(std::memory_order_relaxed);
    if (tail == head_.load(std::memory_order_acquire)) return std::nullopt;
    std::optional<T> value{std::move(slots_[tail & (Capacity - 1)])};
    tail_.store(tail + 1, std::memory_order_release);
    return value;
  }

 private:
  alignas(kCacheLine) std::atomic<std::uint64_t> head_{0};
  alignas(kCacheLine) std::atomic<std::uint64_t> tail_{0};
  alignas(kCacheLine) std::array<T, Capacity> slots_{};
};

}  // namespace lumen
