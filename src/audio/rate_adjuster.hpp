// lumen/audio: sound a little faster or slower, for clocks that differ. Interpolates with a windowed sinc of
// 16 samples: at rates this near to 1 nothing below 20 kHz changes that can be heard.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "media/audio.hpp"

namespace lumen::audio {

// Owner: one thread. Allocates in the constructor only.
class RateAdjuster {
 public:
  static constexpr double kMostRate = 0.01;         // away from 1; more is taken as this
  static constexpr std::size_t kMostFrames = 1920;  // of one call; what is beyond is left out
  static constexpr std::size_t kDelayFrames = 8;    // that sound is held back by

  explicit RateAdjuster(std::uint8_t channels);

  // Whole frames, interleaved, in; about frames / rate of them out, valid until the next call. At rate 1 from
  // the beginning, what goes in comes out.
  std::span<const float> adjust(std::span<const float> interleaved, double rate);

 private:
  static constexpr std::size_t kTaps = 16;
  void write_frame(double position, float* out) const;

  std::size_t channels_;
  std::vector<float> in_;  // the last kTaps frames of the call before, then this one's
  std::vector<float> out_;
  double position_ = 0;  // of the next frame out, in frames of in_
};

}  // namespace lumen::audio
