// lumen/stream/receive: injected loss, for self-tests: drops datagrams at random before anybody sees them.
// Deterministic by seed. Owner: lm-recv.
#pragma once

#include <cstdint>
#include <random>

namespace lumen::stream {

class Impairment {
 public:
  Impairment(double loss_percent, std::uint64_t seed) : probability_{loss_percent / 100.0}, random_{seed} {}

  bool drops() {
    if (probability_ <= 0) return false;
    const bool drop = std::uniform_real_distribution<double>{0.0, 1.0}(random_) < probability_;
    dropped_ += drop ? 1U : 0U;
    return drop;
  }
  std::uint64_t dropped() const { return dropped_; }

 private:
  double probability_;
  std::mt19937_64 random_;
  std::uint64_t dropped_ = 0;
};

}  // namespace lumen::stream
