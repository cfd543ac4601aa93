// lumen/client: what can be said of sound without ears: how loud each channel is, and which tone it carries.
// A tone's pitch is that of its rising zero crossings, so it is exact for one sine a channel and nonsense for
// music. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/mutex.hpp"
#include "base/units.hpp"

namespace lumen::client {

inline constexpr std::size_t kMaxMeterChannels = 8;
inline constexpr double kSilenceDbfs = -120;

struct ChannelFacts {
  double level_dbfs = kSilenceDbfs;  // root mean square of the last whole second; a full-scale sine is −3
  double peak_dbfs = kSilenceDbfs;   // since the beginning
  double tone_hz = 0;                // of the last whole second; 0: none
};

struct SoundFacts {
  std::uint8_t channels = 0;
  std::uint64_t samples = 0;         // of each channel
  std::uint64_t silent_samples = 0;  // of these, exactly zero on all channels
  std::array<ChannelFacts, kMaxMeterChannels> by_channel{};
};

class SoundMeter {
 public:
  // `samples` are interleaved, −1…1, a whole number for each of 1 to kMaxMeterChannels channels. Another
  // number of channels than before begins anew. Never allocates.
  void add(std::span<const float> samples, std::uint8_t channels) LUMEN_EXCLUDES(mutex_);
  SoundFacts snapshot() const LUMEN_EXCLUDES(mutex_);

 private:
  struct Window {  // one channel's current second
    double sum_of_squares = 0;
    bool low = true;   // went below the hysteresis since the last crossing
    float before = 0;  // the sample before
    float peak = 0;    // since the beginning of all
    std::uint32_t crossings = 0;
    double first = 0, last = 0;  // of these, in samples since the beginning of the window
  };
  void add_sample(std::size_t channel, float sample) LUMEN_REQUIRES(mutex_);
  void close_window() LUMEN_REQUIRES(mutex_);

  mutable Mutex mutex_;
  SoundFacts facts_ LUMEN_GUARDED_BY(mutex_);
  std::array<Window, kMaxMeterChannels> windows_ LUMEN_GUARDED_BY(mutex_){};
  std::uint32_t position_ LUMEN_GUARDED_BY(mutex_) = 0;  // within the window
};

}  // namespace lumen::client
