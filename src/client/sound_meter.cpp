#include "client/sound_meter.hpp"

#include <algorithm>
#include <cmath>

namespace lumen::client {
namespace {

constexpr std::uint32_t kWindowSamples = 48'000;  // a second
constexpr float kHysteresis = 0.002F;             // what coding noise does not reach

double to_dbfs(double amplitude) {
  return amplitude <= 0 ? kSilenceDbfs : std::max(kSilenceDbfs, 20 * std::log10(amplitude));
}

}  // namespace

void SoundMeter::add(std::span<const float> samples, std::uint8_t channels) {
  if (channels == 0 || channels > kMaxMeterChannels) return;
  MutexLock lock{mutex_};
  if (facts_.channels != channels) {
    facts_ = {.channels = channels};
    windows_ = {};
    position_ = 0;
  }
  for (; samples.size() >= channels; samples = samples.subspan(channels)) {
    const auto frame = samples.first(channels);
    for (std::size_t i = 0; i < channels; ++i) add_sample(i, frame[i]);
    ++facts_.samples;
    if (std::ranges::all_of(frame, [](float sample) { return sample == 0; })) ++facts_.silent_samples;
    if (++position_ == kWindowSamples) close_window();
  }
}

void SoundMeter::add_sample(std::size_t channel, float sample) {
  auto& window = windows_[channel];
  window.peak = std::max(window.peak, std::abs(sample));
  window.sum_of_squares += static_cast<double>(sample) * sample;
  if (sample < -kHysteresis) window.low = true;
  // The first positive sample after it was low: between it and the one before lies the crossing.
  if (window.low && sample > 0 && window.before <= 0) {
    const double share = sample - window.before > 0 ? sample / (sample - window.before) : 0;
    window.last = position_ - share;
    if (window.crossings++ == 0) window.first = window.last;
    window.low = false;
  }
  window.before = sample;
}

void SoundMeter::close_window() {
  for (std::size_t i = 0; i < facts_.channels; ++i) {
    const auto& window = windows_[i];
    auto& channel = facts_.by_channel[i];
    channel.level_dbfs = to_dbfs(std::sqrt(window.sum_of_squares / kWindowSamples));
    channel.tone_hz = window.crossings < 2 ? 0
                                           : (window.crossings - 1) * static_cast<double>(kWindowSamples) /
                                                 (window.last - window.first);
    windows_[i] = {.before = window.before, .peak = window.peak};
  }
  position_ = 0;
}

SoundFacts SoundMeter::snapshot() const {
  MutexLock lock{mutex_};
  auto facts = facts_;
  for (std::size_t i = 0; i < facts.channels; ++i) facts.by_channel[i].peak_dbfs = to_dbfs(windows_[i].peak);
  return facts;
}

}  // namespace lumen::client
