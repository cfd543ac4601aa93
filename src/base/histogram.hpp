// lumen/base: latency distribution with bounded memory and at most 1.6 % error per value.
// Log-linear buckets: 64 sub-buckets per power of two, from 1 ns to about 18 minutes.
// Owner: one thread. Thread-safe: no. Never allocates after construction.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "base/units.hpp"

namespace lumen {

class LatencyHistogram {
 public:
  LatencyHistogram() : buckets_(kBuckets, 0) {}

  // Negative values count as zero, values beyond the range as the largest bucket.
  void add(Duration value) {
    const auto ns = static_cast<std::uint64_t>(std::max<Duration::rep>(value.count(), 0));
    ++buckets_[std::min(bucket_of(ns), kBuckets - 1)];
    ++count_;
    max_ = std::max(max_, value);
  }

  std::uint64_t count() const { return count_; }
  Duration max() const { return max_; }

  // `fraction` in 0…1; zero when empty. p50 is quantile(0.5).
  Duration quantile(double fraction) const {
    if (count_ == 0) return Duration::zero();
    auto rank = static_cast<std::uint64_t>(fraction * static_cast<double>(count_ - 1)) + 1;
    for (std::size_t i = 0; i < kBuckets; ++i) {
      if (buckets_[i] >= rank) return std::min(Duration{static_cast<Duration::rep>(upper_of(i))}, max_);
      rank -= buckets_[i];
    }
    return max_;
  }

 private:
  static constexpr std::size_t kSub = 64;
  static constexpr std::size_t kBuckets = kSub * 36;

  static std::size_t bucket_of(std::uint64_t ns) {
    if (ns < kSub) return ns;
    const auto shift = static_cast<std::size_t>(std::bit_width(ns)) - 7;
    return kSub * (shift + 1) + ((ns >> shift) - kSub);
  }
  static std::uint64_t upper_of(std::size_t bucket) {
    if (bucket < kSub) return bucket;
    const auto shift = bucket / kSub - 1;
    return ((kSub + bucket % kSub + 1) << shift) - 1;
  }

  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  Duration max_{};
};

}  // namespace lumen
