// lumen/simulation: random numbers that are the same on every machine, with every compiler and library, which
// the distributions of <random> are not. SplitMix64: a counter, well mixed.
// Owner: one thread. Thread-safe: no.
#pragma once

#include <cstdint>

#include "base/units.hpp"

namespace lumen::simulation {

// Mixes all 64 bits; also the step of a digest.
constexpr std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) : state_{seed} {}
  // Numbers that have nothing to do with those of another `stream`, or with those of `seed` itself.
  constexpr Random(std::uint64_t seed, std::uint64_t stream) : state_{mix(mix(seed) + stream * kStep + 1)} {}

  constexpr std::uint64_t next() { return mix(state_ += kStep); }
  constexpr double fraction() { return static_cast<double>(next() >> 11U) * 0x1p-53; }  // 0…1, without 1
  constexpr bool chance(double probability) { return fraction() < probability; }
  constexpr Duration up_to(Duration most) {
    return Duration{static_cast<Duration::rep>(static_cast<double>(most.count()) * fraction())};
  }

 private:
  static constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15U;
  std::uint64_t state_;
};

}  // namespace lumen::simulation
