// Shared by tests: tones, and how much of a tone a signal holds.
#pragma once

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numbers>
#include <span>
#include <string>
#include <vector>

#include "media/audio.hpp"

namespace lumen::audio {

// Frequencies that no layout's channels share: 400, 700, 1000 … Hz. The low-frequency channel (3) gets 60.
inline double tone_hz(std::size_t channel) {
  return channel == 3 ? 60.0 : 400.0 + 300.0 * static_cast<double>(channel);
}

// Channel i sounds at tone_hz(lowest + i), with amplitude 0.5; frames `begin` on of that signal.
inline std::vector<float> tones(std::size_t channels, std::size_t begin, std::size_t frames,
                                std::size_t lowest = 0) {
  std::vector<float> samples;
  for (std::size_t frame = begin; frame < begin + frames; ++frame) {
    for (std::size_t channel = 0; channel < channels; ++channel) {
      const double turns = tone_hz(lowest + channel) * static_cast<double>(frame) / kSampleRateHz;
      samples.push_back(static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * turns)));
    }
  }
  return samples;
}

// A file of those tones, 32-bit float, with the usual speakers, for players.
inline void write_wav(const std::string& path, std::uint32_t channels, std::size_t seconds,
                      std::size_t lowest = 0) {
  const auto samples = tones(channels, 0, seconds * kSampleRateHz, lowest);
  const auto bytes = static_cast<std::uint32_t>(samples.size() * sizeof(float));
  std::ofstream out{path, std::ios::binary};
  const auto put = [&out](std::uint32_t value, int size) {
    for (int i = 0; i < size; ++i) out.put(static_cast<char>(value >> 8 * i));
  };
  out << "RIFF";
  put(60 + bytes, 4);
  out << "WAVEfmt ";
  put(40, 4);
  put(0xFFFE, 2);  // extensible
  put(channels, 2);
  put(kSampleRateHz, 4);
  put(kSampleRateHz * channels * 4, 4);
  put(channels * 4, 2);
  put(32, 2);
  put(22, 2);
  put(32, 2);
  put(channels == 8 ? 0x63F : channels == 6 ? 0x3F : 3, 4);
  for (const auto byte : {3, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71}) {
    put(static_cast<std::uint32_t>(byte), 1);  // "floats"
  }
  out << "data";
  put(bytes, 4);
  out.write(reinterpret_cast<const char*>(samples.data()), bytes);
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

// The same of sound that may be played a little faster or slower at times: the median of what stretches of 50
// ms hold.
inline double usual_amplitude_at(std::span<const float> interleaved, std::size_t channels,
                                 std::size_t channel, double hz) {
  constexpr std::size_t kFrames = kSampleRateHz / 20;
  std::vector<double> amplitudes;
  for (std::size_t at = 0; at + kFrames * channels <= interleaved.size(); at += kFrames * channels) {
    amplitudes.push_back(amplitude_at(interleaved.subspan(at, kFrames * channels), channels, channel, hz));
  }
  if (amplitudes.empty()) return 0;
  const auto middle = amplitudes.begin() + static_cast<std::ptrdiff_t>(amplitudes.size() / 2);
  std::ranges::nth_element(amplitudes, middle);
  return *middle;
}

}  // namespace lumen::audio
