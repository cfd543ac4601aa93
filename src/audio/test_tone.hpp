// Shared by tests: tones, and how much of a tone a signal holds.
#pragma once

#include <cmath>
#include <numbers>
#include <span>
#include <vector>

#include "media/audio.hpp"

namespace lumen::audio {

// Frequencies that no layout's channels share: 400, 700, 1000 … Hz. The low-frequency channel (3) gets 60.
inline double tone_hz(std::size_t channel) {
  return channel == 3 ? 60.0 : 400.0 + 300.0 * static_cast<double>(channel);
}

// Channel i sounds at tone_hz(i), with amplitude 0.5; frames `begin` on of that signal.
inline std::vector<float> tones(std::size_t channels, std::size_t begin, std::size_t frames) {
  std::vector<float> samples;
  for (std::size_t frame = begin; frame < begin + frames; ++frame) {
    for (std::size_t channel = 0; channel < channels; ++channel) {
      const double turns = tone_hz(channel) * static_cast<double>(frame) / kSampleRateHz;
      samples.push_back(static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * turns)));
    }
  }
  return samples;
}

// Amplitude of the part of `channel` that sounds at `hz`: a single bin of a Fourier transform.
inline double amplitude_at(std::span<const float> interleaved, std::size_t channels, std::size_t channel,
                           double hz) {
  double real = 0, imaginary = 0;
  const auto frames = interleaved.size() / channels;
  for (std::size_t frame = 0; frame < frames; ++frame) {
    const double angle = 2 * std::numbers::pi * hz * static_cast<double>(frame) / kSampleRateHz;
    const double sample = interleaved[frame * channels + channel];
    real += sample * std::cos(angle);
    imaginary += sample * std::sin(angle);
  }
  return 2 * std::hypot(real, imaginary) / static_cast<double>(frames);
}

}  // namespace lumen::audio
